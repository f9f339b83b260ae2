//! What a listener is told.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// One listener.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What logs and the label `listener` of every metric call it.
    pub name: &'static str,
    /// Where to listen; port 0 picks a free one.
    pub address: SocketAddr,
    /// The certificate to show, or none for plain TCP.
    pub tls: Option<TlsFiles>,
    /// Threads that serve requests; at least 1, and never more than `limits.connections`.
    pub workers: usize,
    /// What clients may do.
    pub limits: Limits,
}

/// A certificate chain and its private key, both PEM. The files are looked at every second, and loaded again when they change.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The server's certificate first, then the intermediate ones.
    pub certificate: PathBuf,
    /// The private key of the first certificate: PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
}

/// What a client may do before it is refused or cut off.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the first byte of a request's head, or from the opening of the connection, to the end of the head.
    pub head: Duration,
    /// From the end of a request's head to the end of its body.
    pub body: Duration,
    /// How long a connection may stay open between two requests. Longer than what the gateways in front use, so that it is
    /// they who close a connection, and never while they send on it.
    pub idle: Duration,
    /// How long a client may take no byte of an answer that is waiting for it.
    pub stalled_reader: Duration,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long a stop waits for requests in flight; whole seconds, rounded up.
    pub drain: Duration,
    /// Header fields in a head.
    pub headers: usize,
    /// Bytes in a head.
    pub head_bytes: usize,
    /// Connections at once, shared out evenly among the workers. One more takes the place of the one that has been quiet
    /// longest, between two requests or before its first; if none is quiet, it is answered as an overload and closed.
    pub connections: usize,
    /// Requests that wait for the application's answer at once, shared out evenly among the workers. A streamed body counts
    /// until it starts.
    pub in_flight: usize,
}

impl Default for Limits {
    /// The published limits of every listener of keyledger.
    fn default() -> Self {
        Self {
            head: Duration::from_secs(5),
            body: Duration::from_secs(5),
            idle: Duration::from_secs(75),
            stalled_reader: Duration::from_secs(10),
            handshake: Duration::from_secs(5),
            drain: Duration::from_secs(10),
            headers: 32,
            head_bytes: 16 * 1024,
            connections: 1024,
            in_flight: 512,
        }
    }
}
