//! Clients that begin and do not go on.

use std::thread;
use std::time::{Duration, Instant};

use keyledger_tests::Wire;

use super::target::{CUT_OFF, FAREWELL, Listener, MARK, SLACK, Target, statuses};

/// What a client sends before it falls silent, and the statuses it may be sent off with.
fn beginnings(listener: &Listener, key: &str) -> Vec<(&'static str, Vec<u8>, &'static [u16])> {
    let route = listener.route;
    let whole = format!("GET {route} HTTP/1.1\r\nhost: test\r\nx-api-key: {key}\r\n\r\n");
    let half = format!("GET {route} HTTP/1.1\r\nhost: {MARK}\r\nx-api-k");
    vec![
        ("nothing", Vec::new(), &[]),
        ("a byte", b"G".to_vec(), &[]),
        ("an empty line", b"\r\n".to_vec(), &[]),
        ("half a head", half.clone().into(), &[]),
        ("a head but for its last byte", whole[..whole.len() - 1].into(), &[]),
        ("half a head behind a request", format!("{whole}{half}").into(), &[200, 401]),
        ("half a head behind two requests", format!("{whole}{whole}{half}").into(), &[200, 401]),
    ]
}

/// Bodies that never end, on routes that wait for them.
fn bodies(target: &Target) -> Vec<(String, Vec<u8>)> {
    let all = target.registry.addresses();
    let head = |path: &str| {
        format!("POST {path} HTTP/1.1\r\nhost: test\r\nx-api-key: {}\r\n", target.registry.operator_key())
    };
    let kind = "content-type: application/json\r\n";
    let routes = [(&all.command, head("/v1/partners/acme/keys")), (&all.validator, head("/v1/verify"))];
    let of = |(address, head): (&String, String)| {
        [
            format!("{head}{kind}content-length: 100\r\n\r\n"),
            format!("{head}{kind}content-length: 100\r\n\r\n{{\"name\":\"{MARK}"),
            format!("{head}{kind}transfer-encoding: chunked\r\n\r\n"),
            format!("{head}{kind}transfer-encoding: chunked\r\n\r\n5\r\n{{\"nam"),
            format!("{head}{kind}transfer-encoding: chunked\r\n\r\n1\r\n{{\r\n"),
        ]
        .map(|request| (address.clone(), request.into_bytes()))
    };
    routes.into_iter().flat_map(of).collect()
}

/// Sends it, and again and again some bytes of `drip`; says what came, once it is closed, and after how long.
fn fall_silent(address: &str, bytes: &[u8], drip: Option<&str>, patience: Duration) -> (String, Duration) {
    let mut wire = Wire::connect(address);
    wire.send(bytes);
    let begun = Instant::now();
    let answer = loop {
        let (step, drop) = drip.map_or((patience, ""), |drip| (Duration::from_millis(300), drip));
        if let Some(answer) = wire.rest(step) {
            break answer;
        }
        assert!(begun.elapsed() < patience, "{address}: open after {patience:?}");
        wire.send(drop);
    };
    (String::from_utf8_lossy(&answer).into_owned(), begun.elapsed())
}

#[test]
fn half_a_head_is_cut_off_after_five_seconds_on_fresh_and_used_connections() {
    let target = Target::new();
    let key = target.registry.operator_key();
    thread::scope(|scope| {
        for listener in target.listeners() {
            for (what, bytes, allowed) in beginnings(&listener, &key) {
                for drip in [None, Some("a")] {
                    let address = listener.address.clone();
                    let (bytes, known) = (bytes.clone(), allowed);
                    scope.spawn(move || {
                        // A head that grows ends no sooner and no later; whatever does not begin one is no head.
                        let drip = drip.filter(|_| what.starts_with("half"));
                        let (answer, took) = fall_silent(&address, &bytes, drip, CUT_OFF + SLACK);
                        assert!(took >= CUT_OFF / 2, "{what} at {address} was cut off after {took:?}");
                        let found = statuses(&answer);
                        assert!(
                            found.iter().all(|status| known.contains(status) || [403, 408].contains(status)),
                            "{what} at {address}: {answer}"
                        );
                        assert!(!answer.contains(MARK), "{what} comes back: {answer}");
                    });
                }
            }
        }
    });
    target.is_unharmed();
}

#[test]
fn a_body_that_does_not_come_is_answered_408_and_cut_off() {
    let target = Target::new();
    thread::scope(|scope| {
        for (address, bytes) in bodies(&target) {
            scope.spawn(move || {
                let mut wire = Wire::connect(&address);
                wire.send(&bytes);
                let begun = Instant::now();
                let answer = wire.try_answer(CUT_OFF + SLACK).expect("an answer in time");
                assert_eq!(answer.status(), 408, "{}", answer.head);
                assert!(begun.elapsed() >= CUT_OFF / 2, "cut off after {:?}", begun.elapsed());
                assert!(!answer.without_date().contains(MARK), "{}", answer.head);
                let rest = wire.rest(FAREWELL).expect("the connection is closed");
                assert!(rest.is_empty(), "it says more: {}", String::from_utf8_lossy(&rest));
            });
        }
    });
    target.is_unharmed();
}
