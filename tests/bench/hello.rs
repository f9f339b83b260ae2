//! The servers that keyledger is measured against: the same framework, and nothing to decide.

use std::net::SocketAddr;
use std::thread::available_parallelism;

use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::{App, HttpResponse, HttpServer, web};
use keyledger_listener::{Limits, Settings, listen};
use metrics_exporter_prometheus::PrometheusBuilder;

const BODY: &str = r#"{"status":"ok"}"#;

/// What `/v1/authorize` sends beside its content type, with values of the same length.
const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (HeaderName::from_static("x-partner-id"), HeaderValue::from_static("partner-500")),
    (HeaderName::from_static("x-key-id"), HeaderValue::from_static("01977420-dc00-7c39-9f63-9c6f4cd6b9de")),
    (HeaderName::from_static("x-key-scopes"), HeaderValue::from_static("client:read conversation:read")),
    (HeaderName::from_static("ratelimit-policy"), HeaderValue::from_static("\"key\";q=10000;w=1")),
    (HeaderName::from_static("ratelimit"), HeaderValue::from_static("\"key\";r=9999;t=1")),
    (HeaderName::from_static("x-log-position"), HeaderValue::from_static("1000002")),
];

/// Serves until it is killed: `bare` is actix as it comes, with the body alone; `guarded` stands behind keyledger's
/// listener, counts what that counts, and sends the headers of `/v1/authorize`.
pub(crate) fn serve(kind: &str, address: SocketAddr) -> anyhow::Result<()> {
    let workers = available_parallelism()?.get();
    let forever = async {
        match kind {
            "bare" => {
                let application = || App::new().route("/v1/authorize", web::to(bare));
                HttpServer::new(application).workers(workers).bind(address)?.run().await?;
            }
            "guarded" => {
                PrometheusBuilder::new().install_recorder()?;
                let settings =
                    Settings { name: "hello", address, tls: None, workers, limits: Limits::default() };
                let refuse = |_| HttpResponse::ServiceUnavailable().finish();
                let _listening = listen(settings, refuse, |config: &mut web::ServiceConfig| {
                    config.service(web::resource("/v1/authorize").to(guarded));
                })?;
                std::future::pending::<()>().await;
            }
            _ => anyhow::bail!("there is no such hello: {kind}"),
        }
        Ok(())
    };
    actix_web::rt::System::new().block_on(forever)
}

async fn bare() -> HttpResponse {
    HttpResponse::Ok().body(BODY)
}

async fn guarded() -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CONTENT_TYPE, HeaderValue::from_static("application/json")));
    for header in HEADERS {
        answer.insert_header(header);
    }
    answer.body(BODY)
}
