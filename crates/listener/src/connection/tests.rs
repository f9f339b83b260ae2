use actix_web::HttpResponse;

use super::*;
use crate::settings::Limits;

fn connection() -> Connection {
    let limits = Limits { head_bytes: 64, ..Limits::default() };
    Connection::new(Rc::new(Worker::new("test", limits, |_| HttpResponse::Ok().finish())))
}

fn demand(connection: &Connection) -> Demand {
    connection.demand(&Context::from_waker(Waker::noop()))
}

fn tail(bytes: &[u8]) -> Tail {
    let mut tail = Tail::default();
    tail.push(bytes);
    tail
}

#[test]
fn a_connection_is_idle_behind_an_answer_when_nothing_is_left_over() {
    let connection = connection();
    connection.received(b"GET / HTTP/1.1\r\n\r\n");
    connection.begin();
    connection.finish();
    assert!(matches!(connection.phase.get(), Phase::Idle { .. }));
}

#[test]
fn half_a_head_behind_a_request_has_the_time_of_a_head() {
    let connection = connection();
    connection.received(b"GET / HTTP/1.1\r\n\r\nGET /");
    connection.begin();
    connection.finish();
    assert!(matches!(connection.phase.get(), Phase::Head { .. }));
}

#[test]
fn half_a_head_that_comes_while_a_request_is_answered_has_the_time_of_a_head() {
    let connection = connection();
    connection.received(b"GET / HTTP/1.1\r\n\r\n");
    connection.begin();
    connection.received(b"GET /");
    connection.finish();
    assert!(matches!(connection.phase.get(), Phase::Head { .. }));
}

#[test]
fn a_body_read_to_its_end_leaves_an_idle_connection() {
    let connection = connection();
    connection.received(b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}");
    connection.begin();
    connection.expect_body();
    connection.body_is_whole(tail(b"{}"));
    connection.finish();
    assert!(matches!(connection.phase.get(), Phase::Idle { .. }));
}

#[test]
fn an_answer_to_a_body_that_nobody_read_is_the_last() {
    let connection = connection();
    connection.received(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n");
    connection.begin();
    assert!(!connection.is_last_answer());
    connection.expect_body();
    assert!(connection.is_last_answer());
    connection.finish();
    assert!(connection.farewell().is_some());
    assert_eq!(demand(&connection), Demand::Discard);
}

#[test]
fn a_request_behind_the_last_answer_does_not_put_off_the_end() {
    let connection = connection();
    connection
        .received(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n");
    connection.begin();
    connection.expect_body();
    connection.finish();
    let by = connection.farewell();
    connection.begin();
    assert!(connection.is_last_answer());
    connection.finish();
    assert!(by.is_some());
    assert_eq!(connection.farewell(), by);
}

#[test]
fn a_head_at_the_limit_is_parsed_once_more_before_it_is_refused() {
    let connection = connection();
    connection.received(&[b'a'; 63]);
    assert_eq!(demand(&connection), Demand::Read);
    connection.received(b"a");
    assert_eq!(demand(&connection), Demand::Pause);
    assert_eq!(demand(&connection), Demand::RefuseHead);
}

#[test]
fn a_client_that_sends_ahead_waits_for_its_answer() {
    let connection = connection();
    connection.received(&[b'a'; 64]);
    connection.begin();
    assert_eq!(demand(&connection), Demand::Wait);
    connection.finish();
    assert_eq!(demand(&connection), Demand::Read);
}

#[test]
fn a_head_that_ends_at_the_limit_is_not_refused() {
    let connection = connection();
    connection.received(&[b'a'; 64]);
    assert_eq!(demand(&connection), Demand::Pause);
    connection.begin();
    connection.finish();
    assert_eq!(demand(&connection), Demand::Read);
}
