//! `ETag` and `If-Match`: nobody overwrites what they have not seen.

use keyledger_tests::{Answer, Created, Registry};
use serde_json::{Value, json};

use crate::SHARED;

fn edit(registry: &Registry, key: &Created, if_match: &str, body: &Value) -> Answer {
    registry.operator().patch(&key.path(), body).header("if-match", if_match).send()
}

#[test]
fn a_keys_etag_is_its_revision() {
    let registry = SHARED.get();
    let key = registry.create("etags", "a", &["client:read"]);
    let shown = registry.operator().get(&key.path()).send().expecting(200);
    assert_eq!(shown.header("etag"), "\"0\"");
    let both = json!({ "name": "b", "scopes": ["user:read"] });
    let edited = edit(&registry, &key, "\"0\"", &both).expecting(200);
    assert_eq!(edited.json()["revision"], 2, "two fields, two events");
    let shown = registry.operator().get(&key.path()).send().expecting(200);
    assert_eq!(shown.header("etag"), "\"2\"");
}

#[test]
fn a_stale_revision_is_refused_and_changes_nothing() {
    let registry = SHARED.get();
    let key = registry.create("etags", "a", &["client:read"]);
    edit(&registry, &key, "\"0\"", &json!({ "name": "mine" })).expecting(200);
    edit(&registry, &key, "\"0\"", &json!({ "name": "yours" })).problem(412, "stale");
    edit(&registry, &key, "\"7\"", &json!({ "name": "yours" })).problem(412, "stale");
    edit(&registry, &key, "W/\"1\"", &json!({ "name": "yours" })).problem(412, "stale");
    for what in ["regenerate", "end-overlap", "revoke"] {
        let call = registry.operator().post(&key.at(what), &json!({})).header("if-match", "\"0\"");
        call.send().problem(412, "stale");
    }
    let now = registry.operator().get(&key.path()).send().expecting(200).json();
    assert_eq!(
        (&now["name"], &now["revision"], &now["status"]),
        (&json!("mine"), &json!(1), &json!("ACTIVE"))
    );
    assert_eq!(registry.health(&key.secret).status, 200);
}

#[test]
fn any_revision_one_of_several_and_the_right_one_are_let_through() {
    let registry = SHARED.get();
    let key = registry.create("etags", "a", &["client:read"]);
    edit(&registry, &key, "*", &json!({ "name": "b" })).expecting(200);
    edit(&registry, &key, "\"0\", \"1\"", &json!({ "name": "c" })).expecting(200);
    edit(&registry, &key, "\"2\"", &json!({ "name": "d" })).expecting(200);
    edit(&registry, &key, "no tag", &json!({ "name": "e" })).problem(400, "malformed");
}
