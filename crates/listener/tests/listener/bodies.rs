//! Bodies that are late, and bodies that nobody wants.

use std::time::Duration;

use crate::support::{Client, GET, LIMITS, SLACK, both};

const LENGTH: &str = "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 40\r\n\r\n";
const CHUNKED: &str = "POST /echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n";

fn is_refused_and_closed(client: &mut Client) {
    let refused = client.answer();
    assert_eq!((refused.status, refused.body.as_str()), (408, "too slow"));
    assert!(refused.head.contains("connection: close\r\n"));
    let (rest, elapsed) = client.until_closed();
    assert_eq!(rest, b"");
    let farewell = Duration::from_secs(1);
    assert!(elapsed <= LIMITS.body + farewell + SLACK, "still open after {elapsed:?}");
}

#[test]
fn a_body_that_stops_is_answered_with_408_and_closed() {
    both(LIMITS, |server| {
        let mut clients = [LENGTH, CHUNKED].map(|head| {
            let mut client = server.connect();
            client.send(head).send("8\r\nhalf");
            client
        });
        for client in &mut clients {
            is_refused_and_closed(client);
        }
    });
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
    both(LIMITS, |server| {
        let mut clients = [LENGTH, CHUNKED].map(|head| {
            let mut client = server.connect();
            client.send(head.replace("/echo", "/ignore"));
            client
        });
        for client in &mut clients {
            assert_eq!(client.answer().body, "ignored");
        }
        for client in &mut clients {
            let (_, elapsed) = client.until_closed();
            assert!(elapsed <= Duration::from_secs(1) + SLACK, "still open after {elapsed:?}");
        }
    });
}
