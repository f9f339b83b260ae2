use reqwest::header::HeaderMap;
use serde_json::Value;

/// An HTTP answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, byte for byte.
    pub body: Vec<u8>,
}

impl Answer {
    /// The same answer, which has this status.
    ///
    /// # Panics
    /// Where it has another one.
    #[track_caller]
    pub fn expecting(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// Its body as text; what is not UTF-8 shows as such.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Its body as JSON.
    ///
    /// # Panics
    /// Where it is none.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(json) => json,
            Err(error) => panic!("status {}, no JSON ({error}): {}", self.status, self.text()),
        }
    }

    /// Its body as lines of JSON.
    ///
    /// # Panics
    /// Where a line is none.
    #[must_use]
    #[track_caller]
    pub fn lines(&self) -> Vec<Value> {
        let parse = |line: &str| match serde_json::from_str(line) {
            Ok(json) => json,
            Err(error) => panic!("no JSON ({error}): {line}"),
        };
        self.text().lines().map(parse).collect()
    }

    /// A header's only value.
    ///
    /// # Panics
    /// Where the header is missing, doubled or no text.
    #[must_use]
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let values: Vec<_> = self.headers.get_all(name).iter().collect();
        match values.as_slice() {
            [value] => value.to_str().unwrap_or_else(|_| panic!("{name} is no text")),
            [] => panic!("status {}, no {name} among {:?}", self.status, self.headers),
            _ => panic!("{name} has {} values", values.len()),
        }
    }

    /// The head of the log that the answer was made from.
    ///
    /// # Panics
    /// Where `X-Log-Position` is missing or no number.
    #[must_use]
    #[track_caller]
    pub fn position(&self) -> u64 {
        let text = self.header("x-log-position");
        text.parse().unwrap_or_else(|_| panic!("X-Log-Position is {text}"))
    }

    /// Checks that it is a problem (RFC 9457) with this status and code, and returns it.
    ///
    /// # Panics
    /// Where it is something else.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        assert_eq!(problem["requestId"], self.header("x-request-id"), "{problem}");
        problem
    }

    /// The names of the fields that a 422 found faulty, in order.
    ///
    /// # Panics
    /// Where it is no 422 that names fields.
    #[must_use]
    #[track_caller]
    pub fn faulty_fields(&self) -> Vec<String> {
        assert_eq!(self.status, 422, "{}", self.text());
        let problem = self.json();
        let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("no errors in {problem}"));
        errors.iter().map(|error| error["field"].as_str().expect("a field has a name").to_owned()).collect()
    }
}
