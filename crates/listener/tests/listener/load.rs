//! More requests than there is room for, and the end of a listener.

use std::time::Duration;

use keyledger_listener::Limits;

use crate::support::{GET, LIMITS, Secure, Server, both};

const SLOW: &str = "GET /slow HTTP/1.1\r\nhost: test\r\n\r\n";

#[test]
fn more_requests_in_flight_than_allowed_are_shed_until_one_is_answered() {
    both(Limits { in_flight: 2, ..LIMITS }, |server| {
        let mut busy = [server.connect(), server.connect()];
        for client in &mut busy {
            client.send(SLOW);
        }
        std::thread::sleep(Duration::from_millis(300));
        let mut late = server.connect();
        let shed = late.send(GET).answer();
        assert_eq!((shed.status, shed.body.as_str()), (503, "overloaded"));
        assert!(shed.head.contains("retry-after: 1\r\n"));

        for client in &mut busy {
            assert_eq!(client.answer().body, "slow");
        }
        assert_eq!(late.send(GET).answer().status, 200);
    });
}

#[test]
fn a_stop_lets_requests_in_flight_finish_and_closes_the_others_at_once() {
    std::thread::scope(|scope| {
        for secure in [Secure::Plain, Secure::Tls] {
            scope.spawn(move || {
                let limits = Limits { idle: Duration::from_secs(20), ..LIMITS };
                let mut server = Server::start(secure, limits);
                let mut idle = server.connect();
                idle.send(GET).answer();
                let mut half = server.connect();
                half.send("GET /he");
                let mut busy = server.connect();
                busy.send(SLOW);
                std::thread::sleep(Duration::from_millis(200));

                let took = server.stop();
                assert!(took >= Duration::from_millis(400), "stopped after {took:?}, before the last answer");
                assert!(took <= Duration::from_secs(4), "stopped after {took:?}");
                assert_eq!(busy.answer().body, "slow");
                for client in [&mut busy, &mut idle, &mut half] {
                    assert_eq!(client.until_closed().0, b"");
                }
                std::net::TcpStream::connect(server.address).expect_err("nobody listens any more");
            });
        }
    });
}

#[test]
fn a_stop_without_connections_is_prompt() {
    let took = Server::start(Secure::Plain, LIMITS).stop();
    assert!(took <= Duration::from_secs(1), "stopped after {took:?}");
}

#[test]
fn a_stop_cuts_off_what_does_not_end_within_the_time_to_drain() {
    let mut server = Server::start(Secure::Plain, Limits { drain: Duration::from_secs(1), ..LIMITS });
    let mut client = server.connect();
    client.send("GET /stream HTTP/1.1\r\nhost: test\r\n\r\n");
    std::thread::sleep(Duration::from_millis(200));
    let took = server.stop();
    assert!(took <= Duration::from_millis(2200), "stopped after {took:?}");
}
