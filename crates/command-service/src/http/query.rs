use actix_web::HttpRequest;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::{
    fields::{Faults, Fields},
    problem::Problem,
};

/// The parameters of the query, read by the same rules as the fields of a body.
pub(super) fn read(request: &HttpRequest) -> Result<Fields, Problem> {
    let decode = |text: &str| {
        let spaced = text.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8().map(|text| text.into_owned());
        decoded.map_err(|_| Problem::malformed("the query is not UTF-8"))
    };
    let mut sent = Vec::new();
    for pair in request.query_string().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        sent.push((decode(name)?, Value::String(decode(value)?)));
    }
    Ok(Fields::new(sent))
}

/// A whole number of a range, in digits.
pub(super) fn number(least: u64, most: u64) -> impl FnOnce(&Value, &str, &mut Faults) -> Option<u64> {
    move |value, field, faults| {
        let digits = value.as_str().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let number =
            digits.and_then(|digits| digits.parse().ok()).filter(|number| (least..=most).contains(number));
        if number.is_none() {
            faults.push(field, format!("must be a whole number between {least} and {most}"));
        }
        number
    }
}
