use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{CACHE_CONTROL, HeaderName, HeaderValue},
    middleware::Next,
    web,
};
use keyledger_domain::envelope::uuid_v7;
use tracing::Instrument;

use super::{Api, problem::Problem};

/// Names a request in its answer, its events and the logs. Chosen here: what a caller sends is never kept.
pub(super) struct RequestId(pub(super) String);

/// The name of the operation that a request reached.
#[derive(Clone, Copy)]
pub(super) struct Operation(pub(super) &'static str);

const POSITION: HeaderName = HeaderName::from_static("x-log-position");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What every answer has in common: a request id, the head of the log, problems in one form, a span, metrics.
pub(crate) async fn finish(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let api = request.app_data::<web::Data<Api>>().cloned().expect("routes are configured with their api");
    let began = tokio::time::Instant::now();
    let service = &api.service;
    let request_id = uuid_v7(service.now(), service.random()).to_string();
    request.extensions_mut().insert(RequestId(request_id.clone()));
    let span = tracing::info_span!(
        "management_api",
        request_id,
        operation = tracing::field::Empty,
        status = tracing::field::Empty
    );
    let answer = next.call(request).instrument(span.clone()).await?.map_into_boxed_body();
    let mut answer = in_one_form(answer, &request_id);
    let status = answer.status();
    span.record("status", status.as_u16());
    let operation = answer.request().extensions().get::<Operation>().copied().unwrap_or(Operation("none"));
    // Validators report as often as there are events, and know the log themselves.
    let head = if operation.0 == "report_validator" { service.known_head() } else { service.head().await };
    let head = head.get();
    let headers = answer.headers_mut();
    headers.insert(POSITION, HeaderValue::from(head));
    headers.insert(REQUEST_ID, HeaderValue::try_from(request_id).expect("a UUID is a header's value"));
    // The key is in a header that caches do not know as one that tells callers apart.
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    let outcome = if status.is_server_error() {
        "failed"
    } else if status.is_client_error() {
        "refused"
    } else {
        "done"
    };
    let Operation(operation) = operation;
    metrics::counter!("keyledger_command_service_requests_total", "operation" => operation, "outcome" => outcome)
        .increment(1);
    metrics::histogram!("keyledger_command_service_request_seconds", "operation" => operation)
        .record((tokio::time::Instant::now() - began).as_secs_f64());
    span.in_scope(|| match operation {
        "report_validator" => tracing::debug!(operation, outcome, status = status.as_u16(), "answered"),
        _ => tracing::info!(operation, outcome, status = status.as_u16(), "answered"),
    });
    Ok(answer)
}

/// Problems as they are, and the framework's own refusals as problems.
fn in_one_form(answer: ServiceResponse<BoxBody>, request_id: &str) -> ServiceResponse<BoxBody> {
    let Some(error) = answer.response().error() else { return answer };
    let respond = |problem: &Problem| problem.respond(request_id);
    let response: HttpResponse = match error.as_error::<Problem>() {
        Some(problem) => respond(problem),
        None => respond(&Problem::malformed("the request cannot be read")),
    };
    answer.into_response(response)
}
