use actix_web::{
    HttpRequest,
    http::{StatusCode, header},
};
use keyledger_secret::{Marker, holds_secret};

use super::problem::Problem;
use crate::Revisions;

/// The revisions that `If-Match` names (RFC 9110, section 13.1.1). Ours are strong and numbers; any other tag is of no
/// revision.
pub(super) fn if_match(request: &HttpRequest) -> Result<Revisions, Problem> {
    let mut revisions = Vec::new();
    let mut present = false;
    for value in request.headers().get_all(header::IF_MATCH) {
        present = true;
        let malformed = || Problem::malformed("If-Match is * or a list of entity tags, each in quotes");
        for tag in value.to_str().map_err(|_| malformed())?.split(',').map(str::trim) {
            if tag == "*" {
                return Ok(Revisions::Any);
            }
            let weak = tag.starts_with("W/");
            let opaque = tag.strip_prefix("W/").unwrap_or(tag);
            let opaque =
                opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(malformed)?;
            revisions
                .extend(opaque.parse::<u64>().ok().filter(|number| !weak && number.to_string() == opaque));
        }
    }
    Ok(if present { Revisions::OneOf(revisions) } else { Revisions::Any })
}

/// The revision of a stream as an entity tag.
pub(super) fn etag(revision: u64) -> (header::HeaderName, String) {
    (header::ETAG, format!("\"{revision}\""))
}

/// The idempotency key, if there is one.
pub(super) fn idempotency_key(marker: Marker, request: &HttpRequest) -> Result<Option<String>, Problem> {
    const NAME: &str = "Idempotency-Key";
    let mut values = request.headers().get_all("idempotency-key");
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::malformed("Idempotency-Key was sent more than once"));
    }
    let printable = value.as_bytes().iter().all(|byte| (b' '..=b'~').contains(byte));
    let text = value.to_str().ok().filter(|text| printable && (1..=255).contains(&text.len()));
    let text =
        text.ok_or_else(|| Problem::malformed("Idempotency-Key has 1 to 255 printable ASCII characters"))?;
    if holds_secret(marker, text) {
        return Err(Problem::holds_secret(vec![NAME.to_owned()]));
    }
    Ok(Some(text.to_owned()))
}

/// Whether the body is said to be JSON; none where nothing is said.
pub(super) fn says_json(request: &HttpRequest) -> Result<bool, Problem> {
    let encoded = request.headers().get(header::CONTENT_ENCODING).is_some_and(|value| value != "identity");
    let mut types = request.headers().get_all(header::CONTENT_TYPE);
    let Some(value) = types.next() else { return if encoded { Err(not_json()) } else { Ok(false) } };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if encoded || types.next().is_some() || !essence.eq_ignore_ascii_case("application/json") {
        return Err(not_json());
    }
    Ok(true)
}

/// The refusal of a body that is something else.
pub(super) fn not_json() -> Problem {
    let detail = "send the body as application/json, not encoded";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", detail)
}
