//! What changed from one moment to another.

use std::{thread::sleep, time::Duration};

use keyledger_tests::{Registry, from_now};
use serde_json::{Value, json};

fn diff(registry: &Registry, more: &[&str]) -> Value {
    registry.terminal().run(&[&["audit", "diff", "--json"], more].concat()).exited(0).json()
}

#[test]
fn what_was_created_changed_regenerated_revoked_and_what_ran_out_is_told_with_who_and_where() {
    let mut registry = Registry::start();
    let operator = registry.operator();
    let [edited, revoked, quiet] =
        ["edited", "revoked", "quiet"].map(|name| registry.create("acme", name, &["client:read"]));
    let ends = from_now(Duration::from_millis(300));
    let body = json!({ "name": "short", "scopes": ["client:read"], "expiresAt": ends });
    let short = registry.create_from("acme", &body);
    let from = (operator.get("/v1/log").send().position(), from_now(Duration::ZERO));
    sleep(Duration::from_millis(2));
    let body = json!({ "name": "renamed", "scopes": ["client:read", "site:read"] });
    operator.patch(&edited.path(), &body).send().expecting(200);
    registry.regenerate(&edited, 60);
    registry.revoke(&revoked);
    let created = registry.create("other", "created", &["user:read"]);
    let mut catalogue = operator.get("/v1/scopes").send().json();
    catalogue["resources"]
        .as_array_mut()
        .expect("resources")
        .retain(|resource| resource["name"] != "address");
    operator.put("/v1/scopes", &catalogue).send().expecting(200);
    sleep(Duration::from_millis(500));
    let to = (operator.get("/v1/log").send().position(), from_now(Duration::ZERO));

    let told = diff(&registry, &["--from", &from.1, "--to", &to.1, "--no-index"]);
    let keys = told["keys"].as_array().expect("keys");
    let of = |id: &str| keys.iter().find(|key| key["keyId"] == id).unwrap_or_else(|| panic!("{id}: {told}"));
    assert!(keys.iter().all(|key| key["keyId"] != quiet.id), "nothing happened to it");
    assert_eq!(of(&edited.id)["changes"], json!(["REGENERATED", "CHANGED"]));
    let fields = of(&edited.id)["fields"].as_array().expect("fields");
    let field = |name: &str| fields.iter().find(|field| field["field"] == name).expect("a field");
    assert_eq!(field("name"), &json!({ "field": "name", "before": "edited", "after": "renamed" }));
    assert_eq!(field("scopes")["after"], json!(["client:read", "site:read"]));
    assert_eq!(field("prefix")["before"], json!(edited.prefix));
    let events = of(&edited.id)["events"].as_array().expect("events");
    let types: Vec<_> = events.iter().map(|event| event["type"].as_str().expect("a type")).collect();
    assert_eq!(types, ["KeyRenamed", "KeyScopesChanged", "KeyRegenerated"]);
    assert!(events.iter().all(|event| event["actor"]["kind"] == "key" && event["position"].is_u64()));
    assert_eq!(of(&revoked.id)["changes"], json!(["REVOKED"]));
    assert_eq!(of(&created.id)["changes"], json!(["CREATED"]));
    assert_eq!(
        (&of(&created.id)["before"], &of(&created.id)["after"]["name"]),
        (&Value::Null, &json!("created"))
    );
    assert_eq!(of(&short.id)["changes"], json!(["EXPIRED"]));
    assert_eq!(of(&short.id)["events"], json!([]), "the clock alone ended it");
    let catalogue = &told["catalogue"];
    assert_eq!((&catalogue["before"]["revision"], &catalogue["after"]["revision"]), (&json!(0), &json!(1)));
    assert_eq!(catalogue["events"].as_array().map(Vec::len), Some(1));

    let places = ["--from", &from.0.to_string(), "--to", &to.0.to_string(), "--no-index"];
    let by_position = diff(&registry, &places);
    let ids = |told: &Value| {
        let keys = told["keys"].as_array().expect("keys");
        keys.iter()
            .filter(|key| key["events"] != json!([]))
            .map(|key| key["keyId"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&by_position), ids(&told));
    let shown = registry.terminal().run(&[&["audit", "diff"], &places[..]].concat()).exited(0).stdout;
    for words in ["name: edited → renamed", "CREATED", "REVOKED", "catalogue", "revision: 0 → 1"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let only = diff(&registry, &[&["--partner", "other"], &places[..]].concat());
    assert_eq!(ids(&only), [json!(created.id)]);
    registry.kill();
    let directory = registry.data_dir().to_str().expect("a path").to_owned();
    assert_eq!(diff(&registry, &["--from", &from.1, "--to", &to.1, "--data-dir", &directory]), told);
}

#[test]
fn moments_in_the_wrong_order_and_of_two_kinds_are_refused_and_nothing_is_said_to_be_nothing() {
    let registry = crate::SHARED.get();
    let refused = |from: &str, to: &str| {
        let ran = registry.terminal().run(&["audit", "diff", "--no-index", "--from", from, "--to", to]);
        ran.exited(1).error_line().to_owned()
    };
    assert!(refused("2", "1").contains("the earlier one first"));
    assert!(refused("1", "2026-01-01T00:00:00Z").contains("two moments, or two positions"));
    assert!(refused("1", "2999-01-01T00:00:00Z").contains("has not come yet"));
    let ran = registry.terminal().run(&["audit", "diff", "--no-index", "--from", "2", "--to", "2"]).exited(0);
    assert_eq!(ran.stdout, "Nothing changed.\n");
}
