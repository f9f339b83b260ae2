//! Bodies that are late, and bodies that nobody wants.

use std::time::Duration;

use keyledger_listener::Limits;
use tokio::time::Instant;

use crate::support::{Client, GET, LIMITS, SLACK, Server, both};

const LENGTH: &str = "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 40\r\n\r\n";
const CHUNKED: &str = "POST /echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n";

/// Deadlines of which the body's is the nearest by far: no other closes a connection in its place.
const PATIENT: Limits = Limits {
    head: Duration::from_secs(8),
    body: Duration::from_millis(300),
    idle: Duration::from_secs(8),
    ..LIMITS
};

/// How long a client has to read the last answer.
const FAREWELL: Duration = Duration::from_secs(1);

fn is_refused_and_closed(client: &mut Client) {
    let refused = client.answer();
    assert_eq!((refused.status, refused.body.as_str()), (408, "too slow"));
    assert!(refused.head.contains("connection: close\r\n"));
    is_closed_promptly(client);
}

/// Asserts that the listener says no more, and soon closes.
fn is_closed_promptly(client: &mut Client) {
    let answered = Instant::now();
    let (rest, _) = client.until_closed();
    assert_eq!(String::from_utf8_lossy(&rest), "");
    let elapsed = answered.elapsed();
    assert!(elapsed <= FAREWELL + SLACK, "still open {elapsed:?} after the last answer");
}

/// Each beginning of a request on a connection of its own.
fn begin<const N: usize>(server: &Server, beginnings: [String; N]) -> [Client; N] {
    beginnings.map(|beginning| {
        let mut client = server.connect();
        client.send(beginning);
        client
    })
}

#[test]
fn a_body_that_stops_is_answered_with_408_and_closed() {
    for limits in [LIMITS, PATIENT] {
        both(limits, |server| {
            let halves = [LENGTH, CHUNKED].map(|head| format!("{head}8\r\nhalf"));
            for mut client in begin(server, [halves[0].clone(), halves[1].clone(), CHUNKED.to_owned()]) {
                is_refused_and_closed(&mut client);
            }
        });
    }
}

#[test]
fn a_body_that_trickles_is_answered_with_408_at_its_deadline() {
    both(LIMITS, |server| {
        let mut client = server.connect();
        client.send(LENGTH);
        for _ in 0..8 {
            std::thread::sleep(Duration::from_millis(80));
            client.push("x").expect("within the deadline");
        }
        is_refused_and_closed(&mut client);
    });
}

#[test]
fn a_body_within_its_deadline_leaves_the_connection_open_for_as_long_as_an_idle_one() {
    both(LIMITS, |server| {
        let mut client = server.connect();
        client.send(LENGTH).send("x".repeat(20));
        std::thread::sleep(LIMITS.head + Duration::from_millis(100));
        assert_eq!(client.send("y".repeat(20)).answer().body.len(), 40);
        client.is_closed_after(LIMITS.idle);
    });
}

#[test]
fn a_chunked_body_leaves_the_connection_open_for_as_long_as_an_idle_one() {
    both(LIMITS, |server| {
        let mut client = server.connect();
        assert_eq!(client.send(format!("{CHUNKED}4\r\nbody\r\n0\r\n\r\n")).answer().body, "body");
        client.is_closed_after(LIMITS.idle);
    });
}

#[test]
fn a_large_body_is_read_whole() {
    both(LIMITS, |server| {
        let mut client = server.connect();
        let body = "x".repeat(200 * 1024);
        client.send(format!(
            "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ));
        assert_eq!(client.answer().body, body);
        assert_eq!(client.send(GET).answer().body, "hello");
    });
}

#[test]
fn the_rest_of_a_body_that_nobody_wants_does_not_keep_a_connection_open() {
    for limits in [LIMITS, PATIENT] {
        both(limits, |server| {
            let [length, chunked] = [LENGTH, CHUNKED].map(|head| head.replace("/echo", "/ignore"));
            let half = format!("{chunked}8\r\nhalf");
            for mut client in begin(server, [length, chunked, half]) {
                let answer = client.answer();
                assert_eq!(answer.body, "ignored");
                assert!(answer.head.contains("connection: close\r\n"), "{}", answer.head);
                is_closed_promptly(&mut client);
            }
        });
    }
}

#[test]
fn a_client_that_goes_on_with_a_body_after_the_last_answer_is_closed_on_all_the_same() {
    both(PATIENT, |server| {
        let mut client = server.connect();
        client.send(CHUNKED.replace("/echo", "/ignore")).answer();
        let answered = Instant::now();
        while client.push("1\r\nx\r\n").is_ok() {
            assert!(answered.elapsed() <= FAREWELL + SLACK, "still taken {:?} later", answered.elapsed());
            std::thread::sleep(Duration::from_millis(50));
        }
    });
}

#[test]
fn a_request_behind_a_body_that_nobody_wants_does_not_keep_a_connection_open() {
    both(PATIENT, |server| {
        let mut client = server.connect();
        client.send(format!("{}4\r\nbody\r\n0\r\n\r\n{GET}", CHUNKED.replace("/echo", "/ignore")));
        assert_eq!(client.answer().body, "ignored");
        let (_, elapsed) = client.until_closed();
        assert!(elapsed <= FAREWELL + SLACK, "still open after {elapsed:?}");
    });
}
