use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};

use super::{Validator, answers};
use crate::WorkingKey;

/// `GET /v1/health`: how a new partner tries a new key. It takes a token, as every request does.
pub(crate) async fn health(request: HttpRequest, validator: Data<Validator>) -> HttpResponse {
    let ok = || answers::json(StatusCode::OK).body(r#"{"status":"ok"}"#);
    let answer = || validator.admit(&request, &WorkingKey, |_, _| ok());
    validator.meters.health.measure(|| validator.index.nanos(), answer)
}
