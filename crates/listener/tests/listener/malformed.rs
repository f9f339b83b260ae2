//! What is no request, and what is none because its target holds a fragment.

use crate::support::{Client, GET, LIMITS, both};

const FRAGMENT: &str = "GET /hello?x=#&scope=a HTTP/1.1\r\nhost: test\r\n\r\n";

fn is_refused_as_malformed(client: &mut Client) {
    let refused = client.answer();
    assert_eq!((refused.status, refused.body.as_str()), (400, "malformed"));
    assert!(refused.head.contains("connection: close\r\n"), "{}", refused.head);
    assert_eq!(client.until_closed().0, b"");
}

#[test]
fn a_target_with_a_fragment_is_refused_on_a_fresh_and_on_a_used_connection() {
    both(LIMITS, |server| {
        is_refused_as_malformed(server.connect().send(FRAGMENT));
        let mut used = server.connect();
        for _ in 0..3 {
            assert_eq!(used.send(GET).answer().status, 200);
        }
        is_refused_as_malformed(used.send(FRAGMENT));
    });
}

#[test]
fn a_target_with_a_fragment_is_refused_however_its_bytes_come() {
    both(LIMITS, |server| {
        for split in 0..FRAGMENT.len() {
            let mut client = server.connect();
            client.send(&FRAGMENT[..split]);
            is_refused_as_malformed(client.send(&FRAGMENT[split..]));
        }
        is_refused_as_malformed(server.connect().send(format!("\r\n\r\n{FRAGMENT}")));
    });
}

#[test]
fn a_target_with_a_fragment_is_refused_behind_other_requests() {
    both(LIMITS, |server| {
        let post = "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 4\r\n\r\nbody";
        for before in [GET, post] {
            let mut client = server.connect();
            client.send(format!("{before}{FRAGMENT}"));
            assert_eq!(client.answer().status, 200);
            is_refused_as_malformed(&mut client);
        }
    });
}

#[test]
fn a_number_sign_elsewhere_is_only_a_number_sign() {
    both(LIMITS, |server| {
        let mut client = server.connect();
        for _ in 0..2 {
            let echo = "POST /echo?a=%23 HTTP/1.1\r\nhost: test\r\nx-note: #1\r\ncontent-length: 2\r\n\r\n#2";
            assert_eq!(client.send(echo).answer().body, "#2");
            let chunked =
                "POST /echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n2\r\n#3\r\n0\r\n\r\n";
            assert_eq!(client.send(chunked).answer().body, "#3");
            assert_eq!(client.send(GET).answer().body, "hello");
        }
    });
}

#[test]
fn what_cannot_be_parsed_is_answered_in_the_words_of_the_application() {
    both(LIMITS, |server| {
        for used in [false, true] {
            for bytes in ["GET / HTTP/1.1\r\nno colon\r\n\r\n", "G@T / HTTP/1.1\r\n\r\n", "\0\r\n\r\n"] {
                let mut client = server.connect();
                if used {
                    assert_eq!(client.send(GET).answer().status, 200);
                }
                is_refused_as_malformed(client.send(bytes));
            }
        }
    });
}

#[test]
fn more_headers_than_can_be_parsed_are_answered_like_a_few_too_many() {
    both(LIMITS, |server| {
        let head = format!("GET /hello HTTP/1.1\r\n{}\r\n", "x: 1\r\n".repeat(200));
        let refused = server.connect().send(head).answer();
        assert_eq!((refused.status, refused.body.as_str()), (431, "too large"));
    });
}

#[test]
fn an_application_that_says_400_is_left_its_own_words() {
    both(LIMITS, |server| {
        let mut client = server.connect();
        for _ in 0..2 {
            let said = client.send("GET /bad HTTP/1.1\r\nhost: test\r\n\r\n").answer();
            assert_eq!((said.status, said.body.as_str()), (400, "bad"));
        }
        let said = client.send("GET /bad HTTP/1.1\r\nhost: test\r\n\r\nG@T").answer();
        assert_eq!((said.status, said.body.as_str()), (400, "bad"));
    });
}
