//! A graceful stop: what was asked is answered, nothing new is let in, and the exit code is 0.

use std::time::Duration;

use keyledger_tests::{Registry, Wire, eventually};

#[test]
fn a_request_in_flight_is_answered_before_the_process_ends() {
    let mut registry = Registry::start();
    let command = registry.addresses().command.clone();
    let body = r#"{"name":"in flight","scopes":["client:read"]}"#;
    let mut wire = Wire::connect(&command);
    let head = format!(
        "POST /v1/partners/acme/keys HTTP/1.1\r\nhost: a\r\nx-api-key: {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nexpect: 100-continue\r\n\r\n",
        registry.operator_key(),
        body.len()
    );
    wire.send(head);
    assert_eq!(wire.answer().status(), 100, "the head was read, and the body is waited for");
    wire.send(&body[..10]);
    registry.signal("TERM");
    eventually("nobody new is let in", Duration::from_secs(5), || {
        std::net::TcpStream::connect(command.trim_start_matches("http://")).is_err()
    });
    wire.send(&body[10..]);
    let answer = wire.answer();
    assert_eq!(answer.status(), 201, "{answer:?}");
    assert_eq!(registry.ended().code(), Some(0), "{}", registry.stderr());
    registry.restart();
    let list = registry.operator().get("/v1/partners/acme/keys").send().expecting(200).json();
    assert_eq!(list["keys"][0]["name"], "in flight", "what was answered is there");
}

#[test]
fn a_stop_without_requests_is_prompt_and_quiet() {
    for signal in ["TERM", "INT"] {
        let mut registry = Registry::start();
        registry.create("acme", "a", &["client:read"]);
        registry.signal(signal);
        let begun = std::time::Instant::now();
        assert_eq!(registry.ended().code(), Some(0), "{}", registry.stderr());
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        assert!(!registry.stderr().contains("panicked"), "{}", registry.stderr());
    }
}
