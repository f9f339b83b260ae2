//! Where a PostgreSQL database is, by which rules it is entered, how it is waited for, and how tables are made there.
//!
//! The log, the read models and the portal's people each have such a database, and adapters do not reach one another: what
//! they must not do differently (no password in a URL, a certificate from whoever is elsewhere, one maker of tables at a
//! time) stands here.

mod tables;
mod waiting;

use std::{fmt, net::IpAddr, str::FromStr};

use sqlx::{
    ConnectOptions as _,
    postgres::{PgConnectOptions, PgSslMode},
};
use url::Url;

pub use tables::Tables;
pub use waiting::Waiting;

/// What a URL may say behind its `?`.
const PARAMETERS: [&str; 5] = ["host", "sslmode", "sslrootcert", "sslcert", "sslkey"];

/// Where a database is, and how it is entered: `postgres://user@host:5432/database`, with what `libpq` calls `sslmode`,
/// `sslrootcert`, `sslcert` and `sslkey` behind a `?`, or the directory of a socket as `host`. It holds no password: that
/// is taken from where every client of PostgreSQL takes it, the file that `PGPASSFILE` names. A server on another machine
/// must show a certificate for its name, unless an `sslmode` is written.
#[derive(Clone)]
pub struct DatabaseUrl(PgConnectOptions);

/// Why a text is no such URL. It may hold a password, so it is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDatabaseUrl {
    /// It is something else.
    #[error("is not a URL of a PostgreSQL database")]
    NotOne,
    /// URLs are shown, logged and kept where passwords must not be.
    #[error("holds a password: leave it out, and put it into the file that PGPASSFILE names")]
    Password,
    /// A misspelt `sslmode` must not pass for none.
    #[error(
        "holds a parameter that is unknown: host, sslmode, sslrootcert, sslcert and sslkey may stand behind the ?"
    )]
    Parameter,
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        let url: Url = text.parse().map_err(|_| InvalidDatabaseUrl::NotOne)?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(InvalidDatabaseUrl::NotOne);
        }
        let says = |parameter: &str| url.query_pairs().any(|(name, _)| name == parameter);
        if url.password().is_some() || says("password") {
            return Err(InvalidDatabaseUrl::Password);
        }
        if url.query_pairs().any(|(name, _)| !PARAMETERS.contains(&name.as_ref())) {
            return Err(InvalidDatabaseUrl::Parameter);
        }
        let mut options = PgConnectOptions::from_url(&url).map_err(|_| InvalidDatabaseUrl::NotOne)?;
        if !says("sslmode") && !is_here(&options) {
            options = options.ssl_mode(PgSslMode::VerifyFull);
        }
        // Statements hold what must not be logged: private parts are among their parameters' neighbours.
        let quiet = options.disable_statement_logging();
        Ok(Self(quiet.application_name("keyledger")))
    }
}

/// Whether nobody else is on the way to this server.
fn is_here(options: &PgConnectOptions) -> bool {
    let host = options.get_host().trim_start_matches('[').trim_end_matches(']');
    let is_loopback = || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    options.get_socket().is_some() || host == "localhost" || is_loopback()
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(options) = self;
        write!(f, "postgres://{}", options.get_host())?;
        if options.get_port() != 5432 {
            write!(f, ":{}", options.get_port())?;
        }
        write!(f, "/{}", options.get_database().unwrap_or(options.get_username()))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl DatabaseUrl {
    /// By what a connection is made.
    #[must_use]
    pub fn options(&self) -> PgConnectOptions {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> PgSslMode {
        url.parse::<DatabaseUrl>().expect(url).0.get_ssl_mode()
    }

    #[test]
    fn a_server_elsewhere_must_show_its_certificate_unless_the_url_says_otherwise() {
        for elsewhere in ["postgres://db.example.com/keys", "postgresql://u@10.0.0.1:5433/keys"] {
            assert!(matches!(mode(elsewhere), PgSslMode::VerifyFull), "{elsewhere}");
        }
        for here in [
            "postgres://localhost/keys",
            "postgres://127.0.0.1/keys",
            "postgres://[::1]/keys",
            "postgres:///keys?host=/run/postgresql",
        ] {
            assert!(matches!(mode(here), PgSslMode::Prefer), "{here}");
        }
        assert!(matches!(mode("postgres://db.example.com/keys?sslmode=disable"), PgSslMode::Disable));
    }

    #[test]
    fn what_a_url_must_not_hold_is_refused_and_not_repeated() {
        let refused = [
            ("", InvalidDatabaseUrl::NotOne),
            ("mysql://ada@db/keys", InvalidDatabaseUrl::NotOne),
            ("postgres://ada@db:port/keys", InvalidDatabaseUrl::NotOne),
            ("postgres://ada@db/keys?sslmode=hunter2", InvalidDatabaseUrl::NotOne),
            ("postgres://ada:hunter2@db/keys", InvalidDatabaseUrl::Password),
            ("postgres://ada@db/keys?password=hunter2", InvalidDatabaseUrl::Password),
            ("postgres://ada@db/keys?sslmod=hunter2", InvalidDatabaseUrl::Parameter),
        ];
        for (text, why) in refused {
            let refusal = text.parse::<DatabaseUrl>().expect_err(text);
            assert_eq!(refusal, why, "{text}");
            assert!(!refusal.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn a_url_shows_where_the_database_is() {
        let url: DatabaseUrl =
            "postgres://ada@db.example.com:5433/keys?sslmode=require".parse().expect("a URL");
        assert_eq!(
            format!("{url} {url:?}"),
            "postgres://db.example.com:5433/keys postgres://db.example.com:5433/keys"
        );
    }
}
