//! `keyledger keyring …`: a new pepper comes in two steps, and an old one goes when no live secret needs it.

use std::fs;
use std::time::Duration;

use keyledger_tests::{Created, Registry, eventually};
use serde_json::{Value, json};

fn status(registry: &Registry) -> Value {
    registry.terminal().run(&["keyring", "status", "--json"]).exited(0).json()
}

/// The id of the pepper in this state.
fn pepper(registry: &Registry, state: &str) -> Option<String> {
    let told = status(registry);
    let keys = told["keys"].as_array().expect("a list of keys").iter();
    let mut found = keys.filter(|key| key["kind"] == "pepper" && key["state"] == state);
    found.next().map(|key| key["id"].as_str().expect("an id").to_owned())
}

/// Activates the pepper that stands by, once the running registry has loaded it.
fn activate(registry: &Registry) {
    eventually("the registry has loaded the added pepper", Duration::from_secs(15), || {
        registry.terminal().run(&["keyring", "activate", "pepper"]).code == Some(0)
    });
}

#[test]
fn a_new_pepper_comes_in_two_steps_and_every_key_goes_on_working() {
    let mut registry = Registry::start();
    let before = registry.create("acme", "before", &["client:read"]);
    let old = pepper(&registry, "active").expect("a pepper is active");
    let terminal = registry.terminal();
    let nothing = terminal.run(&["keyring", "activate", "pepper"]).exited(1);
    assert!(nothing.error_line().contains("keyring add"), "{}", nothing.stderr);

    let added = terminal.run(&["keyring", "add", "pepper", "--json"]).exited(0).json();
    assert_eq!(pepper(&registry, "standby").as_deref(), added["id"].as_str());
    activate(&registry);
    assert_eq!(pepper(&registry, "active").as_deref(), added["id"].as_str());
    assert_eq!(pepper(&registry, "old"), Some(old.clone()));
    assert_eq!(registry.health(&before.secret).status, 200);

    let uses_new = |registry: &Registry| {
        let made = registry.create("acme", "after", &["client:read"]);
        let using_old = status(registry)["usingOldPeppers"].clone();
        let using_old =
            using_old.as_array().expect("a list").iter().any(|secret| secret["prefix"] == json!(made.prefix));
        registry.health(&made.secret).status == 200 && !using_old
    };
    eventually("new secrets are kept under the new pepper", Duration::from_secs(15), || uses_new(&registry));
    registry.kill();
    registry.restart();
    assert_eq!(registry.health(&before.secret).status, 200);
    assert!(uses_new(&registry));
}

#[test]
fn an_old_pepper_goes_when_no_live_secret_needs_it_or_by_force() {
    let registry = Registry::start();
    let key = registry.create("acme", "before", &["client:read"]);
    let old = pepper(&registry, "active").expect("a pepper is active");
    let terminal = registry.terminal();
    let active = terminal.run(&["keyring", "retire", "pepper", &old]).exited(1);
    assert!(active.error_line().contains("active"), "{}", active.stderr);
    terminal.run(&["keyring", "add", "pepper"]).exited(0);
    activate(&registry);

    let retire = ["keyring", "retire", "pepper", &old];
    let mut said = String::new();
    eventually("the keys in its way are named", Duration::from_secs(15), || {
        let refused = terminal.run(&retire).exited(1);
        said.clone_from(&refused.stderr);
        said.contains(&key.prefix)
    });
    // The only operator key is not revoked for it: it gets a secret under the new pepper first.
    assert!(said.contains("keys regenerate --partner registry") && !said.contains("--force"), "{said}");
    let forced = terminal.run(&[&retire[..], &["--force"]].concat()).exited(1);
    assert!(forced.error_line().contains("keys regenerate --partner registry"), "{}", forced.stderr);
    assert_eq!(registry.health(&key.secret).status, 200, "nothing was revoked");
    let keys = registry.operator().get("/v1/partners/registry/keys").send().expecting(200).json();
    let regenerate = format!(
        "/v1/partners/registry/keys/{}/regenerate",
        keys["keys"][0]["keyId"].as_str().expect("an id")
    );
    let own_old = registry.operator_key();
    let renewed = registry.operator().post(&regenerate, &json!({})).send().expecting(200);
    let renewed = Created::from_answer(&renewed);
    fs::write(registry.data_dir().join("operator-key"), &renewed.secret).expect("the key can be written");
    let offered = terminal.run(&retire).exited(1);
    assert!(offered.stderr.contains("--force"), "{}", offered.stderr);
    terminal.run(&[&retire[..], &["--force"]].concat()).exited(0);
    assert_eq!(registry.health(&key.secret).status, 403);
    registry.management(&own_old).get("/v1/scopes").send().expecting(401);
    let history = registry.operator().get(&key.at("history")).send().expecting(200).json();
    assert_eq!(history["events"][1]["event"]["type"], "KeyRevoked", "a revocation by event");
    assert_eq!(pepper(&registry, "old"), None);
}

#[test]
fn an_operator_key_goes_by_force_where_another_one_stays() {
    let registry = Registry::start();
    let key = registry.create("acme", "before", &["client:read"]);
    let old = pepper(&registry, "active").expect("a pepper is active");
    let terminal = registry.terminal();
    terminal.run(&["keyring", "add", "pepper"]).exited(0);
    activate(&registry);
    let another = registry.create("registry", "another", &["registry:operate"]);
    // Asked for with the key that goes.
    terminal.run(&["keyring", "retire", "pepper", &old, "--force"]).exited(0);
    assert_eq!(registry.health(&key.secret).status, 403);
    registry.operator().get("/v1/scopes").send().expecting(401);
    registry.management(&another.secret).get("/v1/scopes").send().expecting(200);
    assert_eq!(pepper(&registry, "old"), None);
}

#[test]
fn the_keyring_shows_no_key_of_itself() {
    let registry = crate::SHARED.get();
    let file = fs::read_to_string(registry.data_dir().join("keyring")).expect("the keyring");
    let keys: Vec<_> = file.split('"').filter(|part| part.len() == 64).collect();
    assert!(keys.len() >= 2, "a pepper and a MAC key");
    let terminal = registry.terminal();
    let told = [terminal.run(&["keyring", "status"]), terminal.run(&["keyring", "status", "--json"])];
    for ran in told {
        let ran = ran.exited(0);
        assert!(keys.iter().all(|key| !ran.stdout.contains(key) && !ran.stderr.contains(key)));
    }
}
