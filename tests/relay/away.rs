//! Kafka is away, slow or guarded.

use std::time::{Duration, Instant};

use keyledger_tests::{Broker, Proxy, RoleProcess, client_file, eventually, within};
use serde_json::Value;

use crate::SHARED;
use crate::scene::{key_events, keys, own_prefix, positions, published, publishing, registry_with, relay_of};

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn while_kafka_is_away_everything_else_goes_on_and_afterwards_it_catches_up() {
    let proxy = Proxy::start();
    let broker = Broker::behind(&proxy, &[]);
    let registry = registry_with(&publishing(&broker, "away"));
    published(&registry);
    proxy.cut();
    let begun = Instant::now();
    for number in 0..20 {
        let key = registry.create("acme", &format!("key {number}"), &["client:read"]);
        registry.health(&key.secret).expecting(200);
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "commands wait for Kafka: {:?}", begun.elapsed());
    let mut told = Value::Null;
    let noticed = within(PATIENCE, || {
        told = relay_of(&registry);
        (told["reason"].is_string() && told["lagEvents"] == 20).then_some(())
    });
    assert!(noticed.is_some(), "{told}");
    assert_eq!(told["ready"], false, "{told}");
    assert!(told["lagSeconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{told}");
    assert!(told["reason"].as_str().is_some_and(|why| why.starts_with("it is cut off: Kafka")), "{told}");
    registry.ops().get("/readyz").send().expecting(200);
    let metrics = registry.ops().get("/metrics").send().text();
    assert!(metrics.contains("\nkeyledger_kafka_relay_lag_events 20\n"), "{metrics}");

    proxy.mend();
    let head = published(&registry);
    eventually("the relay is live again", PATIENCE, || relay_of(&registry)["ready"] == true);
    assert_eq!(positions(&key_events(&broker, "away")), (1..=head).collect::<Vec<_>>());
}

#[test]
fn a_registry_that_starts_while_kafka_is_away_serves_and_publishes_later() {
    let proxy = Proxy::start();
    let broker = Broker::behind(&proxy, &[]);
    proxy.cut();
    let mut registry = registry_with(&publishing(&broker, "later"));
    registry.create("acme", "billing", &["client:read"]);
    eventually("it says what it waits for", PATIENCE, || {
        relay_of(&registry)["reason"]
            .as_str()
            .is_some_and(|why| why.starts_with("it is cut off: Kafka does not answer"))
    });
    // It can be ended at any time, too.
    let begun = Instant::now();
    assert!(registry.stop().success());
    assert!(begun.elapsed() < Duration::from_secs(15), "it waits for Kafka: {:?}", begun.elapsed());
    registry.restart();
    proxy.mend();
    let head = published(&registry);
    assert_eq!(positions(&key_events(&broker, "later")), (1..=head).collect::<Vec<_>>());
}

#[test]
fn a_slow_kafka_is_published_to_in_larger_steps() {
    let proxy = Proxy::start();
    let broker = Broker::behind(&proxy, &[]);
    let registry = registry_with(&publishing(&broker, "slow"));
    published(&registry);
    proxy.delay(Duration::from_millis(200), Duration::from_millis(200));
    for number in 0..50 {
        registry.create("acme", &format!("key {number}"), &["client:read"]);
    }
    let head = published(&registry);
    assert_eq!(positions(&key_events(&broker, "slow")), (1..=head).collect::<Vec<_>>());
    let metrics = registry.ops().get("/metrics").send().text();
    let transactions = metrics.lines().find_map(|line| {
        line.strip_prefix("keyledger_kafka_relay_transaction_events_count ")?.parse::<u64>().ok()
    });
    assert!(
        transactions.is_some_and(|number| number < 40),
        "{transactions:?} transactions for {head} events"
    );
}

#[test]
fn a_guarded_kafka_lets_the_relay_in_by_its_client_file() {
    let broker = Broker::guarded();
    let credentials = broker.credentials().expect("credentials");
    let home = tempfile::tempdir().expect("a directory");
    let ca = credentials.ca.to_string_lossy().into_owned();
    let properties = |password: &str| {
        client_file(
            home.path(),
            &[
                ("security.protocol", "SASL_SSL"),
                ("sasl.mechanism", "PLAIN"),
                ("sasl.username", &credentials.user),
                ("sasl.password", password),
                ("ssl.ca.location", &ca),
            ],
        )
    };
    let with = |password: &str| {
        let mut settings = publishing(&broker, "guarded");
        let file = properties(password).to_string_lossy().into_owned();
        settings.push(("KEYLEDGER_KAFKA__CLIENT_FILE".to_owned(), file));
        settings
    };
    let registry = keyledger_tests::Registry::start();
    let mut stranger = RoleProcess::start("relay", &registry.data_dir(), &with("guessed"));
    let refused = within(PATIENCE, || {
        let said = stranger.readiness()?.text();
        said.contains("uthentication").then_some(said)
    });
    assert!(
        refused.is_some_and(|said| !said.contains("guessed")),
        "{:?}",
        stranger.readiness().map(|it| it.text())
    );
    stranger.kill();
    let mut relay = RoleProcess::start("relay", &registry.data_dir(), &with(&credentials.password));
    relay.expect_live();
    assert_eq!(positions(&key_events(&broker, "guarded")), [1, 2]);
    assert!(!relay.said().contains(&credentials.password), "{}", relay.said());
}

#[test]
fn a_relay_alone_tells_how_far_it_is_and_ends_when_it_is_asked_to() {
    let (broker, prefix) = (SHARED.get(), own_prefix());
    let registry = keyledger_tests::Registry::start();
    // It is given MAC keys only.
    let keyring = registry.home().join("relay-keyring");
    let keyring = keyring.to_string_lossy();
    let split = registry.terminal().run(&["keyring", "split", "--to", &keyring]).exited(0);
    assert_eq!(split.stdout, format!("{keyring} holds 1 MAC key and no pepper.\n"));
    let mut settings = publishing(broker, &prefix);
    settings.push(("KEYLEDGER_KEYRING__PATH".to_owned(), keyring.into_owned()));
    let mut relay = RoleProcess::start("relay", &registry.data_dir(), &settings);
    relay.expect_live();
    // A new pepper is none of its business, and a new MAC key waits until it has it.
    let terminal = registry.terminal();
    terminal.run(&["keyring", "add", "pepper"]).exited(0);
    eventually("a pepper is activated beside it", PATIENCE, || {
        terminal.run(&["keyring", "activate", "pepper"]).code == Some(0)
    });
    terminal.run(&["keyring", "add", "mac"]).exited(0);
    let waits = terminal.run(&["keyring", "activate", "mac"]).exited(1);
    assert!(waits.error_line().contains("keyledger relay (pid "), "{}", waits.stderr);
    terminal.run(&["keyring", "split", "--to", &settings.last().expect("the keyring").1]).exited(0);
    eventually("a MAC key is activated once it has it", PATIENCE, || {
        terminal.run(&["keyring", "activate", "mac"]).code == Some(0)
    });
    registry.create("acme", "billing", &["client:read"]);
    eventually("it publishes what comes", PATIENCE, || keys(broker, &prefix).len() == 2);
    let told = relay.readiness().expect("an answer").expecting(200).json();
    let role = &told["roles"][0];
    assert_eq!(
        (&role["role"], &role["position"], &role["lagEvents"]),
        (&"relay".into(), &3.into(), &0.into())
    );
    assert_eq!(relay.metric("keyledger_kafka_relay_position"), Some(3.0));
    assert_eq!(relay.metric("keyledger_kafka_relay_stopped"), Some(0.0));
    relay.signal("TERM");
    let ended = within(Duration::from_secs(15), || relay.ended());
    assert!(ended.is_some_and(|status| status.success()), "{ended:?} {}", relay.said());
}
