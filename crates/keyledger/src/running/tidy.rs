use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;

/// How often metrics are tidied.
const UPKEEP: Duration = Duration::from_secs(5);

/// Folds what histograms have gathered, for ever: until somebody asks for `/metrics` they would only grow.
pub(crate) async fn tidy_metrics(metrics: PrometheusHandle) {
    loop {
        tokio::time::sleep(UPKEEP).await;
        metrics.run_upkeep();
    }
}
