//! What the listeners say where a request cannot come as far as its service.

use actix_web::{HttpResponse, HttpResponseBuilder, http::StatusCode};
use keyledger_domain::{Clock, envelope::uuid_v7};
use keyledger_listener::Refusal;
use keyledger_secret::Randomness;

use crate::environment::{OsRandomness, SystemClock};

const fn status(refusal: Refusal) -> StatusCode {
    match refusal {
        Refusal::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        Refusal::Malformed => StatusCode::BAD_REQUEST,
        Refusal::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
        Refusal::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// In the form of the management API's problems. The log is not asked for its position: what is refused here must cost
/// nothing.
pub(crate) fn as_problem(refusal: Refusal) -> HttpResponse {
    let (code, detail) = match refusal {
        Refusal::HeadTooLarge => ("head-too-large", "send at most 32 header fields and 16 KiB of them"),
        Refusal::Malformed => {
            ("malformed", "send well-formed HTTP/1.1, with no fragment (`#`) in the request target")
        }
        Refusal::BodyTooSlow => {
            ("slow-body", "the body did not arrive in time: send all of it within 5 seconds")
        }
        Refusal::Overloaded => {
            ("overloaded", "this process takes no more requests at the moment; nothing was done. Try again")
        }
    };
    let status = status(refusal);
    let mut random = [0; 10];
    OsRandomness.fill(&mut random);
    let request_id = uuid_v7(SystemClock.now(), random).to_string();
    let problem = serde_json::json!({
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "code": code,
        "detail": detail,
        "requestId": request_id,
    });
    HttpResponseBuilder::new(status)
        .insert_header(("X-Request-Id", request_id))
        .insert_header(("Cache-Control", "no-store"))
        .content_type("application/problem+json")
        .body(problem.to_string())
}

/// In the form of the authentication API's refusals.
pub(crate) fn as_message(refusal: Refusal) -> HttpResponse {
    let status = status(refusal);
    let message = status.canonical_reason().unwrap_or_default();
    HttpResponseBuilder::new(status)
        .content_type("application/json")
        .body(format!("{{\"message\":\"{message}\"}}"))
}

#[cfg(test)]
mod tests {
    use actix_web::body::MessageBody;

    use super::*;

    #[test]
    fn a_problem_of_a_listener_names_its_request_as_every_other_problem_does() {
        for (refusal, status, code) in [
            (Refusal::HeadTooLarge, 431, "head-too-large"),
            (Refusal::Malformed, 400, "malformed"),
            (Refusal::BodyTooSlow, 408, "slow-body"),
            (Refusal::Overloaded, 503, "overloaded"),
        ] {
            let answer = as_problem(refusal);
            assert_eq!(answer.status().as_u16(), status);
            let request_id = answer.headers().get("x-request-id").expect("an id").clone();
            let body = answer.into_body().try_into_bytes().expect("a whole body");
            let problem: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            assert_eq!(problem["requestId"], request_id.to_str().expect("a text"));
            assert_eq!((&problem["status"], &problem["code"]), (&status.into(), &code.into()));
        }
        let id = |answer: HttpResponse| answer.headers().get("x-request-id").cloned();
        assert_ne!(id(as_problem(Refusal::Overloaded)), id(as_problem(Refusal::Overloaded)));
    }
}
