//! Heads that are none, or are two.

use keyledger_tests::Wire;

use super::target::{Listener, MARK, Target, statuses, until_closed};

/// What a listener does with a head.
enum Then {
    /// It answers with one of these, or closes without a word; either way it closes, and answers once.
    Refused(&'static [u16]),
    /// It answers so and may go on; the client closes.
    Answered(&'static [u16]),
}

use Then::{Answered, Refused};

/// No request, but a parser may see one in it.
const NONE: Then = Refused(&[400]);

/// Heads by what is wrong with them, each of which would make a second request where two parsers read it differently.
fn heads(listener: &Listener) -> Vec<(&'static str, Vec<u8>, Then)> {
    let route = listener.route;
    let get = |headers: &str| format!("GET {route} HTTP/1.1\r\nhost: test\r\n{headers}\r\n").into_bytes();
    let raw = |before: &str, bytes: &[u8], after: &str| [before.as_bytes(), bytes, after.as_bytes()].concat();
    let smuggled = format!("GET {route} HTTP/1.1\r\nhost: test\r\nx-mark: {MARK}\r\n\r\n");
    let post = |headers: &str, body: &str| {
        format!("POST {route} HTTP/1.1\r\nhost: test\r\n{headers}\r\n{body}{smuggled}").into_bytes()
    };
    let many: String = (0..32).map(|n| format!("x-{n}: {MARK}\r\n")).collect();
    let huge = format!("x-mark: {}\r\n", MARK.repeat(100 * 1024 / MARK.len()));
    let large = Refused(&[431]);
    vec![
        ("33 headers", get(&many), Refused(&[431])),
        ("a header of 100 KiB", get(&huge), Refused(&[431])),
        ("100 KiB of small headers", get(&format!("x-mark: {MARK}\r\n").repeat(3000)), Refused(&[400, 431])),
        ("a target of 20 KiB", format!("GET {route}?{} HTTP/1.1\r\n\r\n", MARK.repeat(800)).into(), large),
        ("a folded header", get(&format!("x-mark: a\r\n {MARK}\r\n")), NONE),
        ("a header folded with a tab", get(&format!("x-mark: a\r\n\t{MARK}\r\n")), NONE),
        ("a header that begins with a fold", get(&format!(" x-mark: {MARK}\r\n")), NONE),
        ("a space before the colon", get(&format!("content-length : 0\r\nx-mark: {MARK}\r\n")), NONE),
        ("a header without a colon", get(&format!("{MARK}\r\n")), NONE),
        ("a header without a name", get(&format!(": {MARK}\r\n")), NONE),
        ("NUL in a header's value", get(&format!("x-mark: a\0{MARK}\r\n")), NONE),
        ("NUL in a header's name", get(&format!("x\0mark: {MARK}\r\n")), NONE),
        ("a bare CR in a header's value", get(&format!("x-mark: a\rx: {MARK}\r\n")), NONE),
        ("NUL in the target", raw("GET ", b"/\0zq", " HTTP/1.1\r\n\r\n"), NONE),
        ("overlong UTF-8 in the target", raw("GET /", b"\xc0\xaf\xc1\x81", " HTTP/1.1\r\n\r\n"), NONE),
        ("a lone high byte in the target", raw("GET /", b"\xff", " HTTP/1.1\r\n\r\n"), NONE),
        ("a space in the target", format!("GET /{MARK} a b HTTP/1.1\r\n\r\n").into(), NONE),
        ("no target", b"GET HTTP/1.1\r\n\r\n".to_vec(), NONE),
        ("a method that is none", format!("G@T {route} HTTP/1.1\r\n\r\n").into(), NONE),
        ("HTTP/0.9", format!("GET {route}\r\n\r\n").into(), NONE),
        ("HTTP/3.7", format!("GET {route} HTTP/3.7\r\n\r\n").into(), Refused(&[400, 505])),
        ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec(), NONE),
        ("the greeting of TLS", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n".to_vec(), NONE),
        ("both lengths", post("content-length: 4\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n"), NONE),
        ("two lengths", post("content-length: 0\r\ncontent-length: 4\r\n", ""), NONE),
        ("two lengths in one", post("content-length: 0, 4\r\n", ""), NONE),
        ("a length with a sign", post("content-length: +0\r\n", ""), NONE),
        ("a negative length", post("content-length: -1\r\n", ""), NONE),
        ("a length in hexadecimal", post("content-length: 0x0\r\n", ""), NONE),
        ("a length beyond all numbers", post("content-length: 99999999999999999999\r\n", ""), NONE),
        ("an unknown coding", post(&format!("transfer-encoding: {MARK}\r\n"), ""), Refused(&[400, 501])),
        (
            "chunked, and not last",
            post("transfer-encoding: chunked, identity\r\n", "0\r\n\r\n"),
            Refused(&[400, 501]),
        ),
        (
            "chunked twice",
            post("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n"),
            Refused(&[400, 501]),
        ),
        (
            "a coding with a vertical tab",
            post("transfer-encoding: \x0bchunked\r\n", "0\r\n\r\n"),
            Refused(&[400, 501]),
        ),
    ]
}

/// Heads that are odd, and requests all the same.
fn odd_heads(listener: &Listener, secret: &str) -> Vec<(&'static str, Vec<u8>, Then)> {
    let route = listener.route;
    let get = |headers: &str| format!("GET {route} HTTP/1.1\r\nhost: test\r\n{headers}\r\n").into_bytes();
    let percent = |text: &str| format!("GET {route}{text} HTTP/1.1\r\nhost: test\r\n\r\n").into_bytes();
    let doubled = get(&format!("x-api-key: {secret}\r\nx-api-key: {secret}\r\n"));
    let doubled_once_empty = get(&format!("x-api-key:\r\nX-API-Key: {secret}\r\n"));
    let no_key: &'static [u16] = if listener.guarded { &[401, 403] } else { &[200] };
    let high = format!("GET {route} HTTP/1.1\r\nhost: test\r\nx-api-key: ").into_bytes();
    let odd_key = [&high[..], b"\xff\xfe\xc0\xaf\r\n\r\n"].concat();
    let twice: &'static [u16] = if listener.guarded { &[400] } else { &[200] };
    vec![
        ("a doubled key", doubled, Answered(twice)),
        ("a doubled key, once empty", doubled_once_empty, Answered(twice)),
        (
            "a key of high bytes",
            odd_key,
            Answered(if listener.guarded { &[400, 401, 403] } else { &[200, 400] }),
        ),
        ("a key in quotes", get(&format!("x-api-key: \"{secret}\"\r\n")), Answered(no_key)),
        ("NUL, encoded, in the path", percent(&format!("/%00{MARK}")), Answered(&[400, 401, 403, 404])),
        (
            "overlong UTF-8, encoded, in the path",
            percent(&format!("/%C0%AF{MARK}")),
            Answered(&[400, 401, 403, 404]),
        ),
        ("a walk up, in the path", percent(&format!("/..%2f..%2f{MARK}")), Answered(&[400, 401, 403, 404])),
        (
            "NUL, encoded, in the query",
            percent(&format!("?a=%00{MARK}")),
            Answered(&[200, 400, 401, 403, 422]),
        ),
        (
            "half an encoding in the query",
            percent(&format!("?a=%z{MARK}%")),
            Answered(&[200, 400, 401, 403, 422]),
        ),
        (
            "the absolute form",
            format!("GET http://{MARK}.example.com{route} HTTP/1.1\r\nhost: a\r\n\r\n").into(),
            Answered(&[200, 400, 401, 403, 404]),
        ),
        (
            "bare line feeds",
            format!("GET {route} HTTP/1.1\nhost: {MARK}\n\n").into(),
            Answered(&[200, 400, 401, 403]),
        ),
        (
            "HTTP/1.0",
            format!("GET {route} HTTP/1.0\r\nx-mark: {MARK}\r\n\r\n").into(),
            Answered(&[200, 400, 401, 403]),
        ),
        (
            "a method that nobody serves",
            format!("{} {route} HTTP/1.1\r\nhost: a\r\n\r\n", "BREW").into(),
            Answered(&[400, 401, 403, 404, 405]),
        ),
        (
            "CONNECT",
            format!("CONNECT {MARK}:443 HTTP/1.1\r\nhost: a\r\n\r\n").into(),
            Answered(&[400, 401, 403, 404, 405]),
        ),
        (
            "the asterisk",
            b"OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n".to_vec(),
            Answered(&[200, 204, 400, 401, 403, 404, 405]),
        ),
        ("an upgrade", get(&format!("connection: upgrade\r\nupgrade: {MARK}\r\n")), Answered(no_key)),
    ]
}

#[track_caller]
fn check(listener: &Listener, cases: Vec<(&'static str, Vec<u8>, Then)>) {
    let address = &listener.address;
    for (what, bytes, then) in cases {
        match then {
            Refused(allowed) => {
                let answer = until_closed(what, address, &bytes);
                let found = statuses(&answer);
                assert!(found.len() <= 1, "{what} at {address} is two requests: {answer}");
                assert!(found.iter().all(|status| allowed.contains(status)), "{what} at {address}: {answer}");
            }
            Answered(allowed) => {
                let answer = Wire::exchange(address, &bytes);
                assert!(allowed.contains(&answer.status()), "{what} at {address}: {}", answer.head);
                let body = String::from_utf8_lossy(&answer.body);
                assert!(
                    !answer.head.contains(MARK) && !body.contains(MARK),
                    "{what} at {address} comes back"
                );
            }
        }
    }
}

#[test]
fn what_is_no_request_is_refused_and_the_connection_closed() {
    let target = Target::new();
    for listener in target.listeners() {
        check(&listener, heads(&listener));
    }
    target.is_unharmed();
}

#[test]
fn odd_requests_get_the_documented_answers() {
    let target = Target::new();
    for listener in target.listeners() {
        check(&listener, odd_heads(&listener, &target.key.secret));
    }
    target.is_unharmed();
}
