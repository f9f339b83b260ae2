//! The answers, byte for byte. One function makes each, so that causes that must look the same do.

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER},
    },
};
use keyledger_domain::verdict::Code;
use serde::Serialize;

use super::verify_request::Fault;
use crate::Verdict;

/// When to come back to a validator that cannot know: it may be a moment from knowing.
const SOON: HeaderValue = HeaderValue::from_static("1");

/// An answer in JSON with this status.
pub(crate) fn json(status: StatusCode) -> HttpResponseBuilder {
    let mut answer = HttpResponseBuilder::new(status);
    answer.insert_header((CONTENT_TYPE, HeaderValue::from_static("application/json")));
    answer
}

/// The answer to a verdict other than VALID.
pub(crate) fn refusal(verdict: &Verdict) -> HttpResponse {
    match verdict.code {
        Code::WrongPartner | Code::InsufficientScope => not_allowed(),
        Code::Throttled => too_many_requests(verdict.retry_after),
        Code::Malformed | Code::Unknown | Code::Revoked | Code::Superseded | Code::Expired | Code::Valid => {
            forbidden()
        }
    }
}

/// No key, or one that does not work: one answer for all causes.
pub(crate) fn forbidden() -> HttpResponse {
    json(StatusCode::FORBIDDEN).body(r#"{"message":"Forbidden"}"#)
}

fn not_allowed() -> HttpResponse {
    json(StatusCode::FORBIDDEN).body(r#"{"error":{"code":"FORBIDDEN","message":"Operation not allowed"}}"#)
}

fn too_many_requests(retry_after: Option<u32>) -> HttpResponse {
    let mut answer = json(StatusCode::TOO_MANY_REQUESTS);
    if let Some(seconds) = retry_after {
        answer.insert_header((RETRY_AFTER, HeaderValue::from(seconds)));
    }
    answer.body(r#"{"message":"Too Many Requests"}"#)
}

/// It is not clear what was meant.
pub(crate) fn bad_request() -> HttpResponse {
    json(StatusCode::BAD_REQUEST).body(r#"{"message":"Bad Request"}"#)
}

/// The validator cannot know.
pub(crate) fn unavailable() -> HttpResponse {
    let mut answer = json(StatusCode::SERVICE_UNAVAILABLE);
    answer.insert_header((RETRY_AFTER, SOON)).body(r#"{"message":"Service Unavailable"}"#)
}

/// There is no such route.
pub(crate) fn not_found() -> HttpResponse {
    json(StatusCode::NOT_FOUND).body(r#"{"message":"Not Found"}"#)
}

/// The route has other methods.
pub(crate) fn method_not_allowed(methods: &'static str) -> HttpResponse {
    let mut answer = json(StatusCode::METHOD_NOT_ALLOWED);
    answer
        .insert_header((ALLOW, HeaderValue::from_static(methods)))
        .body(r#"{"message":"Method Not Allowed"}"#)
}

/// The body is too long.
pub(crate) fn too_large() -> HttpResponse {
    json(StatusCode::PAYLOAD_TOO_LARGE).body(r#"{"message":"Payload Too Large"}"#)
}

/// The body does not say that it is JSON.
pub(crate) fn unsupported_media_type() -> HttpResponse {
    json(StatusCode::UNSUPPORTED_MEDIA_TYPE).body(r#"{"message":"Unsupported Media Type"}"#)
}

/// The body is JSON, and these fields of it are at fault.
pub(crate) fn unprocessable(errors: &[Fault]) -> HttpResponse {
    #[derive(Serialize)]
    struct Body<'a> {
        message: &'static str,
        errors: &'a [Fault],
    }
    of(StatusCode::UNPROCESSABLE_ENTITY, &Body { message: "Unprocessable Content", errors })
}

/// An answer with a body of its own.
pub(crate) fn of(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    json(status).body(serde_json::to_vec(body).expect("answers are made of texts, numbers and lists"))
}
