use std::fmt;

use actix_web::{HttpRequest, error::PayloadError, http::StatusCode, http::header, web};
use futures_util::StreamExt;
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use super::{
    headers::{not_json, says_json},
    problem::Problem,
};

/// The most bytes of a body.
const MOST_BYTES: usize = 64 * 1024;

/// The fields of a JSON object as they were sent; a name may stand twice.
pub(super) struct Sent(pub(super) Vec<(String, Value)>);

/// Reads a body. None at all is an empty object: on several routes every field is optional.
pub(super) async fn read(request: &HttpRequest, payload: web::Payload) -> Result<Sent, Problem> {
    let says_json = says_json(request)?;
    let bytes = read_bytes(request, payload).await?;
    if bytes.is_empty() {
        return Ok(Sent(Vec::new()));
    }
    if !says_json {
        return Err(not_json());
    }
    serde_json::from_slice(&bytes).map_err(|error| {
        // The place alone: what stands there is not repeated.
        let (line, column) = (error.line(), error.column());
        Problem::malformed(format!("the body is not a JSON object: see line {line}, column {column}"))
    })
}

pub(super) async fn read_bytes(request: &HttpRequest, mut payload: web::Payload) -> Result<Vec<u8>, Problem> {
    let too_large = || {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            format!("a body has at most {MOST_BYTES} bytes"),
        )
    };
    let length =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > MOST_BYTES) {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(length.unwrap_or_default());
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(broken_off)?;
        if bytes.len() + chunk.len() > MOST_BYTES {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn broken_off(error: PayloadError) -> Problem {
    match error {
        PayloadError::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            Problem::new(StatusCode::REQUEST_TIMEOUT, "slow-body", "the body did not arrive in time")
        }
        _ => Problem::malformed("the body broke off"),
    }
}

impl<'de> Deserialize<'de> for Sent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> de::Visitor<'de> for Fields {
            type Value = Sent;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Sent, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Sent(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use actix_web::{FromRequest, ResponseError, dev, test::TestRequest};
    use futures_util::stream;

    use super::*;

    /// Whether a body of this announced length is refused before any of it has come.
    fn is_refused_at_once(length: usize) -> bool {
        let request = TestRequest::default()
            .insert_header((header::CONTENT_TYPE, "application/json"))
            .insert_header((header::CONTENT_LENGTH, length))
            .to_http_request();
        let mut silent = dev::Payload::Stream { payload: stream::pending().boxed_local() };
        let body =
            web::Payload::from_request(&request, &mut silent).into_inner().expect("any request has a body");
        match pin!(read(&request, body)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(read) => {
                let refusal = read.err().expect("nothing has come");
                assert_eq!(refusal.status_code(), StatusCode::PAYLOAD_TOO_LARGE);
                true
            }
            Poll::Pending => false,
        }
    }

    #[test]
    fn a_body_announced_too_long_is_refused_before_it_has_come() {
        assert!(!is_refused_at_once(MOST_BYTES));
        assert!(is_refused_at_once(MOST_BYTES + 1));
    }
}
