//! The operations listener: whether it lives, whether it is ready and why not, and what it counts.

use keyledger_tests::{Registry, unknown_secret};
use serde_json::json;

#[test]
fn a_registry_that_serves_is_alive_and_ready_and_tells_of_each_role() {
    let registry = crate::SHARED.get();
    assert_eq!(registry.ops().get("/livez").send().status, 200);
    let ready = registry.validator_ops().get("/readyz").send().expecting(200).json();
    assert_eq!(ready["ready"], true);
    let roles = ready["roles"].as_array().expect("a list of roles");
    assert!(roles.iter().any(|role| role["role"] == "validator"), "{ready}");
    // The signer may still be reading the log, and keeps nobody from being served.
    assert!(roles.iter().all(|role| role["ready"] == true || role["role"] == "signer"), "{ready}");
    assert_eq!(registry.ops().get("/v1/health").send().status, 404);
    assert_eq!(registry.validator().get("/metrics").send().status, 404);
}

#[test]
fn metrics_count_verdicts_commands_and_positions_and_name_nobody() {
    let registry = Registry::start();
    let key = registry.create("uncounted-partner", "a", &["client:read"]);
    assert_eq!(registry.health(&key.secret).status, 200);
    assert_eq!(registry.health(&unknown_secret()).status, 403);
    assert_eq!(registry.verify(&json!({ "key": key.secret }))["code"], "VALID");
    let metrics = registry.ops().get("/metrics").send().expecting(200);
    assert!(metrics.header("content-type").starts_with("text/plain"), "{:?}", metrics.headers);
    // Those of the process that takes commands, and of the one that judges requests: here they may be the same.
    let text = metrics.text() + &registry.validator_ops().get("/metrics").send().expecting(200).text();
    let value = |line: &str| {
        let found = text.lines().find_map(|candidate| candidate.strip_prefix(line));
        found.unwrap_or_else(|| panic!("no {line} in {text}")).trim().parse::<f64>().expect("a number")
    };
    assert!(value("keyledger_validator_verdicts_total{code=\"VALID\"}") >= 2.0);
    assert!(value("keyledger_validator_verdicts_total{code=\"UNKNOWN\"}") >= 1.0);
    for name in [
        "keyledger_command_service_requests_total",
        "keyledger_command_service_request_seconds",
        "keyledger_projectors_position",
        "keyledger_projectors_lag_events",
        "keyledger_projectors_lag_seconds",
        "keyledger_listener_open_connections",
    ] {
        assert!(text.contains(name), "no {name} in {text}");
    }
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        assert!(line.starts_with("keyledger_"), "{line}");
    }
    for secret in [&key.secret, &key.prefix, &key.id, "uncounted-partner"] {
        assert!(!text.contains(secret), "{secret} is in a label");
    }
}
