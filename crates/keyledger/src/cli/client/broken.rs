//! What it means that no answer came.

use anyhow::anyhow;
use reqwest::{Method, Url};

/// Whether the way broke after the request had left: it may have been done, and may be asked again.
pub(super) fn is_break(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<reqwest::Error>();
    error.is_some_and(|error| !error.is_connect() && !error.is_timeout() && !error.is_builder())
}

/// One line about it, where the request may be more than a question.
pub(super) fn explain_any(error: anyhow::Error, method: &Method, base: &Url) -> anyhow::Error {
    match error.downcast_ref::<reqwest::Error>() {
        Some(broken) => explain(broken, method, base),
        None => error,
    }
}

/// One line about it.
pub(super) fn explain(error: &reqwest::Error, method: &Method, base: &Url) -> anyhow::Error {
    let base = base.as_str().trim_end_matches('/');
    let causes = causes(error);
    if error.is_connect() && causes.iter().any(|cause| is_tls(cause)) {
        anyhow!(
            "no safe connection to {base}: {}; correct client.url, or name the issuer in SSL_CERT_FILE",
            last(&causes)
        )
    } else if error.is_connect() {
        anyhow!(
            "no registry answers at {base} ({}): start one with `keyledger serve`, or set client.url",
            last(&causes)
        )
    } else {
        let what = if error.is_timeout() { "did not answer in time" } else { "broke the connection" };
        let then = match *method {
            Method::GET => "try again",
            _ => "it may have done what was asked: look before you try again",
        };
        anyhow!("{base} {what} ({}); {then}", last(&causes))
    }
}

/// The error and what caused it, the first cause last.
fn causes(error: &reqwest::Error) -> Vec<String> {
    let first: &dyn std::error::Error = error;
    std::iter::successors(Some(first), |error| error.source()).map(ToString::to_string).collect()
}

fn last(causes: &[String]) -> &str {
    causes.last().map_or("", String::as_str)
}

fn is_tls(cause: &str) -> bool {
    ["certificate", "tls", "TLS", "corrupt message"].iter().any(|word| cause.contains(word))
}
