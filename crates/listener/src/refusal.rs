//! What the listener answers in the application's place.

use actix_web::HttpResponse;
use actix_web::body::MessageBody;
use actix_web::http::ConnectionType;
use actix_web::http::header::{CONTENT_LENGTH, HeaderValue, RETRY_AFTER};
use bytes::Bytes;

/// Why the listener answers a request itself. The application says with which words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// More header fields or bytes in the head than allowed: to be answered with 431. The connection closes.
    HeadTooLarge,
    /// What came is no request, or its target holds a fragment: to be answered with 400. The connection closes.
    Malformed,
    /// The body took too long: to be answered with 408. The connection closes.
    BodyTooSlow,
    /// Too many requests are in flight, or connections open: to be answered with 503. `Retry-After: 1` is added unless it is there.
    Overloaded,
}

impl Refusal {
    pub(crate) const ALL: [Self; 4] =
        [Self::HeadTooLarge, Self::Malformed, Self::BodyTooSlow, Self::Overloaded];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::HeadTooLarge => "head-too-large",
            Self::Malformed => "malformed",
            Self::BodyTooSlow => "slow-body",
            Self::Overloaded => "overload",
        }
    }

    /// `response`, with what the protocol wants beside the application's words.
    pub(crate) fn complete(self, mut response: HttpResponse) -> HttpResponse {
        match self {
            Self::HeadTooLarge | Self::Malformed | Self::BodyTooSlow => {
                response.head_mut().set_connection_type(ConnectionType::Close);
            }
            Self::Overloaded => {
                if !response.headers().contains_key(RETRY_AFTER) {
                    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
                }
            }
        }
        response
    }
}

/// `response` as it goes over the wire, for where no request exists that actix could answer. A body that is streamed is left out.
pub(crate) fn encode(response: HttpResponse) -> Vec<u8> {
    let (head, body) = response.into_parts();
    let body = body.try_into_bytes().unwrap_or_else(|_streamed| Bytes::new());
    let status = head.status();
    let mut wire = format!(
        "HTTP/1.1 {} {}\r\nconnection: close\r\ncontent-length: {}\r\n",
        status.as_str(),
        status.canonical_reason().unwrap_or_default(),
        body.len()
    )
    .into_bytes();
    for (name, value) in head.headers().iter().filter(|(name, _)| *name != CONTENT_LENGTH) {
        wire.extend_from_slice(name.as_str().as_bytes());
        wire.extend_from_slice(b": ");
        wire.extend_from_slice(value.as_bytes());
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b"\r\n");
    wire.extend_from_slice(&body);
    wire
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoded_answer_has_status_headers_and_body_and_says_that_it_is_the_last() {
        let response =
            HttpResponse::RequestHeaderFieldsTooLarge().insert_header(("x-why", "large")).body("no");
        let wire = String::from_utf8(encode(response)).expect("the answer is ASCII");
        assert_eq!(
            wire,
            "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 2\r\nx-why: large\r\n\r\nno"
        );
    }

    #[test]
    fn overload_says_when_to_come_back_and_keeps_a_time_that_is_there() {
        let plain = Refusal::Overloaded.complete(HttpResponse::ServiceUnavailable().finish());
        assert_eq!(plain.headers().get(RETRY_AFTER).expect("added"), "1");
        let own = HttpResponse::ServiceUnavailable().insert_header((RETRY_AFTER, "7")).finish();
        assert_eq!(Refusal::Overloaded.complete(own).headers().get(RETRY_AFTER).expect("kept"), "7");
    }
}
