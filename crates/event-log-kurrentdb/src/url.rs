use std::{fmt, str::FromStr, sync::Arc};

use eventstore::{ClientSettings, Credentials};
use percent_encoding::percent_decode_str;

/// What a URL may begin with.
const SCHEMES: [&str; 4] = ["esdb", "esdb+discover", "kurrentdb", "kurrentdb+discover"];

/// What a URL may say behind its `?`, in lower case: the vendor's own parser takes any case, and no notice of any other.
const PARAMETERS: [&str; 10] = [
    "tls",
    "tlsverifycert",
    "tlscafile",
    "usercertfile",
    "userkeyfile",
    "maxdiscoverattempts",
    "discoveryinterval",
    "gossiptimeout",
    "keepaliveinterval",
    "keepalivetimeout",
];

/// What is said for a URL that does not. The vendor's client waits this long before its first connection, too, and gives
/// up after so many; a node is waited for here, and not there.
const OTHERWISE: [(&str, &str); 2] = [("discoveryInterval", "100"), ("maxDiscoverAttempts", "3")];

/// Where a database is, and who enters it: `kurrentdb://user@node1:2113,node2:2113,node3:2113`, or
/// `kurrentdb+discover://user@cluster.example.com`, with the vendor's parameters of TLS, discovery and keeping alive behind
/// a `?`. It holds no password: [`DatabaseUrl::with_password`] gives it. A server must show a certificate for its name,
/// unless `tls=false` or `tlsVerifyCert=false` is written.
#[derive(Clone)]
pub struct DatabaseUrl {
    /// Without the user.
    shown: Arc<str>,
    settings: ClientSettings,
    user: Option<Arc<str>>,
    password: Option<Arc<str>>,
}

/// Why a text is no such URL. It may hold a password, so it is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDatabaseUrl {
    /// It is something else.
    #[error("is not a URL of a KurrentDB database")]
    NotOne,
    /// URLs are shown, logged and kept where passwords must not be.
    #[error("holds a password: leave it out, and give it apart")]
    Password,
    /// A misspelt `tls` must not pass for none.
    #[error(
        "holds a parameter that is unknown: tls, tlsVerifyCert, tlsCaFile, userCertFile, userKeyFile, maxDiscoverAttempts, \
         discoveryInterval, gossipTimeout, keepAliveInterval and keepAliveTimeout may stand behind the ?"
    )]
    Parameter,
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        // By hand: a URL has one host, and a cluster several.
        let (scheme, rest) = text.split_once("://").ok_or(InvalidDatabaseUrl::NotOne)?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (user, hosts) = place.rsplit_once('@').map_or((None, place), |(user, hosts)| (Some(user), hosts));
        if user.is_some_and(|user| user.contains(':')) {
            return Err(InvalidDatabaseUrl::Password);
        }
        let hosts = hosts.trim_end_matches('/');
        if !SCHEMES.contains(&scheme) || !hosts.split(',').all(is_host) || query.contains('#') {
            return Err(InvalidDatabaseUrl::NotOne);
        }
        let parameters: Vec<_> = query.split('&').filter(|parameter| !parameter.is_empty()).collect();
        let name = |parameter: &&str| parameter.split('=').next().unwrap_or_default().to_lowercase();
        if !parameters.iter().map(name).all(|name| PARAMETERS.contains(&name.as_str())) {
            return Err(InvalidDatabaseUrl::Parameter);
        }
        let otherwise = OTHERWISE
            .iter()
            .filter(|(other, _)| !parameters.iter().map(name).any(|name| name == other.to_lowercase()));
        let otherwise: Vec<_> = otherwise.map(|(name, value)| format!("{name}={value}")).collect();
        let parameters: Vec<_> = parameters.into_iter().chain(otherwise.iter().map(String::as_str)).collect();
        let shown = format!("{scheme}://{hosts}");
        let written = format!("{shown}?{}&connectionName=keyledger", parameters.join("&"));
        let settings: ClientSettings = written.parse().map_err(|_| InvalidDatabaseUrl::NotOne)?;
        let user = user.map(|user| percent_decode_str(user).decode_utf8().map(|user| Arc::from(&*user)));
        let user = user.transpose().map_err(|_| InvalidDatabaseUrl::NotOne)?;
        Ok(Self { shown: shown.into(), settings, user, password: None })
    }
}

