//! Bodies that are not what they should be, sent by somebody who may send them.

use keyledger_tests::{RawAnswer, Wire};
use serde_json::Value;

use super::target::{CUT_OFF, FAREWELL, MARK, Target, statuses, until_closed};

/// A route that takes a body, and the head of a request to it.
struct Route {
    address: String,
    head: String,
    /// A body that is accepted but for what is put into `FIELD`.
    good: &'static str,
    /// A field of it that is a text.
    field: &'static str,
}

impl Route {
    fn both(target: &Target) -> [Self; 2] {
        let all = target.registry.addresses();
        let key = target.registry.operator_key();
        let head = |path: &str| format!("POST {path} HTTP/1.1\r\nhost: test\r\nx-api-key: {key}\r\n");
        [
            Self {
                address: all.command.clone(),
                head: head("/v1/partners/acme/keys"),
                good: r#"{"name":"VALUE","scopes":["client:read"]}"#,
                field: "name",
            },
            Self {
                address: all.validator.clone(),
                head: head("/v1/verify"),
                good: r#"{"key":"VALUE","scopes":["client:read"]}"#,
                field: "key",
            },
        ]
    }

    fn request(&self, kind: &str, body: &[u8]) -> Vec<u8> {
        let head = format!("{}content-type: {kind}\r\ncontent-length: {}\r\n\r\n", self.head, body.len());
        [head.as_bytes(), body].concat()
    }

    /// Sends it and checks that nothing of it comes back.
    #[track_caller]
    fn post(&self, what: &str, kind: &str, body: &[u8]) -> RawAnswer {
        let answer = Wire::exchange(&self.address, self.request(kind, body));
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(!answer.head.contains(MARK) && !text.contains(MARK), "{what} comes back: {text}");
        answer
    }

    /// Checks the status of JSON, good or not.
    #[track_caller]
    fn json(&self, what: &str, body: impl AsRef<[u8]>, allowed: &[u16]) {
        let answer = self.post(what, "application/json", body.as_ref());
        let said = String::from_utf8_lossy(&answer.body);
        assert!(allowed.contains(&answer.status()), "{what} at {}: {} {said}", self.address, answer.status());
    }
}

