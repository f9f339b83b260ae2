use std::time::Duration;

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    http::{StatusCode, header::CONTENT_LENGTH},
    web::{Bytes, Data, Payload},
};
use keyledger_domain::{KeyId, PartnerId, Scopes, Timestamp, verdict::Code};
use keyledger_event_log::Position;
use serde::Serialize;

use super::{
    Validator, answers,
    verify_request::{Faulty, VerifyRequest},
};
use crate::{Verdict, index::CannotKnow};

/// The longest body that is read, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// What `/v1/verify` answers. What identifies a key is null unless the secret was right.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    valid: bool,
    code: Code,
    key_id: Option<KeyId>,
    partner_id: Option<&'a PartnerId>,
    scopes: Option<&'a Scopes>,
    /// Null unless the key works.
    throttle: Option<Throttle>,
    expires_at: Option<Timestamp>,
    /// The verdict holds at least this much of the log.
    position: u64,
    /// For how long the log had not been heard; null while the log has not been read to its end yet.
    staleness_ms: Option<u64>,
}

/// A bucket.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Throttle {
    /// The most tokens it holds: the burst.
    limit: u32,
    remaining: u32,
    /// Only where the verdict is THROTTLED; null there too if the cost is more than the bucket ever holds.
    retry_after_seconds: Option<u32>,
}

/// `POST /v1/verify`: the verdict with its reason, for services of the API's own network. It takes `cost` tokens where
/// the key is good for what is asked.
///
/// A key of the registry itself is INSUFFICIENT_SCOPE whatever is asked, as at `/v1/authorize`: it stands for no partner
/// of the API.
pub(crate) async fn verify(request: HttpRequest, body: Payload, validator: Data<Validator>) -> HttpResponse {
    let begun = validator.index.nanos();
    let answer = answer(&request, body, &validator).await;
    let nanos = validator.index.nanos().saturating_sub(begun);
    validator.meters.verify_seconds.record(Duration::from_nanos(nanos));
    answer
}

async fn answer(request: &HttpRequest, body: Payload, validator: &Validator) -> HttpResponse {
    if !request.content_type().eq_ignore_ascii_case("application/json") {
        return answers::unsupported_media_type();
    }
    let body = match read(request, body).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let request = match VerifyRequest::parse(&body) {
        Ok(request) => request,
        Err(Faulty::NotJson) => return answers::bad_request(),
        Err(Faulty::Fields(faults)) => return answers::unprocessable(&faults),
    };
    if !validator.reached(request.min_position).await {
        return answers::unavailable();
    }
    let (position, silence) = (validator.index.position(), validator.index.silence());
    match validator.judge(request.key.as_bytes(), &request, request.cost) {
        Ok(verdict) => {
            let staleness = silence.map(|silence| u64::try_from(silence.as_millis()).unwrap_or(u64::MAX));
            answers::of(StatusCode::OK, &Answer::new(&verdict, position, staleness))
        }
        Err(CannotKnow) => answers::unavailable(),
    }
}

/// The body. One that is announced to be too long is refused before it has come.
async fn read(request: &HttpRequest, body: Payload) -> Result<Bytes, HttpResponse> {
    let announced =
        request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > MAX_BODY as u64) {
        return Err(answers::too_large());
    }
    match body.to_bytes_limited(MAX_BODY).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(answers::bad_request()),
        Err(_) => Err(answers::too_large()),
    }
}

impl<'a> Answer<'a> {
    fn new(verdict: &'a Verdict, position: Position, staleness_ms: Option<u64>) -> Self {
        let bearer = verdict.bearer.as_ref();
        let throttle = bearer.zip(verdict.level).map(|(bearer, level)| Throttle {
            limit: bearer.throttle().burst(),
            remaining: level.remaining,
            retry_after_seconds: verdict.retry_after,
        });
        Self {
            valid: verdict.code == Code::Valid,
            code: verdict.code,
            key_id: bearer.map(|bearer| bearer.key_id()),
            partner_id: bearer.map(|bearer| bearer.partner_id()),
            scopes: bearer.map(|bearer| bearer.scopes()),
            throttle,
            expires_at: bearer.and_then(|bearer| bearer.expires_at()),
            position: position.get(),
            staleness_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use actix_web::{FromRequest, dev, test::TestRequest};

    use super::*;

    /// Whether a body of this announced length, of which nothing comes, is refused as too large.
    fn is_refused(length: usize) -> bool {
        let request = TestRequest::default().insert_header((CONTENT_LENGTH, length)).to_http_request();
        let nothing = Payload::from_request(&request, &mut dev::Payload::None).into_inner();
        let nothing = nothing.expect("any request has a body");
        let read = pin!(read(&request, nothing)).poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(read) = read else { panic!("it waits for more of nothing") };
        read.is_err_and(|refusal| refusal.status() == StatusCode::PAYLOAD_TOO_LARGE)
    }

    #[test]
    fn a_body_announced_too_long_is_refused_by_what_it_says() {
        assert!(!is_refused(MAX_BODY));
        assert!(is_refused(MAX_BODY + 1));
    }
}
