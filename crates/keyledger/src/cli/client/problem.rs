//! What the registry says when it refuses (RFC 9457), as one line.

use anyhow::anyhow;
use reqwest::{StatusCode, Url};
use serde::Deserialize;

use super::not_a_registry;
use crate::output::one_line;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Problem {
    code: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    errors: Vec<FieldError>,
    #[serde(default)]
    matches: Vec<Match>,
    request_id: Option<String>,
}

#[derive(Deserialize)]
struct FieldError {
    #[serde(default)]
    field: String,
    #[serde(alias = "message")]
    detail: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Match {
    key_id: String,
    partner_id: String,
}

/// The refusal and every faulty field in one line, with the id under which the registry's log tells more.
pub(super) fn explain(status: StatusCode, body: &[u8], base: &Url) -> anyhow::Error {
    let Ok(problem) = serde_json::from_slice::<Problem>(body) else {
        return not_a_registry(base).context(format!("{base} answered {status}"));
    };
    let mut said = match status {
        StatusCode::UNAUTHORIZED => {
            "the registry does not know the management key: set client.key_file".to_owned()
        }
        // The fields say it all.
        _ if problem.code == "invalid" && !problem.errors.is_empty() => String::new(),
        _ if problem.detail.is_empty() => problem.code.clone(),
        _ => problem.detail.trim_end_matches('.').to_owned(),
    };
    let fields = problem.errors.iter().map(|FieldError { field, detail }| format!("{field} {detail}"));
    let keys =
        problem.matches.iter().map(|Match { key_id, partner_id }| format!("key {key_id} of {partner_id}"));
    for more in fields.chain(keys) {
        let between = if said.is_empty() { "" } else { "; " };
        said = format!("{said}{between}{more}");
    }
    let about = problem.request_id.map(|id| format!(", request {id}")).unwrap_or_default();
    anyhow!("{}", one_line(&format!("{said} ({}{about})", problem.code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(status: u16, body: &str) -> String {
        let base = Url::parse("http://127.0.0.1:8080").expect("a URL");
        format!("{:#}", explain(StatusCode::from_u16(status).expect("a status"), body.as_bytes(), &base))
    }

    #[test]
    fn every_faulty_field_stands_in_one_line() {
        let body = r#"{"code":"invalid","detail":"The request\nis invalid.","requestId":"r1",
            "errors":[{"field":"name","message":"must not be empty"},{"field":"scopes[0]","message":"is not a scope"}]}"#;
        let line = "name must not be empty; scopes[0] is not a scope (invalid, request r1)";
        assert_eq!(explained(422, body), line);
    }

    #[test]
    fn an_unknown_management_key_says_where_it_came_from() {
        assert!(explained(401, r#"{"code":"unauthorized","detail":"x"}"#).contains("set client.key_file"));
    }

    #[test]
    fn what_is_no_problem_is_no_registry() {
        for body in ["", "<html>", "{}", "[]"] {
            let line = explained(502, body);
            assert!(line.contains("502") && line.contains("is not a registry"), "{line}");
        }
    }

    #[test]
    fn the_keys_that_share_a_prefix_are_listed() {
        let body = r#"{"code":"ambiguous","detail":"Two.","matches":[{"keyId":"k1","partnerId":"a"},{"keyId":"k2","partnerId":"b"}]}"#;
        assert_eq!(explained(409, body), "Two; key k1 of a; key k2 of b (ambiguous)");
    }
}
