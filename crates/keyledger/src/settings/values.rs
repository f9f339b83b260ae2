//! The types of values that are settings.

use std::{fmt, str::FromStr};

use keyledger_event_log_kurrentdb::{DatabaseUrl as KurrentUrl, InvalidDatabaseUrl as InvalidKurrentUrl};
use keyledger_event_log_postgres::{DatabaseUrl, InvalidDatabaseUrl};
use keyledger_kafka_relay::Topics;
use keyledger_portal::openid::{ClaimName, InvalidClaimName};
use keyledger_secret::Marker;
use serde::{Deserialize, Deserializer, de};
use tracing_subscriber::EnvFilter;

/// Which store keeps the event log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Store {
    /// One file in the data directory.
    Sqlite,
    /// A PostgreSQL database.
    Postgres,
    /// A KurrentDB or EventStoreDB database.
    Kurrentdb,
}

/// Where the database of an event log is, of whichever kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum LogUrl {
    /// On PostgreSQL.
    Postgres(Box<DatabaseUrl>),
    /// On KurrentDB.
    Kurrentdb(Box<KurrentUrl>),
}

/// Why a text is no such URL. It may hold a password, so it is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidLogUrl {
    #[error(transparent)]
    Postgres(#[from] InvalidDatabaseUrl),
    #[error(transparent)]
    Kurrentdb(#[from] InvalidKurrentUrl),
}

impl FromStr for LogUrl {
    type Err = InvalidLogUrl;
    fn from_str(text: &str) -> Result<Self, InvalidLogUrl> {
        if ["esdb", "kurrentdb"].iter().any(|scheme| text.starts_with(scheme)) {
            return Ok(Self::Kurrentdb(Box::new(text.parse()?)));
        }
        Ok(Self::Postgres(Box::new(text.parse()?)))
    }
}

impl TryFrom<String> for LogUrl {
    type Error = InvalidLogUrl;
    fn try_from(text: String) -> Result<Self, InvalidLogUrl> {
        text.parse()
    }
}

/// Where a PostgreSQL database is.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Database(pub DatabaseUrl);

impl TryFrom<String> for Database {
    type Error = InvalidDatabaseUrl;
    fn try_from(text: String) -> Result<Self, InvalidDatabaseUrl> {
        text.parse().map(Self)
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// Pretty on a terminal, JSON elsewhere.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// What is logged: a level, or directives of `tracing_subscriber::EnvFilter`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct LogLevel(String);

impl LogLevel {
    /// The filter it stands for.
    pub(crate) fn filter(&self) -> EnvFilter {
        EnvFilter::new(&self.0)
    }
}

impl TryFrom<String> for LogLevel {
    type Error = tracing_subscriber::filter::ParseError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        EnvFilter::builder().parse(&text).map(|_| Self(text))
    }
}

/// A URL of a web server.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct HttpUrl {
    url: reqwest::Url,
    given: String,
}

/// The text is not such a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not an http or https URL")]
pub(crate) struct InvalidHttpUrl;

impl HttpUrl {
    /// The URL.
    pub(crate) fn as_url(&self) -> &reqwest::Url {
        &self.url
    }

    /// As it was written: some names are compared letter by letter, and parsing adds a slash.
    pub(crate) fn as_given(&self) -> &str {
        &self.given
    }

    /// Whether it leads to this machine and nowhere else.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.url.host_str().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }

    /// Whether it says where a server is, and nothing else.
    fn is_bare(&self) -> bool {
        let url = &self.url;
        url.path() == "/" && url.query().is_none() && url.fragment().is_none() && !self.has_user()
    }

    fn has_user(&self) -> bool {
        !self.url.username().is_empty() || self.url.password().is_some()
    }
}

impl FromStr for HttpUrl {
    type Err = InvalidHttpUrl;
    fn from_str(text: &str) -> Result<Self, InvalidHttpUrl> {
        let url = reqwest::Url::parse(text).map_err(|_| InvalidHttpUrl)?;
        if matches!(url.scheme(), "http" | "https") && url.has_host() {
            Ok(Self { url, given: text.to_owned() })
        } else {
            Err(InvalidHttpUrl)
        }
    }
}

impl TryFrom<String> for HttpUrl {
    type Error = InvalidHttpUrl;
    fn try_from(text: String) -> Result<Self, InvalidHttpUrl> {
        text.parse()
    }
}

/// Where several servers are.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct HttpUrls(pub Vec<HttpUrl>);

impl TryFrom<String> for HttpUrls {
    type Error = InvalidHttpUrl;
    fn try_from(text: String) -> Result<Self, InvalidHttpUrl> {
        let url = |part: &str| part.trim().parse().ok().filter(HttpUrl::is_bare).ok_or(InvalidHttpUrl);
        text.split(',').map(url).collect::<Result<_, _>>().map(Self)
    }
}

/// Reads a URL that says where a server is, and nothing else: paths are ours, and secrets do not belong into it.
pub(super) fn bare<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HttpUrl, D::Error> {
    let url = HttpUrl::deserialize(deserializer)?;
    if url.is_bare() { Ok(url) } else { Err(de::Error::custom(InvalidHttpUrl)) }
}

/// As [`bare`], where there may be none.
pub(super) fn bare_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<HttpUrl>, D::Error> {
    let url = Option::<HttpUrl>::deserialize(deserializer)?;
    if url.as_ref().is_none_or(HttpUrl::is_bare) { Ok(url) } else { Err(de::Error::custom(InvalidHttpUrl)) }
}

/// What may be shown of it: a user, a password and a query may be secrets.
impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (url, user) = (&self.url, if self.has_user() { "[redacted]@" } else { "" });
        write!(f, "{}://{user}{}", url.scheme(), url.host_str().unwrap_or_default())?;
        url.port().map_or(Ok(()), |port| write!(f, ":{port}"))?;
        f.write_str(if url.path() == "/" { "" } else { url.path() })?;
        f.write_str(if url.query().is_some() { "?[redacted]" } else { "" })
    }
}

