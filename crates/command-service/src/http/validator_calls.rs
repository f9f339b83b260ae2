//! What validators in processes of their own ask of a command service. They hold the keyring and no management key, so
//! they prove who they are by a code under it. It is spoken between the registry's own processes, and so no part of the
//! described API.

use actix_web::{HttpMessage, HttpRequest, HttpResponse, http::StatusCode, web};

use super::{Api, body, finish::Operation, problem::Problem};
use crate::validators::{REPORT_MAC, Report, ReportRefused};

/// Takes a report in.
pub(crate) async fn report_validator(
    http: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let (api, report) = reported(&http, payload, "reports", "report_validator").await?;
    take_in(&api, report)?;
    Ok(HttpResponse::NoContent().finish())
}

/// Answers a report with a snapshot of the key index, which is itself authenticated. Whoever asks has read nothing yet.
pub(crate) async fn snapshot_for_validator(
    http: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let (api, report) = reported(&http, payload, "snapshot", "snapshot_for_validator").await?;
    take_in(&api, report)?;
    let snapshot = api.snapshots.take().await.map_err(|why| {
        tracing::error!(why, "a snapshot could not be taken");
        Problem::unavailable(
            "snapshot-unavailable",
            "there is no snapshot to be had. Read the log, or try again",
        )
    })?;
    Ok(HttpResponse::Ok().content_type("application/octet-stream").body(snapshot))
}

async fn reported(
    http: &HttpRequest,
    payload: web::Payload,
    purpose: &str,
    operation: &'static str,
) -> Result<(web::Data<Api>, Report), Problem> {
    http.extensions_mut().insert(Operation(operation));
    let api = http.app_data::<web::Data<Api>>().cloned().expect("routes are configured with their api");
    let bytes = body::read_bytes(http, payload).await?;
    let mac = http.headers().get(REPORT_MAC).and_then(|mac| mac.to_str().ok()).unwrap_or_default();
    let report = Report::open(&bytes, purpose, mac, &api.service.parts().keyring.mac_keys());
    let report = report.ok_or_else(|| {
        let detail = "send what the keyring of this registry signed";
        Problem::new(StatusCode::UNAUTHORIZED, "no-identity", detail)
    })?;
    Ok((api, report))
}

fn take_in(api: &Api, report: Report) -> Result<(), Problem> {
    let service = &api.service;
    let taken = service.parts().validators.take_in(report, service.identity(), service.now());
    taken.map_err(|refused| {
        let code = match refused {
            ReportRefused::AnotherLog => "another-log",
            ReportRefused::ToldBefore => "told-before",
            ReportRefused::AnotherTime => "another-time",
        };
        Problem::new(StatusCode::CONFLICT, code, refused.to_string())
    })
}
