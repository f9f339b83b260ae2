use std::net::TcpListener;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::{random_bytes, within};

/// How long a free port is looked for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The first port to look at, and how many there are from there.
const FIRST: usize = 10_000;
const COUNT: usize = 20_000;

/// The place of the next port to look at. Each process of tests begins somewhere else and counts on from there, so that a
/// port which nobody listens on yet is not given to a second one.
static NEXT: LazyLock<AtomicUsize> =
    LazyLock::new(|| AtomicUsize::new(u16::from_le_bytes(random_bytes()).into()));

/// A free port below those that the system gives to outgoing connections, so that none of these takes it meanwhile.
///
/// # Panics
/// Where there is none.
#[must_use]
#[track_caller]
pub fn free_port() -> u16 {
    let free = || {
        let place = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = u16::try_from(FIRST + place).expect("the last one is below 65,536");
        TcpListener::bind(("127.0.0.1", port)).ok().map(|_| port)
    };
    within(PATIENCE, free).expect("one of 20,000 ports is free")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_port_is_given_twice_before_all_were_given() {
        let ports = (0..1_000).map(|_| free_port());
        assert_eq!(ports.collect::<HashSet<_>>().len(), 1_000);
    }
}
