use actix_web::HttpRequest;
use keyledger_secret::{Marker, holds_secret};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::problem::Problem;

/// What stands in the place of a name that cannot be repeated.
pub(super) const WITHHELD: &str = "(withheld)";

/// Refuses a request that has a secret in its path or its query.
pub(super) fn refuse_in_address(marker: Marker, request: &HttpRequest) -> Result<(), Problem> {
    let holds = |text: &str| {
        holds_secret(marker, text) || holds_secret(marker, &percent_decode_str(text).decode_utf8_lossy())
    };
    if holds(request.path()) || holds(request.uri().path()) {
        Err(Problem::holds_secret(vec!["path".to_owned()]))
    } else if holds(request.query_string()) {
        Err(Problem::holds_secret(vec!["query".to_owned()]))
    } else {
        Ok(())
    }
}

/// Refuses a body that has a secret anywhere: in a text or in a name, however deep.
pub(super) fn refuse_in_body(marker: Marker, fields: &[(String, Value)]) -> Result<(), Problem> {
    let mut found = Vec::new();
    for (name, value) in fields {
        if holds_secret(marker, name) {
            found.push(WITHHELD.to_owned());
        } else if holds(marker, value) {
            found.push(speakable(name).to_owned());
        }
    }
    if found.is_empty() { Ok(()) } else { Err(Problem::holds_secret(found)) }
}

fn holds(marker: Marker, value: &Value) -> bool {
    match value {
        Value::String(text) => holds_secret(marker, text),
        Value::Array(values) => values.iter().any(|value| holds(marker, value)),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| holds_secret(marker, name) || holds(marker, value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A field's name as an answer may repeat it: a short word, and otherwise nothing of it.
pub(super) fn speakable(name: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if (1..=40).contains(&name.len()) && name.bytes().all(plain) { name } else { WITHHELD }
}
