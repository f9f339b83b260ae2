use std::sync::atomic::Ordering;

use metrics_exporter_prometheus::PrometheusBuilder;

use crate::world::{
    Notebook, append, append_good, append_unreadable, draft, follow, log_of, mac_keys, sealed, stop_reason,
    stream, until,
};

#[tokio::test]
async fn what_a_projector_does_can_be_measured() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    metrics::set_global_recorder(recorder).expect("no other test sets one");
    let log = log_of(2).await;
    append_unreadable(&*log, 1, 1).await;
    append_good(&*log, 2, 1).await;
    let projector = follow(log, &Notebook { name: "measured", ..Notebook::default() });
    // The second time, everything has been told of the first.
    let heard = until(&projector, |progress| progress.heard_at.is_some()).await.heard_at;
    until(&projector, |progress| progress.heard_at > heard).await;
    projector.stop().await;

    let log = log_of(1).await;
    append(&*log, stream(2), sealed(&draft(stream(2), 0), &mac_keys(8))).await;
    stop_reason(&follow(log, &Notebook { name: "forged", ..Notebook::default() })).await;
    let trips = Notebook { name: "trips", ..Notebook::default() };
    trips.trips.store(true, Ordering::SeqCst);
    stop_reason(&follow(log_of(1).await, &trips)).await;

    let shown = metrics.render();
    for line in [
        "position{projection=\"measured\"} 4",
        "lag_events{projection=\"measured\"} 0",
        "unreadable_events{projection=\"measured\"} 1",
        "stopped{projection=\"measured\"} 0",
        "stopped{projection=\"forged\"} 1",
        "stopped{projection=\"trips\"} 1",
    ] {
        assert!(shown.contains(&format!("keyledger_projectors_{line}\n")), "{shown}");
    }
    let lag = shown
        .lines()
        .find_map(|line| line.strip_prefix("keyledger_projectors_lag_seconds{projection=\"measured\"} "));
    let lag: f64 = lag.expect("a lag").parse().expect("a number");
    assert!((0.0..20.0).contains(&lag), "{lag}");
}
