//! `keyledger projections …`: a rebuild from nothing equals the running one, and a digest proves it.

use std::collections::BTreeMap;

use keyledger_tests::{Ran, Registry};
use serde_json::Value;

fn digests(ran: Ran) -> BTreeMap<String, String> {
    let told = ran.exited(0).json();
    let models = told["projections"].as_array().expect("a list of projections");
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no text in {told}")).to_owned();
    models.iter().map(|model| (text(&model["name"]), text(&model["digest"]))).collect()
}

fn some_past(registry: &Registry) {
    for n in 0..5 {
        let key = registry.create("acme", &format!("key {n}"), &["client:read"]);
        let renewed = registry.regenerate(&key, if n % 2 == 0 { 0 } else { 3600 });
        if n == 3 {
            registry.revoke(&renewed);
        }
    }
}

#[test]
fn a_rebuild_from_nothing_equals_what_ran() {
    let mut registry = Registry::start();
    some_past(&registry);
    let running = registry.ops().get("/projections").send().expecting(200).json();
    let running: BTreeMap<_, _> = running["projections"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|model| {
            (
                model["name"].as_str().expect("a name").to_owned(),
                model["digest"].as_str().expect("a digest").to_owned(),
            )
        })
        .collect();
    registry.stop();
    let terminal = registry.terminal();
    assert_eq!(digests(terminal.run(&["projections", "status", "--json"])), running);
    let rebuilt = terminal.run(&["projections", "rebuild", "--json"]).exited(0);
    assert!(
        rebuilt.json()["projections"]
            .as_array()
            .expect("a list")
            .iter()
            .all(|model| model["unchanged"] == true)
    );
    assert_eq!(digests(rebuilt), running);
    registry.restart();
    let again = registry.ops().get("/projections").send().expecting(200).text();
    assert!(running.values().all(|digest| again.contains(digest)), "{again}");
}

#[test]
fn people_see_how_far_each_projection_is() {
    let registry = Registry::start();
    some_past(&registry);
    let shown = registry.terminal().run(&["projections", "status"]).exited(0).stdout;
    for name in ["key_index", "partner_keys", "POSITION", "DIGEST"] {
        assert!(shown.contains(name), "{shown}");
    }
}

#[test]
fn a_rebuild_shows_no_progress_where_nobody_watches() {
    let mut registry = Registry::start();
    some_past(&registry);
    registry.stop();
    let rebuilt = registry.terminal().run(&["projections", "rebuild"]).exited(0);
    assert!(!rebuilt.stderr.contains('\u{1b}') && !rebuilt.stderr.contains('\r'), "{:?}", rebuilt.stderr);
    assert!(rebuilt.stdout.contains("yes") && !rebuilt.stdout.contains("NO"), "{}", rebuilt.stdout);
}
