//! More connections than a listener has places for.

use std::thread;
use std::time::{Duration, Instant};

use keyledger_tests::Wire;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::target::{Listener, Target};

/// More than a listener keeps, which is 1,024.
const CROWD: usize = 1100;

/// How long an operator waits at most, whatever else goes on.
const AT_MOST: Duration = Duration::from_secs(1);

/// As many sockets as the crowd needs; a process is allowed 1,024 on most systems, until it asks for more.
fn allow_a_crowd() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).expect("a soft limit can be raised");
}

/// Connections that send `bytes`, and read an answer if there is one to come; all of that has reached the listener.
fn crowd(listener: &Listener, bytes: &[u8], answered: bool) -> Vec<Wire> {
    let come = |_| {
        let mut wire = Wire::connect(&listener.address);
        wire.send(bytes);
        if answered {
            wire.answer();
        }
        wire
    };
    let crowd = (0..CROWD).map(come).collect();
    thread::sleep(Duration::from_millis(300));
    crowd
}

#[track_caller]
fn is_served_at_once(target: &Target) {
    let begun = Instant::now();
    let [command, validator, ops] = target.listeners();
    for (listener, key) in [(command, target.registry.operator_key()), (validator, target.key.secret.clone())]
    {
        let asked = format!("GET {} HTTP/1.1\r\nhost: test\r\nx-api-key: {key}\r\n\r\n", listener.route);
        assert_eq!(Wire::exchange(&listener.address, asked).status(), 200, "{}", listener.address);
    }
    let asked = format!("GET {} HTTP/1.1\r\nhost: test\r\n\r\n", ops.route);
    assert_eq!(Wire::exchange(&ops.address, asked).status(), 200, "{}", ops.address);
    assert!(begun.elapsed() <= AT_MOST, "served after {:?}", begun.elapsed());
}

#[test]
fn a_crowd_of_idle_or_silent_connections_keeps_nobody_waiting_and_least_of_all_a_revocation() {
    allow_a_crowd();
    let target = Target::new();
    let listeners = target.listeners();
    for begin in ["GET / HTTP/1.1\r\nhost: test\r\n\r\n", ""] {
        let crowds: Vec<_> =
            listeners.iter().map(|listener| crowd(listener, begin.as_bytes(), !begin.is_empty())).collect();
        is_served_at_once(&target);
        drop(crowds);
    }

    let _idle = crowd(&listeners[0], b"GET / HTTP/1.1\r\nhost: test\r\n\r\n", true);
    let revoke = format!(
        "POST {}/revoke HTTP/1.1\r\nhost: test\r\nx-api-key: {}\r\ncontent-length: 0\r\n\r\n",
        target.key.path(),
        target.registry.operator_key()
    );
    let begun = Instant::now();
    assert_eq!(Wire::exchange(&listeners[0].address, revoke).status(), 200);
    assert!(begun.elapsed() <= AT_MOST, "revoked after {:?}", begun.elapsed());
    assert_eq!(target.registry.health(&target.key.secret).status, 403);
}

#[test]
fn a_crowd_that_owes_the_rest_of_a_head_makes_others_hear_503_and_not_nothing() {
    allow_a_crowd();
    let target = Target::new();
    for listener in target.listeners() {
        let half = crowd(&listener, b"GET / HTTP/1.1\r\nhost: t", false);
        let begun = Instant::now();
        let answer = Wire::exchange(&listener.address, "GET / HTTP/1.1\r\nhost: test\r\n\r\n");
        assert_eq!(answer.status(), 503, "{}: {}", listener.address, answer.head);
        assert!(answer.header("retry-after").is_some(), "{}", answer.head);
        assert!(!answer.body.is_empty(), "{}", answer.head);
        assert!(begun.elapsed() <= AT_MOST, "answered after {:?}", begun.elapsed());
        drop(half);
    }
    target.is_unharmed();
}
