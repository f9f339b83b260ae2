use actix_web::web;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{body, entrance::Entrance, fields::Fields, headers, problem::Problem, secrets};
use crate::{IdempotencyKey, Request, Revisions};

/// A command as it was sent: its fields, still to be read, and what its headers say.
pub(super) struct Sent {
    pub(super) fields: Fields,
    pub(super) request: Request,
    pub(super) revisions: Revisions,
}

impl Entrance {
    /// Reads the headers and then the body of a command.
    pub(super) async fn command(&self, payload: web::Payload) -> Result<Sent, Problem> {
        let marker = self.service().parts().marker;
        let revisions = headers::if_match(&self.http)?;
        // The other methods repeat without harm: the same edit or catalogue again records nothing.
        let is_post = self.http.method() == actix_web::http::Method::POST;
        let key = if is_post { headers::idempotency_key(marker, &self.http)? } else { None };
        let body::Sent(sent) = body::read(&self.http, payload).await?;
        secrets::refuse_in_body(marker, &sent)?;
        let idempotency = key.map(|key| IdempotencyKey { key, digest: self.digest(&sent) });
        Ok(Sent { fields: Fields::new(sent), request: Request { idempotency, ..self.request() }, revisions })
    }

    /// What tells two requests apart under one idempotency key: SHA-256 over method, route and body, each after its
    /// length; of the body it is what was said that counts, not the order of fields or the white space.
    fn digest(&self, sent: &[(String, Value)]) -> [u8; 32] {
        let body = canonical(sent.iter().map(|(name, value)| (name.as_str(), value)));
        let mut hasher = Sha256::new();
        for part in [self.http.method().as_str(), self.http.path(), &body] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        hasher.finalize().into()
    }
}

/// An object with its fields in the order of their names, however deep.
fn canonical<'a>(fields: impl Iterator<Item = (&'a str, &'a Value)>) -> String {
    let mut fields: Vec<_> =
        fields.map(|(name, value)| format!("{}:{}", Value::from(name), sorted(value))).collect();
    fields.sort();
    format!("{{{}}}", fields.join(","))
}

fn sorted(value: &Value) -> String {
    match value {
        Value::Object(fields) => canonical(fields.iter().map(|(name, value)| (name.as_str(), value))),
        Value::Array(values) => format!("[{}]", values.iter().map(sorted).collect::<Vec<_>>().join(",")),
        plain => plain.to_string(),
    }
}

/// Runs a command to its end, also where whoever asked has hung up meanwhile: half a partner's revocation is none.
pub(super) async fn to_its_end<T: Send + 'static>(
    command: impl Future<Output = T> + Send + 'static,
) -> Result<T, Problem> {
    use tracing::Instrument;
    tokio::spawn(command.in_current_span()).await.map_err(|error| {
        tracing::error!(%error, "a command broke off");
        Problem::unavailable(
            "outcome-unknown",
            "the command broke off; its outcome is unknown. Look before you repeat it",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical_of(json: &str) -> String {
        let body::Sent(sent) = serde_json::from_str(json).expect("an object");
        canonical(sent.iter().map(|(name, value)| (name.as_str(), value)))
    }

    #[test]
    fn the_order_of_fields_and_white_space_do_not_make_another_request() {
        let one = canonical_of(r#"{"b":[1,{"y":2,"x":null}],"a":"ä"}"#);
        assert_eq!(one, canonical_of(r#" { "a": "\u00e4", "b": [1, {"x": null, "y": 2}] }"#));
        assert_ne!(one, canonical_of(r#"{"a":"ä","b":[{"x":null,"y":2},1]}"#));
        assert_ne!(canonical_of(r#"{"a":"1"}"#), canonical_of(r#"{"a":1}"#));
    }
}
