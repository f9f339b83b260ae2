//! Heads that are late, and heads that are too large.

use std::time::Duration;

use crate::support::{GET, LIMITS, both};

#[test]
fn a_silent_new_connection_is_closed_when_its_first_head_is_due() {
    both(LIMITS, |server| server.connect().is_closed_after(LIMITS.head));
}

#[test]
fn half_a_head_on_a_new_connection_is_closed() {
    both(LIMITS, |server| server.connect().send("GET /hello HT").is_closed_after(LIMITS.head));
}

#[test]
fn half_a_head_on_a_used_connection_is_closed() {
    both(LIMITS, |server| {
        let mut client = server.connect();
        for _ in 0..3 {
            assert_eq!(client.send(GET).answer().body, "hello");
        }
        client.send("GET /hello HT").is_closed_after(LIMITS.head);
    });
}

#[test]
fn a_head_that_trickles_is_closed_at_its_deadline_however_often_bytes_come() {
    both(LIMITS, |server| {
        let mut client = server.connect();
        client.send(GET).answer();
        client.send("G");
        let mut sent = 0;
        while sent < 40 && client.push("E").is_ok() {
            sent += 1;
            std::thread::sleep(Duration::from_millis(50));
        }
        assert!(sent < 40, "the listener still reads after two seconds");
    });
}

#[test]
fn half_a_head_pipelined_behind_a_request_is_closed() {
    both(LIMITS, |server| {
        let mut client = server.connect();
        client.send(format!("{GET}{GET}GET /hello HT"));
        assert_eq!([client.answer().body, client.answer().body], ["hello", "hello"]);
        client.is_closed_after(LIMITS.head);
    });
}

#[test]
fn half_a_head_pipelined_behind_a_body_is_closed() {
    both(LIMITS, |server| {
        let mut client = server.connect();
        client.send("POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 4\r\n\r\nbodyGET /hello HT");
        assert_eq!(client.answer().body, "body");
        client.is_closed_after(LIMITS.head);
    });
}

#[test]
fn empty_lines_before_a_head_do_not_end_it() {
    both(LIMITS, |server| {
        server.connect().send("\r\n\r\nGET /hello HTTP/1.1\r\nhost:").is_closed_after(LIMITS.head);
        let mut client = server.connect();
        assert_eq!(client.send(format!("\r\n\r\n{GET}")).answer().body, "hello");
    });
}

#[test]
fn pipelined_requests_are_all_answered_in_order() {
    both(LIMITS, |server| {
        let mut client = server.connect();
        let requests = 2000;
        let post = "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 4\r\n\r\nbody";
        client.send([GET, post].concat().repeat(requests / 2));
        for _ in 0..requests / 2 {
            assert_eq!([client.answer().body, client.answer().body], ["hello", "body"]);
        }
    });
}

#[test]
fn more_headers_than_allowed_are_refused_and_as_many_as_allowed_are_not() {
    both(LIMITS, |server| {
        let head = |count: usize| {
            let more: String = (1..count).map(|n| format!("x-{n}: 1\r\n")).collect();
            format!("GET /hello HTTP/1.1\r\nhost: test\r\n{more}\r\n")
        };
        let mut client = server.connect();
        assert_eq!(client.send(head(32)).answer().status, 200);
        let refused = client.send(head(33)).answer();
        assert_eq!((refused.status, refused.body.as_str()), (431, "too large"));
        assert!(refused.head.contains("connection: close\r\n"));
        assert_eq!(client.until_closed().0, b"");
    });
}

#[test]
fn a_head_of_more_bytes_than_allowed_is_refused_and_one_at_the_limit_is_not() {
    both(LIMITS, |server| {
        let head = |bytes: usize| {
            let rest = "GET /hello HTTP/1.1\r\nhost: test\r\nx: \r\n\r\n".len();
            format!("GET /hello HTTP/1.1\r\nhost: test\r\nx: {}\r\n\r\n", "x".repeat(bytes - rest))
        };
        let mut client = server.connect();
        assert_eq!(client.send(head(16 * 1024)).answer().status, 200);
        let refused = client.send(head(16 * 1024 + 1)).answer();
        assert_eq!((refused.status, refused.body.as_str()), (431, "too large"));
        assert_eq!(client.until_closed().0, b"");
    });
}

#[test]
fn a_head_that_never_ends_is_refused_as_soon_as_it_is_too_large() {
    both(LIMITS, |server| {
        for used in [false, true] {
            let mut client = server.connect();
            if used {
                client.send(GET).answer();
            }
            client.send("GET /hello HTTP/1.1\r\nx: ").send("x".repeat(100 * 1024));
            let refused = client.answer();
            assert_eq!((refused.status, refused.body.as_str()), (431, "too large"));
            assert!(refused.head.contains("connection: close\r\n"));
            client.until_closed();
        }
    });
}