/// Whether this is a name or an address, perhaps with a port: the vendor's client panics at some that are not.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (text, "2113"),
    };
    let is_name = |host: &str| host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    let is_address = |host: &str| {
        let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        address.is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok())
    };
    !host.is_empty() && (is_name(host) || is_address(host)) && port.parse::<u16>().is_ok()
}

impl DatabaseUrl {
    /// The same place, entered with a password. Without a user in the URL it is nobody's, and not sent.
    #[must_use]
    pub fn with_password(&self, password: &str) -> Self {
        Self { password: Some(password.into()), ..self.clone() }
    }

    /// The user that the URL names.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// What the vendor's client is made with. Who enters is told with each call: the client itself would send a user's
    /// name as it stands in a URL, with its escapes.
    pub(crate) fn settings(&self) -> ClientSettings {
        self.settings.clone()
    }

    pub(crate) fn credentials(&self) -> Option<Credentials> {
        let user = self.user.as_deref()?;
        Some(Credentials::new(user.to_owned(), self.password.as_deref().unwrap_or_default().to_owned()))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_node_several_nodes_and_a_name_to_discover_are_read_with_their_tls() {
        let url = |text: &str| text.parse::<DatabaseUrl>().expect(text).settings;
        let one = url("esdb://db.example.com");
        assert_eq!((one.hosts()[0].host.as_str(), one.hosts()[0].port), ("db.example.com", 2_113));
        assert!(one.is_secure_mode_enabled() && one.is_tls_certificate_verification_enabled());
        let three = url("kurrentdb://ada@a:1,b:2,c:3/?tls=false&keepAliveTimeout=20000");
        let hosts: Vec<_> = three.hosts().iter().map(|host| (host.host.as_str(), host.port)).collect();
        assert_eq!(hosts, [("a", 1), ("b", 2), ("c", 3)]);
        assert!(!three.is_secure_mode_enabled() && !three.is_dns_discovery_enabled());
        assert!(url("kurrentdb+discover://cluster.example.com?tlsCaFile=ca.pem").is_dns_discovery_enabled());
        assert_eq!(url("kurrentdb://[::1]:2113").hosts()[0].host, "[::1]");
    }

    #[test]
    fn what_a_url_must_not_hold_is_refused_and_not_repeated() {
        let refused = [
            ("", InvalidDatabaseUrl::NotOne),
            ("postgres://ada@db", InvalidDatabaseUrl::NotOne),
            ("kurrentdb://", InvalidDatabaseUrl::NotOne),
            ("kurrentdb://db:port", InvalidDatabaseUrl::NotOne),
            ("kurrentdb://a:1,,b:2", InvalidDatabaseUrl::NotOne),
            ("kurrentdb://db/hunter2", InvalidDatabaseUrl::NotOne),
            ("kurrentdb://d b", InvalidDatabaseUrl::NotOne),
            ("kurrentdb://db?tls=hunter2", InvalidDatabaseUrl::NotOne),
            ("kurrentdb://db?userCertFile=hunter2", InvalidDatabaseUrl::NotOne),
            ("kurrentdb://ada:hunter2@db", InvalidDatabaseUrl::Password),
            ("kurrentdb://ada:hunter2@a:1,b:2?tls=false", InvalidDatabaseUrl::Password),
            ("kurrentdb://ada:hunter2@hunter2@db", InvalidDatabaseUrl::Password),
            ("kurrentdb://db?tsl=hunter2", InvalidDatabaseUrl::Parameter),
            ("kurrentdb://db?nodePreference=follower", InvalidDatabaseUrl::Parameter),
            ("kurrentdb://db?defaultDeadline=1", InvalidDatabaseUrl::Parameter),
        ];
        for (text, why) in refused {
            let refusal = text.parse::<DatabaseUrl>().expect_err(text);
            assert_eq!(refusal, why, "{text}");
            assert!(!refusal.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn a_url_shows_where_the_database_is_and_neither_who_enters_it_nor_how() {
        let url: DatabaseUrl = "esdb://ada%40example.com@a:1,b:2?tlsVerifyCert=false".parse().expect("a URL");
        let url = url.with_password("hunter2");
        assert_eq!(format!("{url} {url:?}"), "esdb://a:1,b:2 esdb://a:1,b:2");
        assert_eq!(url.credentials(), Some(Credentials::new("ada@example.com", "hunter2")));
    }
}
