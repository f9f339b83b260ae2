use std::net::TcpListener;
use std::time::Duration;

use crate::{random_bytes, within};

/// How long a free port is looked for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A free port below those that the system gives to outgoing connections, so that none of these takes it meanwhile.
///
/// # Panics
/// Where there is none.
#[must_use]
#[track_caller]
pub fn free_port() -> u16 {
    let free = || {
        let port = 10_000 + u16::from_le_bytes(random_bytes()) % 20_000;
        TcpListener::bind(("127.0.0.1", port)).ok().map(|_| port)
    };
    within(PATIENCE, free).expect("one of 20,000 ports is free")
}
