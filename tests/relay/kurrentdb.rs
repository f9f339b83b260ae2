//! The relay over a log whose positions are no numbers in a row: on KurrentDB, through a stand-in.

use std::fs;

use keyledger_tests::{Registry, Terminal};
use keyledger_tests_kurrentdb_stand_in::StandIn;
use tokio::runtime::Runtime;

use crate::SHARED;
use crate::scene::{every_command, key_events, own_prefix, positions, published, publishing, registry_with};

/// The positions that the registry tells of its events.
fn told(registry: &Registry) -> Vec<u64> {
    let events = registry.operator().get("/v1/events").send().expecting(200).lines();
    events.iter().map(|event| event["position"].as_u64().expect("a position")).collect()
}

fn terminal(registry: &Registry, settings: &[(String, String)]) -> Terminal {
    settings.iter().fold(registry.terminal(), |terminal, (name, value)| terminal.set(name, value))
}

#[test]
fn each_event_of_a_log_on_kurrentdb_is_published_once_in_order_and_a_move_away_needs_other_topics() {
    let runtime = Runtime::new().expect("a runtime");
    let server = runtime.block_on(StandIn::start());
    let (broker, prefix) = (SHARED.get(), own_prefix());
    let mut settings = publishing(broker, &prefix);
    settings.extend([
        ("KEYLEDGER_LOG__STORE".to_owned(), "kurrentdb".to_owned()),
        ("KEYLEDGER_LOG__URL".to_owned(), server.url()),
    ]);
    let mut registry = registry_with(&settings);
    every_command(&registry, "before");
    registry.kill();
    registry.restart();
    every_command(&registry, "after");
    published(&registry);
    let all = told(&registry);
    assert!(all.is_sorted() && all.windows(2).any(|pair| pair[1] - pair[0] > 1), "{all:?}");
    assert_eq!(positions(&key_events(broker, &prefix)), all);
    let compared = terminal(&registry, &settings).run(&["kafka", "verify", "--json"]).exited(0).json();
    assert_eq!((&compared["events"], &compared["faults"]), (&all.len().into(), &0.into()), "{compared}");

    // The same events elsewhere, at other positions and in a new life: those topics are not gone on with.
    let backup = registry.home().join("backup").to_string_lossy().into_owned();
    terminal(&registry, &settings).run(&["backup", "--to", &backup]).exited(0);
    registry.stop();
    let (data, away) = (registry.data_dir(), registry.home().join("away"));
    fs::rename(&data, &away).expect("put away");
    fs::create_dir(&data).expect("a directory");
    for file in ["keyring", "operator-key"] {
        fs::copy(away.join(file), data.join(file)).expect("a copy, as private as it was");
    }
    let on_file = publishing(broker, &prefix);
    let restore = ["restore", "--from", &backup, "--without-revocations"];
    terminal(&registry, &on_file).run(&restore).exited(0);
    let refused = terminal(&registry, &on_file).run(&["kafka", "continue"]).exited(1);
    assert!(refused.error_line().contains("kafka.topic_prefix"), "{}", refused.stderr);
    let other = own_prefix();
    let with_others = publishing(broker, &other);
    let with_others: Vec<_> =
        with_others.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    registry.restart_with(&with_others);
    published(&registry);
    assert_eq!(positions(&key_events(broker, &other)), told(&registry));
}
