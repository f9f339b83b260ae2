use actix_web::{
    Error, HttpMessage as _,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderName, HeaderValue},
    middleware::Next,
    web,
};
use keyledger_domain::envelope::uuid_v7;
use tracing::Instrument as _;

use super::{
    answer::{Turned, is_partial},
    safe::is_encrypted,
};
use crate::Portal;

/// Names a request in events and logs. Chosen here: what a browser sends is never kept.
#[derive(Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// What pages may load and do: files of ours alone, no script and no style in a page, in no frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What every answer says to browsers. The referrer is not withheld from ourselves: with `no-referrer`, browsers would not say
/// of a form where it comes from.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Whoever came by https once comes by nothing else (RFC 6797).
const FOR_A_YEAR: &str = "max-age=31536000";

/// Why somebody was turned away, for a page that is open.
fn in_a_sentence(error: Option<&Error>) -> &'static str {
    match error.and_then(|error| error.as_error::<Turned>()) {
        Some(Turned::Unavailable(_)) => {
            "The registry cannot answer at this moment. Look whether it happened before you try again."
        }
        Some(Turned::Foreign) => "This page is from an earlier sign-in. Reload it and try again.",
        Some(Turned::NotFound) => "That is not there any more. Reload the page.",
        Some(Turned::HoldsSecret) => {
            "What you typed holds a whole key, so nothing was recorded. Revoke that key."
        }
        _ => "That did not work. Nothing was changed. Reload the page and try again.",
    }
}

/// What every answer of the portal has in common: a request id, headers that keep pages safe, a span.
pub(crate) async fn finish(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let portal =
        request.app_data::<web::Data<Portal>>().cloned().expect("routes are configured with their portal");
    let request_id = uuid_v7(portal.clock.now(), portal.random()).to_string();
    request.extensions_mut().insert(RequestId(request_id.clone()));
    let span = tracing::info_span!("portal", request_id, page = tracing::field::Empty);
    let partial = is_partial(request.request());
    let encrypted = is_encrypted(&portal, request.request());
    let mut answer = next.call(request).instrument(span.clone()).await?;
    let failed = answer.status().is_client_error() || answer.status().is_server_error();
    let said = in_a_sentence(answer.response().error());
    let headers = answer.headers_mut();
    if partial && failed {
        // A page of its own has no place within the one that is open: that one says it.
        let said = serde_json::json!({ "say": { "said": said } }).to_string();
        headers.insert(HeaderName::from_static("hx-reswap"), HeaderValue::from_static("none"));
        if let Ok(said) = HeaderValue::try_from(said) {
            headers.insert(HeaderName::from_static("hx-trigger"), said);
        }
    }
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if encrypted {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(FOR_A_YEAR));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    let status = answer.status().as_u16();
    span.in_scope(|| tracing::info!(status, "answered"));
    Ok(answer)
}
