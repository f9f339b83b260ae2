use std::{net::SocketAddr, thread};

use keyledger_listener::Limits;

use crate::settings::Endpoint;

/// What a listener is made from.
pub(crate) fn listener(endpoint: Endpoint, workers: usize) -> keyledger_listener::Settings {
    let Endpoint { name, address, tls } = endpoint;
    keyledger_listener::Settings { name, address, tls, workers, limits: Limits::default() }
}

/// The workers of a listener that answers customers.
pub(crate) fn every_core() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The URL of a listener.
pub(crate) fn url(address: SocketAddr, tls: bool) -> String {
    let scheme = if tls { "https" } else { "http" };
    format!("{scheme}://{address}")
}

/// What was printed at a start is for whoever looks; that nobody does is no reason not to run.
pub(crate) fn told(printed: std::io::Result<()>) {
    if let Err(error) = printed {
        tracing::debug!(%error, "nobody reads what is printed at the start");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_whether_it_is_encrypted() {
        let address: SocketAddr = "127.0.0.1:8080".parse().expect("an address");
        assert_eq!(url(address, false), "http://127.0.0.1:8080");
        assert_eq!(url(address, true), "https://127.0.0.1:8080");
    }
}
