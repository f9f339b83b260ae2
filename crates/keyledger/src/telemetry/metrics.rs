use anyhow::Context as _;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// The bounds of the buckets of durations: a verdict takes microseconds, a commit milliseconds, a stall seconds.
const SECONDS: &[f64] = &[
    0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025,
    0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The bounds of the buckets of numbers of events.
const EVENTS: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0];

/// Makes this process's metrics those that `/metrics` renders.
pub(super) fn install() -> anyhow::Result<PrometheusHandle> {
    recorder()?.install_recorder().context("cannot start the metrics")
}

fn recorder() -> anyhow::Result<PrometheusBuilder> {
    let with_buckets = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_events".to_owned()), EVENTS)?;
    Ok(with_buckets)
}

#[cfg(test)]
mod tests {
    use metrics::{Key, Level, Metadata, Recorder as _};

    use super::*;

    #[test]
    fn durations_and_sizes_are_rendered_as_buckets() {
        let recorder = recorder().expect("a recorder").build_recorder();
        let metadata = Metadata::new("test", Level::INFO, None);
        for (name, value) in [("keyledger_test_seconds", 0.003), ("keyledger_test_events", 3.0)] {
            recorder.register_histogram(&Key::from_static_name(name), &metadata).record(value);
        }
        let rendered = recorder.handle().render();
        for line in
            ["keyledger_test_seconds_bucket{le=\"0.005\"} 1", "keyledger_test_events_bucket{le=\"5\"} 1"]
        {
            assert!(rendered.contains(line), "{rendered}");
        }
    }
}
