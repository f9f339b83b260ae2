//! What is measured of requests.

use std::sync::Arc;

use keyledger_validator::{Settings, Validator};
use metrics_exporter_prometheus::PrometheusBuilder;

use crate::fixture::{World, ask, with_key};

#[actix_rt::test]
async fn one_request_in_sixty_four_of_each_short_route_is_measured() {
    let mut world = World::new();
    let key = world.key();
    let recorder = PrometheusBuilder::new().build_recorder();
    let validator = metrics::with_local_recorder(&recorder, || {
        Arc::new(Validator::new(world.index.clone(), Settings::default()))
    });
    assert_eq!(ask(&validator, with_key("/v1/health", &key.secret.0)).await.status, 200);
    for _ in 0..65 {
        // Refusals are measured as answers of any other kind are.
        ask(&validator, with_key("/v1/authorize?scope=user:read", &key.secret.0)).await;
    }
    let shown = recorder.handle().render();
    for (route, measured) in [("health", 1), ("authorize", 2)] {
        let line = format!("keyledger_validator_request_seconds_count{{route=\"{route}\"}} {measured}\n");
        assert!(shown.contains(&line), "{shown}");
    }
}
