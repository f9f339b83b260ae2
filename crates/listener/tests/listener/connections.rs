//! Connections that are idle, and that do not read.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use tokio::time::Instant;

use crate::support::{GET, LARGE, LIMITS, SLACK, Secure, Server, both};

#[test]
fn an_idle_connection_is_closed() {
    both(LIMITS, |server| {
        let mut client = server.connect();
        client.send(GET).answer();
        client.send(GET).answer();
        client.is_closed_after(LIMITS.idle);
    });
}

#[test]
fn a_connection_in_use_outlives_the_idle_deadline() {
    both(LIMITS, |server| {
        let mut client = server.connect();
        let begun = Instant::now();
        while begun.elapsed() < LIMITS.idle + SLACK {
            assert_eq!(client.send(GET).answer().status, 200);
            std::thread::sleep(LIMITS.head + Duration::from_millis(100));
        }
    });
}

#[test]
fn an_answer_that_takes_its_time_is_not_cut_off_and_the_connection_is_idle_from_then_on() {
    both(LIMITS, |server| {
        let mut client = server.connect();
        assert_eq!(client.send("GET /slow HTTP/1.1\r\nhost: test\r\n\r\n").answer().body, "slow");
        client.send("").is_closed_after(LIMITS.idle);
    });
}

#[test]
fn a_streamed_answer_is_not_cut_off_while_it_is_silent() {
    both(LIMITS, |server| {
        let mut client = server.connect();
        client.send("GET /stream HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
        let (bytes, _) = client.until_closed();
        assert!(bytes.ends_with(b"5\r\npiece\r\n5\r\npiece\r\n0\r\n\r\n"));
    });
}

#[test]
fn a_client_that_does_not_read_its_answer_is_cut_off() {
    both(LIMITS, |server| {
        let mut client = server.connect();
        client.send("GET /large HTTP/1.1\r\nhost: test\r\n\r\n");
        std::thread::sleep(LIMITS.stalled_reader + SLACK);
        let (bytes, _) = client.until_closed();
        assert!(bytes.len() < LARGE, "the whole answer came");
    });
}

#[test]
fn a_client_that_reads_slowly_but_steadily_gets_its_whole_answer() {
    both(LIMITS, |server| {
        let mut client = server.connect();
        client.send("GET /large HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
        std::thread::sleep(LIMITS.stalled_reader / 2);
        assert!(client.until_closed().0.len() > LARGE);
    });
}

#[test]
fn a_client_that_sends_far_ahead_does_not_make_the_listener_spin() {
    both(LIMITS, |server| {
        let mut client = server.connect();
        client.send("GET /polls HTTP/1.1\r\nhost: test\r\n\r\n");
        let ahead = 200 * 1024 / GET.len();
        client.send(GET.repeat(ahead));
        let polls: usize = client.answer().body.parse().expect("a number");
        assert!(polls < 100, "looked at {polls} times");
        for _ in 0..ahead {
            assert_eq!(client.answer().body, "hello");
        }
        assert_eq!(client.send(GET).answer().body, "hello");
    });
}

#[test]
fn a_handshake_that_does_not_end_is_cut_off() {
    let server = Server::start(Secure::Tls, LIMITS);
    for beginning in [&b""[..], b"\x16\x03\x01", GET.as_bytes()] {
        let mut socket = server.connect_socket();
        let begun = Instant::now();
        socket.write_all(beginning).expect("the kernel takes it");
        // A TLS alert may come first.
        let _ = socket.read_to_end(&mut Vec::new());
        assert!(begun.elapsed() <= LIMITS.handshake + SLACK, "open for {:?}", begun.elapsed());
    }
}

#[test]
fn a_client_that_closes_its_side_still_gets_its_answer() {
    let server = Server::start(Secure::Plain, LIMITS);
    let mut socket = server.connect_socket();
    socket.write_all(b"GET /slow HTTP/1.1\r\nhost: test\r\n\r\n").expect("the listener reads");
    socket.shutdown(Shutdown::Write).expect("half a connection can be closed");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("the answer, and then the end");
    assert!(answer.ends_with("slow"));
}

#[test]
fn hostile_bytes_end_a_connection_and_nothing_else() {
    both(LIMITS, |server| {
        let hostile: [&[u8]; 6] = [
            b"\0\0\0\0\r\n\r\n",
            b"GET /\xc0\x80 HTTP/1.1\r\nhost: test\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            b"POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 18446744073709551616\r\n\r\n",
            b"POST /echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff1\r\n",
        ];
        for bytes in hostile {
            let mut client = server.connect();
            let (answer, _) = client.send(bytes).until_closed();
            let answer = String::from_utf8_lossy(&answer).into_owned();
            assert!(answer.starts_with("HTTP/1.1 4"), "{bytes:?} was answered with {answer:?}");
        }
        assert_eq!(server.connect().send(GET).answer().status, 200);
    });
}
