use actix_web::{HttpRequest, http::header};

use super::answer::Turned;
use crate::{Portal, Reached};

/// Refuses to take a password or a code over a connection that others can read. This listener has a certificate, or the proxy
/// before it says that the browser came to it by https, or there is no proxy and the browser is on the own machine.
pub(crate) fn must_be_safe(portal: &Portal, http: &HttpRequest) -> Result<(), Turned> {
    let directly = portal.reached == Reached::Directly
        && forwarded(http).is_empty()
        && is_own_machine(text(http, header::HOST.as_str()));
    if directly || is_encrypted(portal, http) { Ok(()) } else { Err(Turned::Unsafe) }
}

/// Whether a browser came by https.
pub(crate) fn is_encrypted(portal: &Portal, http: &HttpRequest) -> bool {
    match portal.reached {
        Reached::OverTls => true,
        Reached::ThroughProxy => forwarded(http) == "https",
        Reached::Directly => false,
    }
}

fn forwarded(http: &HttpRequest) -> &str {
    text(http, "X-Forwarded-Proto")
}

fn text<'a>(http: &'a HttpRequest, name: &str) -> &'a str {
    http.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Whether a host, with or without a port, is the machine that the browser runs on.
fn is_own_machine(host: &str) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    name == "localhost"
        || name == "[::1]"
        || name.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_machine_is_known_by_its_names() {
        for own in ["localhost", "localhost:8080", "127.0.0.1:8080", "127.1.2.3", "[::1]:8080", "[::1]"] {
            assert!(is_own_machine(own), "{own}");
        }
        for other in
            ["", "example.com", "localhost.example.com", "127.0.0.1.example.com:80", "10.0.0.1:8080", "[::2]"]
        {
            assert!(!is_own_machine(other), "{other}");
        }
    }
}
