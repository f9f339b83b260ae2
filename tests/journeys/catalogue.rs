//! The scope catalogue: what scopes there are is in the log, and a change of it gives and takes at once.

use keyledger_tests::{Answer, Registry};
use serde_json::{Value, json};

fn resources(registry: &Registry) -> Vec<Value> {
    let catalogue = registry.operator().get("/v1/scopes").send().expecting(200).json();
    catalogue["resources"].as_array().unwrap_or_else(|| panic!("no resources: {catalogue}")).clone()
}

fn put(registry: &Registry, body: &Value) -> Answer {
    registry.operator().put("/v1/scopes", body).send()
}

fn head(registry: &Registry) -> u64 {
    registry.operator().get("/v1/scopes").send().position()
}

/// A change of the built-in catalogue: addresses go, clients cannot be written any more, invoices come below clients.
fn changed(registry: &Registry) -> Value {
    let mut resources = resources(registry);
    resources.retain(|resource| resource["name"] != "address");
    for resource in resources.iter_mut().filter(|resource| resource["name"] == "client") {
        resource["verbs"] = json!(["read"]);
        resource["children"] = json!(["clientEmail", "invoice"]);
        resource["describe"] = json!({ "read": "All GET endpoints under /v1/client" });
    }
    resources.push(json!({ "name": "invoice", "verbs": ["read"], "describe": { "read": "Invoices" } }));
    json!(resources)
}

#[test]
fn the_builtin_catalogue_holds_the_resources_of_the_example_api() {
    let registry = crate::SHARED.get();
    let resources = resources(&registry);
    let names: Vec<_> = resources.iter().map(|resource| resource["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["conversation", "client", "clientEmail", "user", "site", "address"]);
    for resource in &resources {
        assert_eq!(resource["verbs"], json!(["read", "write"]), "{resource}");
    }
    assert_eq!(resources[1]["children"], json!(["clientEmail"]));
}

#[test]
fn a_change_takes_what_it_removes_and_gives_what_it_adds_at_once() {
    let registry = Registry::start();
    let client = registry.create("acme", "client", &["client:read", "client:write", "address:read"]);
    let email = registry.create("acme", "email", &["clientEmail:write"]);
    let may = |secret: &str, scope: &str| registry.authorize(secret, &format!("scope={scope}")).status == 200;
    assert!(may(&client.secret, "address:read") && may(&client.secret, "clientEmail:write"));
    assert!(!may(&client.secret, "invoice:read"));

    let before = head(&registry);
    let resources = changed(&registry);
    let told = put(&registry, &json!({ "resources": resources, "dryRun": true })).expecting(200).json();
    let losing = told["losing"].as_array().expect("who loses what");
    assert_eq!(losing.len(), 1, "{told}");
    assert_eq!(losing[0]["keyId"], client.id);
    assert_eq!(losing[0]["partnerId"], "acme");
    assert_eq!(losing[0]["name"], "client");
    let lost = json!(["client:write", "clientEmail:write", "address:read"]);
    assert_eq!(losing[0]["scopes"], lost, "children spelled out");
    assert_eq!(head(&registry), before, "a dry run records nothing");
    assert!(may(&client.secret, "address:read"));

    put(&registry, &json!({ "resources": resources })).expecting(200);
    assert_eq!(head(&registry), before + 1);
    assert!(!may(&client.secret, "address:read") && !may(&client.secret, "client:write"));
    assert!(!may(&client.secret, "clientEmail:write"), "what a parent had covered is gone with it");
    assert!(may(&email.secret, "clientEmail:write"), "what was granted itself stays");
    assert!(may(&client.secret, "client:read"), "the key keeps working for what remains");
    assert!(may(&client.secret, "invoice:read"), "a new child is covered by its parent");

    let body = json!({ "name": "b", "scopes": ["address:read", "client:read"] });
    let refused = registry.operator().post("/v1/partners/acme/keys", &body).send();
    assert_eq!(refused.faulty_fields(), ["scopes"], "nobody is given what the catalogue lacks");
    registry.create("acme", "invoices", &["invoice:read"]);

    put(&registry, &json!({ "resources": resources })).expecting(200);
    assert_eq!(head(&registry), before + 2, "no change, no event: only the key was recorded");
}

#[test]
fn a_changed_catalogue_outlives_a_crash() {
    let mut registry = Registry::start();
    let key = registry.create("acme", "a", &["address:read"]);
    let resources = changed(&registry);
    let applied = put(&registry, &json!({ "resources": resources })).expecting(200).json();
    registry.kill();
    registry.restart();
    assert_eq!(json!(self::resources(&registry)), applied["catalogue"]["resources"]);
    assert_eq!(registry.authorize(&key.secret, "scope=address:read").status, 403);
}

#[test]
fn a_faulty_catalogue_is_refused_and_every_fault_is_named() {
    // One of its own: nothing but this test may move the head of its log.
    let registry = Registry::start();
    let before = head(&registry);
    for faulty in [
        json!([{ "name": "registryKeys", "verbs": ["read"], "describe": {} }]),
        json!([{ "name": "registry", "verbs": ["operate"], "describe": {} }]),
        json!([{ "name": "a", "verbs": [], "describe": {} }]),
        json!([{ "name": "a b", "verbs": ["read"], "describe": {} }]),
        json!([{ "name": "a", "verbs": ["read"], "children": ["missing"], "describe": {} }]),
        json!([{ "name": "a", "verbs": ["read"], "children": ["a"], "describe": {} }]),
        json!([{ "name": "a", "verbs": ["read"] }, { "name": "a", "verbs": ["read"] }]),
    ] {
        let answer = put(&registry, &json!({ "resources": faulty }));
        assert!(!answer.faulty_fields().is_empty(), "{faulty}");
    }
    let misspelt = json!([{ "name": "a b", "verbs": ["read"] }, { "name": "c", "verbs": ["re ad"] }]);
    let named = put(&registry, &json!({ "resources": misspelt })).faulty_fields();
    assert_eq!(named, ["resources[0].name", "resources[1].verbs[0]"]);
    let reserved =
        json!([{ "name": "registry", "verbs": ["a"] }, { "name": "registryKeys", "verbs": ["b"] }]);
    let answer = put(&registry, &json!({ "resources": reserved })).expecting(422).text();
    assert!(answer.contains("registry ") && answer.contains("registryKeys "), "{answer}");
    assert_eq!(put(&registry, &json!({})).faulty_fields(), ["resources"]);
    assert_eq!(head(&registry), before);
}
