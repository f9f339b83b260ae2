//! Log lines, traces and metrics of a process that serves.

mod logs;
mod metrics;
mod traces;

use std::time::Duration;

use anyhow::Context as _;
use metrics_exporter_prometheus::PrometheusHandle;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::{layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::settings;

/// What was started; ended by [`Telemetry::shutdown`].
pub(crate) struct Telemetry {
    /// Renders `/metrics`.
    pub metrics: PrometheusHandle,
    traces: Option<SdkTracerProvider>,
}

/// How long the last spans may take on their way out.
const LAST_SPANS: Duration = Duration::from_secs(5);

/// Starts everything, once a process. Log lines go to stderr.
///
/// # Errors
/// Where it was started already, or the traces' exporter cannot be made.
pub(crate) fn start(settings: &settings::Telemetry) -> anyhow::Result<Telemetry> {
    let metrics = metrics::install()?;
    let traces = settings.otlp_endpoint.as_ref().map(traces::provider).transpose()?;
    tracing_subscriber::registry()
        .with(settings.log_level.filter())
        .with(logs::layer(settings.log_format))
        .with(traces.as_ref().map(traces::layer))
        .try_init()
        .context("cannot start the logs")?;
    Ok(Telemetry { metrics, traces })
}

impl Telemetry {
    /// Sends what is still waiting. Blocks, for five seconds at most.
    pub(crate) fn shutdown(self) {
        if let Some(Err(error)) = self.traces.map(|traces| traces.shutdown_with_timeout(LAST_SPANS)) {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}
