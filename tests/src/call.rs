use std::sync::LazyLock;
use std::time::Duration;

use reqwest::Method;
use reqwest::blocking::{Client as Http, RequestBuilder, Response};
use serde_json::Value;

use crate::Answer;

/// How long an answer may take on a busy machine before a test calls it missing.
const ANSWER: Duration = Duration::from_secs(30);

/// One pool of connections for all: making another loads every certificate of the machine.
static HTTP: LazyLock<Http> = LazyLock::new(|| {
    let builder = Http::builder().timeout(ANSWER).no_proxy().redirect(reqwest::redirect::Policy::none());
    builder.build().expect("an HTTP client")
});

/// One listener of a registry, as seen by one caller.
#[derive(Clone, Debug)]
pub struct Client {
    base: String,
    key: Option<String>,
}

/// A request that is being put together.
pub struct Call(RequestBuilder);

impl Client {
    /// A caller of the listener at `base`, with a key for each call or without.
    #[must_use]
    pub fn new(base: &str, key: Option<&str>) -> Self {
        Self { base: base.to_owned(), key: key.map(ToOwned::to_owned) }
    }

    /// Where it is.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The same API, as whoever holds `key`.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Self::new(&self.base, Some(key))
    }

    /// A request with any method; `path` begins with a slash and may hold a query.
    ///
    /// # Panics
    /// Where `method` is none.
    #[must_use]
    pub fn call(&self, method: &str, path: &str) -> Call {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let call = Call(HTTP.request(method, format!("{}{path}", self.base)));
        match &self.key {
            Some(key) => call.key(key),
            None => call,
        }
    }

    /// A `GET`.
    #[must_use]
    pub fn get(&self, path: &str) -> Call {
        self.call("GET", path)
    }

    /// A `POST` of JSON.
    #[must_use]
    pub fn post(&self, path: &str, body: &Value) -> Call {
        self.call("POST", path).json(body)
    }

    /// A `PATCH` with JSON.
    #[must_use]
    pub fn patch(&self, path: &str, body: &Value) -> Call {
        self.call("PATCH", path).json(body)
    }

    /// A `PUT` of JSON.
    #[must_use]
    pub fn put(&self, path: &str, body: &Value) -> Call {
        self.call("PUT", path).json(body)
    }
}

impl Call {
    /// Adds a header; one that is there already gets a second value.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    /// Adds an `x-api-key`.
    #[must_use]
    pub fn key(self, secret: &str) -> Self {
        self.header("x-api-key", secret)
    }

    /// Sends JSON.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        Self(self.0.json(body))
    }

    /// Sends any bytes under any content type.
    #[must_use]
    pub fn body(self, content_type: &str, body: &[u8]) -> Self {
        Self(self.0.header("content-type", content_type).body(body.to_vec()))
    }

    /// Sends it and reads the answer.
    ///
    /// # Panics
    /// Where there is no answer.
    #[track_caller]
    pub fn send(self) -> Answer {
        self.try_send().unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }

    /// Sends it and reads the answer, where none is an answer too: the process may be killed meanwhile.
    ///
    /// # Errors
    /// Where the connection was refused or broke, or nothing came for half a minute.
    pub fn try_send(self) -> Result<Answer, reqwest::Error> {
        let response = self.0.send()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, body: response.bytes()?.to_vec() })
    }

    /// Sends it and returns once the head of the answer is there; its body is read bit by bit, without a time limit.
    ///
    /// # Panics
    /// Where there is no answer.
    #[track_caller]
    pub fn stream(self) -> Response {
        self.0.timeout(Duration::from_secs(600)).send().unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }
}
