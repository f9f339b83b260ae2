//! Every request of a run, and every byte that was answered.

use keyledger_tests::{Addresses, Created, RawAnswer, Wire};
use serde_json::Value;

/// What was asked, and what came back.
pub(super) struct Trail {
    addresses: Addresses,
    operator: String,
    answers: Vec<(String, Vec<u8>)>,
}

impl Trail {
    pub(super) fn new(addresses: Addresses, operator: &str) -> Self {
        Self { addresses, operator: operator.to_owned(), answers: Vec::new() }
    }

    pub(super) fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    pub(super) fn answers(&self) -> &[(String, Vec<u8>)] {
        &self.answers
    }

    /// Keeps what something said.
    pub(super) fn keep(&mut self, request: String, answer: Vec<u8>) {
        self.answers.push((request, answer));
    }

    /// Sends a request as the first operator; any body but null is sent as JSON.
    #[track_caller]
    pub(super) fn manage(&mut self, method: &str, path: &str, body: &Value, status: u16) -> RawAnswer {
        let answer = self.operate(method, path, "", body);
        assert_eq!(answer.status(), status, "{}", String::from_utf8_lossy(&answer.body));
        self.keep(format!("{method} {path}"), bytes(&answer));
        answer
    }

    /// Sends a request whose answer shows a secret, and sends it again under the same idempotency key; all that was
    /// answered is kept, but for the secret the first time.
    #[track_caller]
    pub(super) fn secret(&mut self, path: &str, body: &Value, status: u16) -> Created {
        let once = format!("idempotency-key: once-{}\r\n", self.answers.len());
        let answer = self.operate("POST", path, &once, body);
        assert_eq!(answer.status(), status, "{}", String::from_utf8_lossy(&answer.body));
        let again = self.operate("POST", path, &once, body);
        assert_eq!(again.status(), status, "{}", String::from_utf8_lossy(&again.body));
        self.keep(format!("POST {path}, again"), bytes(&again));
        let json: Value = serde_json::from_slice(&answer.body).expect("JSON");
        let text = |value: &Value| value.as_str().expect("a key and its secret").to_owned();
        let (key, secret) = (&json["key"], text(&json["secret"]));
        let whole = String::from_utf8(bytes(&answer)).expect("an answer is text");
        self.keep(format!("POST {path}"), whole.replacen(&secret, "", 1).into_bytes());
        let [id, partner, prefix] = ["keyId", "partnerId", "prefix"].map(|field| text(&key[field]));
        Created { id, partner, prefix, secret, key: key.clone() }
    }

    /// Asks the operations listener.
    pub(super) fn ops(&mut self, path: &str) {
        let answer =
            Wire::exchange(&self.addresses.ops, format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n"));
        self.keep(format!("GET {path}"), bytes(&answer));
    }

    /// Sends the same bytes to all three listeners, and keeps what each says.
    pub(super) fn send_to_all(&mut self, what: &str, request: &str) {
        let Addresses { command, validator, ops, .. } = self.addresses.clone();
        for address in [command, validator, ops] {
            let answer = Wire::exchange(&address, request);
            assert!(answer.status() < 500 || answer.status() == 503, "{what}: {}", answer.head);
            self.keep(format!("{what} at {address}"), bytes(&answer));
        }
    }

    /// The head that a request as the first operator begins with.
    pub(super) fn operator_head(&self) -> String {
        format!("host: test\r\nx-api-key: {}\r\n", self.operator)
    }

    fn operate(&self, method: &str, path: &str, headers: &str, body: &Value) -> RawAnswer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let kind = if body.is_empty() { "" } else { "content-type: application/json\r\n" };
        let head = self.operator_head() + headers;
        let length = body.len();
        let request =
            format!("{method} {path} HTTP/1.1\r\n{head}{kind}content-length: {length}\r\n\r\n{body}");
        Wire::exchange(&self.addresses.command, request)
    }
}

fn bytes(answer: &RawAnswer) -> Vec<u8> {
    [answer.head.as_bytes(), &answer.body].concat()
}
