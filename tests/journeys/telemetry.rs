//! Logs and traces: one request can be followed through both, and neither holds a secret.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use keyledger_tests::{Created, Registry, eventually};
use serde_json::{Value, json};

#[test]
fn logs_are_json_a_line_and_name_the_request() {
    let registry = Registry::start();
    let body = json!({ "name": "a", "scopes": ["client:read"] });
    let answer = registry.operator().post("/v1/partners/logged/keys", &body).send().expecting(201);
    let (id, key) = (answer.header("x-request-id").to_owned(), Created::from_answer(&answer));
    eventually("the request is logged", Duration::from_secs(5), || registry.stderr().contains(&id));
    let said = registry.stderr();
    for line in said.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
    }
    assert!(!said.contains(&key.secret) && !said.contains(&registry.operator_key()));
}

/// A collector of traces that takes whatever comes; the bodies of the requests.
fn collector() -> (String, mpsc::Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound listener has an address");
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for mut connection in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(connection.try_clone().expect("a socket can be cloned"));
            let head: Vec<_> =
                reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
            let length = head.iter().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
            });
            let mut body = vec![0; length.unwrap_or(0)];
            let read = reader.read_exact(&mut body);
            let answered =
                connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let request = head.into_iter().next().unwrap_or_default();
            if read.and(answered).is_err() || sender.send((request, body)).is_err() {
                return;
            }
        }
    });
    (format!("http://{address}/v1/traces"), receiver)
}

#[test]
fn traces_go_to_the_collector_and_hold_no_secret() {
    let (endpoint, received) = collector();
    let mut registry = Registry::with(&[("KEYLEDGER_TELEMETRY__OTLP_ENDPOINT", &endpoint)]);
    let key = registry.create("traced", "a", &["client:read"]);
    registry.revoke(&key);
    // What is not sent yet goes before the process ends.
    assert_eq!(registry.stop().code(), Some(0), "{}", registry.stderr());
    let requests: Vec<_> = received.try_iter().collect();
    assert!(!requests.is_empty(), "nothing came");
    assert!(requests.iter().all(|(request, _)| request.starts_with("POST /v1/traces ")), "{requests:?}");
    // Names and values are plain text within the encoding.
    let text: String = requests.iter().map(|(_, body)| String::from_utf8_lossy(body).into_owned()).collect();
    for name in ["create_key", "revoke_key", "keyledger"] {
        assert!(text.contains(name), "no {name} among the spans");
    }
    assert!(!text.contains(&key.secret[13..]) && !text.contains(&registry.operator_key()[13..]));
}