#[test]
fn what_is_not_json_is_malformed() {
    let target = Target::new();
    for route in Route::both(&target) {
        let with = |value: &[u8]| {
            let (before, after) = route.good.split_once("VALUE").expect("a place for a value");
            [before.as_bytes(), value, after.as_bytes()].concat()
        };
        // No body may stand for an empty object, which lacks every field.
        route.json("nothing", "", &[400, 422]);
        let mark = format!("\"{MARK}\"");
        for (what, body) in [
            ("half an object", format!("{{{mark}:").into()),
            ("two objects", format!("{}{{{mark}:1}}", route.good).into()),
            ("a comma too many", format!("{{\"name\":{mark},}}").into()),
            ("single quotes", format!("{{'{MARK}':1}}").into()),
            ("a mark of the byte order", [b"\xef\xbb\xbf", route.good.as_bytes()].concat()),
            ("UTF-16", route.good.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            ("a lone continuation byte", with(b"\x80")),
            ("overlong UTF-8", with(b"\xc0\xaf")),
            ("a surrogate in UTF-8", with(b"\xed\xa0\x80")),
            ("half a surrogate pair", with(b"\\ud800")),
            ("a raw NUL", with(b"a\0b")),
            ("a raw line feed", with(b"a\nb")),
            ("an unknown escape", with(b"\\x41")),
            ("deep lists", format!("{{\"a\":{}", "[".repeat(30_000)).into()),
            ("deep objects", "{\"a\":".repeat(10_000).into()),
            ("a deep unknown field", format!("{{\"a\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000)).into()),
        ] {
            route.json(what, body, &[400]);
        }
    }
    target.is_unharmed();
}

#[test]
fn values_that_cannot_be_are_refused() {
    let target = Target::new();
    for route in Route::both(&target) {
        let refused = &[400, 422];
        for (what, body) in [
            ("a list", format!("[\"{MARK}\"]")),
            ("a text", format!("\"{MARK}\"")),
            ("null", "null".to_owned()),
            ("a number", "1".repeat(20_000)),
            ("a field twice", route.good.replace('}', &format!(",\"{}\":\"{MARK}\"}}", route.field))),
            (
                "scopes that are no list",
                route.good.replace("[\"client:read\"]", &format!("{{\"{MARK}\":1}}")),
            ),
            ("nested scopes", route.good.replace("[\"client:read\"]", &format!("[[\"{MARK}\"]]"))),
            ("a number of scopes beyond all measure", {
                let many: Vec<_> = (0..5_000).map(|n| format!("\"a:r{n}\"")).collect();
                route.good.replace("[\"client:read\"]", &format!("[{}]", many.join(",")))
            }),
        ] {
            route.json(what, body, refused);
        }
        for number in ["1e999999", "-1", "0.5", "99999999999999999999999", &"9".repeat(4_000), "NaN", "true"]
        {
            let throttle =
                format!(r#","throttle":{{"ratePerSecond":{number},"burst":{number}}},"cost":{number}}}"#);
            route.json(number, route.good.replace('}', &throttle), refused);
        }
    }
    let [command, _] = Route::both(&target);
    for name in ["a\\u0000b", "\\u202eabc", "a\\u001bb", "", &MARK.repeat(10)] {
        command.json(name, command.good.replace("VALUE", name), &[422]);
    }
    target.is_unharmed();
}

#[test]
fn an_unknown_field_is_refused_by_name_and_its_value_kept_quiet() {
    let target = Target::new();
    for route in Route::both(&target) {
        let body = route.good.replace('}', &format!(",\"colour\":\"{MARK}\"}}"));
        let answer = route.post("an unknown field", "application/json", body.as_bytes());
        assert_eq!(answer.status(), 422);
        let said: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert!(said["errors"].to_string().contains("colour"), "{said}");
    }
    target.is_unharmed();
}

#[test]
fn what_is_too_large_or_of_another_kind_is_refused() {
    let target = Target::new();
    for route in Route::both(&target) {
        let large = route.good.replace("VALUE", &MARK.repeat(64 * 1024 / MARK.len() + 1));
        assert_eq!(route.post("a large body", "application/json", large.as_bytes()).status(), 413);
        let chunked = format!(
            "{}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n",
            route.head,
            large.len()
        );
        assert_eq!(Wire::exchange(&route.address, chunked).status(), 413);
        let announced =
            format!("{}content-type: application/json\r\ncontent-length: 4294967296\r\n\r\n", route.head);
        let mut wire = Wire::connect(&route.address);
        wire.send(announced);
        let answer = wire.try_answer(CUT_OFF / 2).expect("refused by what it says, before it could be late");
        assert_eq!(answer.status(), 413, "{}", answer.head);
        assert_eq!(wire.rest(FAREWELL).as_deref(), Some(&[][..]), "the connection is closed");
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", MARK, "*/*", ""]
        {
            let answer = route.post(kind, kind, route.good.as_bytes());
            assert_eq!(answer.status(), 415, "{kind} at {}", route.address);
        }
    }
    target.is_unharmed();
}

#[test]
fn bad_chunks_end_the_connection() {
    let target = Target::new();
    for route in Route::both(&target) {
        let kind = "content-type: application/json\r\ntransfer-encoding: chunked";
        for chunks in [
            format!("zz\r\n{MARK}\r\n0\r\n\r\n"),
            format!("-1\r\n{MARK}\r\n0\r\n\r\n"),
            format!("ffffffffffffffffff\r\n{MARK}\r\n0\r\n\r\n"),
            format!("1\r\n{MARK}\r\n0\r\n\r\n"),
            format!("\r\n{MARK}\r\n0\r\n\r\n"),
            format!("5 5\r\n{MARK}\r\n0\r\n\r\n"),
        ] {
            let answer =
                until_closed(&chunks, &route.address, format!("{}{kind}\r\n\r\n{chunks}", route.head));
            let found = statuses(&answer);
            assert!(found.len() <= 1 && found.iter().all(|status| *status == 400), "{chunks:?}: {answer}");
        }
    }
    target.is_unharmed();
}
