//! More connections than there are places.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use keyledger_listener::Limits;
use tokio::time::Instant;

use crate::support::{GET, LARGE, LIMITS, SLACK, Secure, Server, both};

/// Two places, and deadlines that no test here waits for.
const TWO: Limits = Limits {
    head: Duration::from_secs(20),
    idle: Duration::from_secs(20),
    handshake: Duration::from_secs(20),
    connections: 2,
    ..LIMITS
};

#[test]
fn the_connection_that_is_idle_longest_makes_room_for_a_new_one() {
    both(TWO, |server| {
        let (mut first, mut second) = (server.connect(), server.connect());
        for client in [&mut first, &mut second] {
            assert_eq!(client.send(GET).answer().status, 200);
        }
        assert_eq!(first.send(GET).answer().status, 200);
        second.send("");
        let mut third = server.connect();
        assert_eq!(third.send(GET).answer().body, "hello");
        second.is_closed_after(Duration::ZERO);
        assert_eq!(first.send(GET).answer().body, "hello");
        assert_eq!(third.send(GET).answer().body, "hello");
    });
}

#[test]
fn a_client_that_has_not_begun_makes_room_too() {
    // One place: of two clients that have not begun, the listener knows only whose handshake it saw ending first.
    both(Limits { connections: 1, ..TWO }, |server| {
        let mut first = server.connect();
        assert_eq!(server.connect().send(GET).answer().body, "hello");
        first.is_closed_after(Duration::ZERO);
    });
}

#[test]
fn a_handshake_that_has_not_ended_makes_room_too() {
    let server = Server::start(Secure::Tls, TWO);
    let mut silent = [server.connect_socket(), server.connect_socket()];
    silent[0].write_all(b"\x16\x03").expect("the kernel takes it");
    assert_eq!(server.connect().send(GET).answer().body, "hello");
    match silent[0].read(&mut [0; 1]) {
        Ok(read) => assert_eq!(read, 0),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
}

#[test]
fn a_client_finds_no_place_and_is_told_so_where_all_others_are_busy() {
    both(TWO, |server| {
        let (mut busy, mut half) = (server.connect(), server.connect());
        half.send("GET /he");
        busy.send("GET /slow HTTP/1.1\r\nhost: test\r\n\r\n");
        std::thread::sleep(Duration::from_millis(200));

        let mut third = server.connect();
        let refused = third.send(GET).answer();
        assert_eq!((refused.status, refused.body.as_str()), (503, "overloaded"));
        assert!(refused.head.contains("retry-after: 1\r\n"), "{}", refused.head);
        assert!(refused.head.contains("connection: close\r\n"), "{}", refused.head);
        third.is_closed_after(Duration::ZERO);

        assert_eq!(busy.answer().body, "slow");
        assert_eq!(half.send("llo HTTP/1.1\r\nhost: test\r\n\r\n").answer().body, "hello");
        assert_eq!(server.connect().send(GET).answer().body, "hello");
    });
}

#[test]
fn an_answer_that_is_still_being_read_is_not_cut_off_to_make_room() {
    both(Limits { connections: 1, ..TWO }, |server| {
        let mut reading = server.connect();
        reading.send("GET /large HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(server.connect().send(GET).answer().status, 503);
        assert!(reading.until_closed().0.len() > LARGE);
    });
}

#[test]
fn a_crowd_at_the_door_is_answered_to_the_last_however_many_of_it_are_silent() {
    let server = Server::start(Secure::Plain, Limits { connections: 1, ..TWO });
    let mut half = server.connect();
    half.send("GET /he");
    std::thread::sleep(Duration::from_millis(200));
    let crowd: Vec<_> = (0..200).map(|_| server.connect_socket()).collect();

    let begun = Instant::now();
    let mut late = server.connect_socket();
    late.write_all(GET.as_bytes()).expect("the kernel takes it");
    late.shutdown(Shutdown::Write).expect("half a connection can be closed");
    let mut answer = Vec::new();
    // It may be reset behind the answer.
    let _ = late.read_to_end(&mut answer);
    assert!(answer.starts_with(b"HTTP/1.1 503 "), "{:?}", String::from_utf8_lossy(&answer));
    assert!(begun.elapsed() <= SLACK, "answered after {:?}", begun.elapsed());

    for mut silent in crowd {
        // The same.
        let _ = silent.read_to_end(&mut Vec::new());
    }
    let took = begun.elapsed();
    assert!(took <= Duration::from_secs(1) + SLACK, "the crowd is there for {took:?}");
    assert_eq!(half.send("llo HTTP/1.1\r\nhost: test\r\n\r\n").answer().body, "hello");
}

#[test]
fn a_flood_of_idle_connections_does_not_keep_a_client_waiting() {
    both(Limits { connections: 50, ..TWO }, |server| {
        let mut flood: Vec<_> = (0..200).map(|_| server.connect()).collect();
        for client in &mut flood {
            // Of most there is nothing left.
            let _ = client.push(GET);
        }
        let begun = Instant::now();
        assert_eq!(server.connect().send(GET).answer().body, "hello");
        assert!(begun.elapsed() <= SLACK, "answered after {:?}", begun.elapsed());
    });
}
