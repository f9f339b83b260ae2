use std::fmt::{self, Write as _};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
    web::Data,
};

use keyledger_event_log::Position;

use super::{Validator, answers, query::Query};
use crate::{Bearer, Level};

static X_PARTNER_ID: HeaderName = HeaderName::from_static("x-partner-id");
static X_KEY_ID: HeaderName = HeaderName::from_static("x-key-id");
static X_KEY_SCOPES: HeaderName = HeaderName::from_static("x-key-scopes");
static X_LOG_POSITION: HeaderName = HeaderName::from_static("x-log-position");
static RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
static RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Any method `/v1/authorize?scope=…&partner=…`: whether the caller whose headers these are may go on, and who it is. The
/// `RateLimit` headers are those of draft-ietf-httpapi-ratelimit-headers.
pub(crate) async fn authorize(request: HttpRequest, validator: Data<Validator>) -> HttpResponse {
    let answer = || {
        // Read before judging: what is judged holds at least this much of the log.
        let position = validator.index.position();
        let demand = Query(request.query_string());
        validator.admit(&request, &demand, |bearer, level| allowed(bearer, level, position))
    };
    validator.meters.authorize.measure(|| validator.index.nanos(), answer)
}

fn allowed(bearer: &Bearer, level: Level, position: Position) -> HttpResponse {
    let facts = &bearer.0;
    let rate_limit = format_args!("\"key\";r={};t={}", level.remaining, level.seconds_until_full);
    let mut answer = answers::json(StatusCode::OK);
    answer
        .insert_header((X_PARTNER_ID.clone(), facts.partner.header.clone()))
        .insert_header((X_KEY_ID.clone(), short(format_args!("{}", facts.key_id))))
        .insert_header((X_KEY_SCOPES.clone(), facts.scopes.header.clone()))
        .insert_header((RATE_LIMIT_POLICY.clone(), facts.bucket.pace().header.clone()))
        .insert_header((RATE_LIMIT.clone(), short(rate_limit)))
        .insert_header((X_LOG_POSITION.clone(), short(format_args!("{position}"))));
    answer.body(r#"{"status":"ok"}"#)
}

/// A header value of at most 64 characters, written on the stack first so that it costs one allocation.
fn short(text: fmt::Arguments<'_>) -> HeaderValue {
    let mut line = Line { bytes: [0; 64], length: 0 };
    line.write_fmt(text).expect("ids and numbers are short");
    HeaderValue::from_bytes(&line.bytes[..line.length]).expect("ids and numbers are visible ASCII")
}

struct Line {
    bytes: [u8; 64],
    length: usize,
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
