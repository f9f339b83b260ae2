//! `ETag` and `If-Match`: nobody overwrites what they have not seen.

use std::thread;

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
fn of_several_edits_that_saw_the_same_revision_one_wins() {
    let registry = SHARED.get();
    let key = registry.create("etags", "a", &["client:read"]);
    for revision in 0..5 {
        let tag = format!("\"{revision}\"");
        let statuses: Vec<_> = thread::scope(|scope| {
            let (registry, key, tag) = (&registry, &key, &tag);
            let edits = (0..4).map(|n| {
                let body = json!({ "name": format!("{revision} by {n}") });
                scope.spawn(move || edit(registry, key, tag, &body).status)
            });
            let edits: Vec<_> = edits.collect();
            edits.into_iter().map(|edit| edit.join().expect("an edit ends")).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [200, 412].contains(status)), "{statuses:?}");
    }
}

#[test]
fn twenty_writers_of_one_key_without_a_precondition_all_get_through() {
    let registry = SHARED.get();
    let key = registry.create("etags", "a", &["client:read"]);
    let (writers, each) = (20, 5);
    let told: Vec<_> = thread::scope(|scope| {
        let (registry, key) = (&registry, &key);
        let edits = (0..writers).map(|writer| {
            scope.spawn(move || {
                let edit = |n| json!({ "name": format!("{writer}, the {n}th time") });
                let send = |n| registry.operator().patch(&key.path(), &edit(n)).send();
                (0..each).map(send).map(|answer| (answer.status, answer.text())).collect::<Vec<_>>()
            })
        });
        let edits: Vec<_> = edits.collect();
        edits.into_iter().flat_map(|edit| edit.join().expect("a writer ends")).collect()
    });
    let refused: Vec<_> = told.iter().filter(|(status, _)| *status != 200).collect();
    assert!(refused.is_empty(), "{refused:?}");
    let now = registry.operator().get(&key.path()).send().expecting(200).json();
    assert_eq!(now["revision"], writers * each);
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
