//! What the listeners say where a request cannot come as far as its service.

use actix_web::{HttpResponse, HttpResponseBuilder, http::StatusCode};
use keyledger_listener::Refusal;

const fn status(refusal: Refusal) -> StatusCode {
    match refusal {
        Refusal::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        Refusal::Malformed => StatusCode::BAD_REQUEST,
        Refusal::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
        Refusal::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// In the form of the management API's problems.
pub(super) fn as_problem(refusal: Refusal) -> HttpResponse {
    let (code, detail) = match refusal {
        Refusal::HeadTooLarge => ("head-too-large", "Send at most 32 header fields and 16 KiB of them."),
        Refusal::Malformed => {
            ("malformed", "Send well-formed HTTP/1.1, with no fragment (`#`) in the request target.")
        }
        Refusal::BodyTooSlow => ("body-too-slow", "Send the whole body within 5 seconds."),
        Refusal::Overloaded => {
            ("overloaded", "The registry takes no more requests at the moment; try again.")
        }
    };
    let status = status(refusal);
    HttpResponseBuilder::new(status).content_type("application/problem+json").body(
        serde_json::json!({
            "type": "about:blank",
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "code": code,
            "detail": detail,
        })
        .to_string(),
    )
}

/// In the form of the authentication API's refusals.
pub(super) fn as_message(refusal: Refusal) -> HttpResponse {
    let status = status(refusal);
    let message = status.canonical_reason().unwrap_or_default();
    HttpResponseBuilder::new(status)
        .content_type("application/json")
        .body(format!("{{\"message\":\"{message}\"}}"))
}