impl fmt::Debug for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The middle of every secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct SecretMarker(pub Marker);

impl TryFrom<String> for SecretMarker {
    type Error = keyledger_secret::InvalidMarker;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Marker::parse(&text).map(Self)
    }
}

/// The name of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Claim(pub ClaimName);

impl TryFrom<String> for Claim {
    type Error = InvalidClaimName;
    fn try_from(text: String) -> Result<Self, InvalidClaimName> {
        ClaimName::parse(&text).map(Self)
    }
}

/// A text that says something.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct PlainText(pub String);

/// The text is empty, or holds what nobody means to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is empty, or begins or ends with a blank")]
pub(crate) struct InvalidPlainText;

impl TryFrom<String> for PlainText {
    type Error = InvalidPlainText;
    fn try_from(text: String) -> Result<Self, InvalidPlainText> {
        if text.is_empty() || text.trim() != text { Err(InvalidPlainText) } else { Ok(Self(text)) }
    }
}

/// Where a Kafka cluster is found.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Brokers(String);

/// The text names no brokers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("names no brokers")]
pub(crate) struct InvalidBrokers;

impl Brokers {
    /// Their addresses, with commas between.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Brokers {
    type Error = InvalidBrokers;
    fn try_from(text: String) -> Result<Self, InvalidBrokers> {
        let is_address = |address: &str| {
            let host = match address.trim().rsplit_once(':') {
                Some((host, port)) if port.parse::<u16>().is_ok() => host,
                _ => return false,
            };
            !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_[]:".contains(c))
        };
        if text.split(',').all(is_address) { Ok(Self(text)) } else { Err(InvalidBrokers) }
    }
}

/// How the names of topics begin.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct TopicPrefix(pub Topics);

impl TryFrom<String> for TopicPrefix {
    type Error = keyledger_kafka_relay::InvalidPrefix;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Topics::with_prefix(&text).map(Self)
    }
}

/// A whole number from 1 to 1000, as a number or as its digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "NumberOrDigits")]
pub(crate) struct SmallNumber(pub i32);

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrDigits {
    Number(i64),
    Digits(String),
}

/// The value is no such number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a whole number from 1 to 1000")]
pub(crate) struct InvalidSmallNumber;

impl TryFrom<NumberOrDigits> for SmallNumber {
    type Error = InvalidSmallNumber;
    fn try_from(written: NumberOrDigits) -> Result<Self, InvalidSmallNumber> {
        let number = match written {
            NumberOrDigits::Number(number) => i32::try_from(number).ok(),
            NumberOrDigits::Digits(digits) => digits.parse().ok(),
        };
        number.filter(|number| (1..=1_000).contains(number)).map(Self).ok_or(InvalidSmallNumber)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> HttpUrl {
        text.parse().expect("a URL")
    }

    #[test]
    fn what_may_be_a_secret_in_a_url_is_not_shown() {
        let shown = [
            (
                "http://u:hunter2@otel.example:4318/v1/traces?token=hunter2",
                "http://[redacted]@otel.example:4318/v1/traces?[redacted]",
            ),
            ("https://keys.example.com", "https://keys.example.com"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ];
        for (given, seen) in shown {
            assert_eq!(url(given).to_string(), seen);
            assert_eq!(format!("{:?}", url(given)), seen);
        }
    }

    #[test]
    fn brokers_are_addresses_with_ports() {
        for good in ["kafka:9092", "10.0.0.1:9092,kafka-2.example.com:9093", "[::1]:9092"] {
            assert_eq!(Brokers::try_from(good.to_owned()).map(|it| it.0), Ok(good.to_owned()));
        }
        for bad in ["", "kafka", "kafka:port", "kafka:9092,", ":9092", "http://kafka:9092", "u:p@kafka:9092"]
        {
            assert_eq!(Brokers::try_from(bad.to_owned()), Err(InvalidBrokers), "{bad}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for here in ["http://localhost:1", "http://127.0.0.1", "http://127.9.9.9", "http://[::1]:8080"] {
            assert!(url(here).is_loopback(), "{here}");
        }
        for there in ["http://localhost.example.com", "http://10.0.0.1", "http://0.0.0.0", "http://[::2]"] {
            assert!(!url(there).is_loopback(), "{there}");
        }
    }

    #[test]
    fn only_web_servers_have_urls_here() {
        for bad in ["", "keys.example.com", "localhost:8080", "file:///etc/passwd", "unix:/run/x", "http://"]
        {
            assert_eq!(bad.parse::<HttpUrl>(), Err(InvalidHttpUrl), "{bad}");
        }
    }
}
