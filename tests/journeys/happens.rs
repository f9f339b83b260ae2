//! "What happens to a key": every row of the table.

use std::time::Duration;

use keyledger_tests::{Answer, Created, Registry, eventually, from_now, millis};
use serde_json::{Value, json};

use crate::SHARED;

const DAY: i64 = 86_400_000;

fn post(registry: &Registry, path: &str, body: Value) -> Answer {
    registry.operator().post(path, &body).send()
}

fn edit(registry: &Registry, key: &Created, body: Value) -> Answer {
    registry.operator().patch(&key.path(), &body).send()
}

fn now(registry: &Registry, key: &Created) -> Value {
    registry.operator().get(&key.path()).send().expecting(200).json()
}

fn history(registry: &Registry, key: &Created) -> Vec<String> {
    let history = registry.operator().get(&key.at("history")).send().expecting(200).json();
    let events = history["events"].as_array().expect("a list of events");
    events.iter().map(|event| event["event"]["type"].as_str().expect("a type").to_owned()).collect()
}

fn works(registry: &Registry, key: &Created) -> bool {
    registry.health(&key.secret).status == 200
}

#[test]
fn create_shows_the_secret_once_and_never_again() {
    let registry = SHARED.get();
    let body = json!({ "name": "billing", "scopes": ["client:read"] });
    let answer = post(&registry, "/v1/partners/once/keys", body).expecting(201);
    let key = Created::from_answer(&answer);
    assert_eq!(answer.header("location"), key.path());
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(key.secret.len(), 51);
    assert_eq!(key.secret[..8], key.prefix);
    assert_eq!(&key.secret[8..13], "_kl1_");

    let operator = registry.operator();
    let paths = [key.path(), key.at("history"), "/v1/partners/once/keys".into(), "/v1/events".into()];
    for path in paths {
        let told = operator.get(&path).send().expecting(200).text();
        assert!(told.contains(&key.prefix) && !told.contains(&key.secret), "{path}");
    }
}

#[test]
fn a_new_key_is_told_in_full_with_the_defaults_spelled_out() {
    let registry = SHARED.get();
    let key = registry.create("defaults", "billing", &["client:read", "user:write"]).key;
    let names: Vec<_> = key.as_object().expect("an object").keys().map(String::as_str).collect();
    let expected = [
        "keyId",
        "partnerId",
        "name",
        "prefix",
        "scopes",
        "throttle",
        "status",
        "createdAt",
        "createdBy",
        "expiresAt",
        "regeneratedAt",
        "supersededSecrets",
        "revokedAt",
        "revokedBy",
        "revocationReason",
        "revision",
        "position",
    ];
    assert_eq!(names, expected);
    assert_eq!(key["partnerId"], "defaults");
    assert_eq!(key["name"], "billing");
    assert_eq!(key["scopes"], json!(["client:read", "user:write"]));
    assert_eq!(key["throttle"], json!({ "ratePerSecond": 10, "burst": 20 }));
    assert_eq!(key["status"], "ACTIVE");
    assert_eq!(key["revision"], 0);
    assert_eq!(key["supersededSecrets"], json!([]));
    for absent in ["expiresAt", "regeneratedAt", "revokedAt", "revokedBy", "revocationReason"] {
        assert_eq!(key[absent], Value::Null, "{absent}");
    }
    assert!((millis(&json!(from_now(Duration::ZERO))) - millis(&key["createdAt"])).abs() < 60_000);
}

#[test]
fn a_key_is_created_with_a_throttle_and_an_expiry_of_its_own() {
    let registry = SHARED.get();
    let expiry = from_now(Duration::from_secs(3600));
    let throttle = json!({ "ratePerSecond": 100, "burst": 500 });
    let body =
        json!({ "name": "fast", "scopes": ["client:read"], "throttle": throttle, "expiresAt": expiry });
    let key = registry.create_from("chosen", &body);
    assert_eq!(key.key["throttle"], throttle);
    assert_eq!(key.key["expiresAt"], expiry);
    let policy = registry.authorize(&key.secret, "").expecting(200);
    assert_eq!(policy.header("ratelimit-policy"), r#""key";q=100;w=1"#);
}

#[test]
fn regenerate_gives_a_new_secret_and_the_old_one_goes_on_for_a_day_unless_chosen() {
    let registry = SHARED.get();
    let key = registry.create("regenerate", "a", &["client:read"]);
    let answer = post(&registry, &key.at("regenerate"), json!({})).expecting(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let renewed = Created::from_answer(&answer);
    assert_eq!(renewed.id, key.id);
    assert_ne!(renewed.prefix, key.prefix);
    assert!(works(&registry, &key) && works(&registry, &renewed));
    let superseded = &renewed.key["supersededSecrets"];
    assert_eq!(superseded.as_array().map(Vec::len), Some(1), "{superseded}");
    assert_eq!(superseded[0]["prefix"], key.prefix);
    assert_eq!(millis(&superseded[0]["validUntil"]) - millis(&renewed.key["regeneratedAt"]), DAY);

    let other = registry.create("regenerate", "b", &["client:read"]);
    let chosen = registry.regenerate(&other, 604_800).key;
    assert_eq!(
        millis(&chosen["supersededSecrets"][0]["validUntil"]) - millis(&chosen["regeneratedAt"]),
        7 * DAY
    );
    let too_long = post(&registry, &other.at("regenerate"), json!({ "overlapSeconds": 604_801 }));
    assert_eq!(too_long.faulty_fields(), ["overlapSeconds"]);
}

#[test]
fn an_overlap_ends_by_the_clock() {
    let registry = SHARED.get();
    let key = registry.create("clock", "a", &["client:read"]);
    let renewed = registry.regenerate(&key, 1);
    assert!(works(&registry, &renewed));
    // Looking costs nothing, so that the bucket, which both secrets share, stays full.
    let look = json!({ "key": key.secret, "cost": 0 });
    eventually("the overlap ends", Duration::from_secs(10), || {
        registry.verify(&look)["code"] == "SUPERSEDED"
    });
    assert_eq!(registry.health(&key.secret).status, 403);
    assert!(works(&registry, &renewed));
    registry.regenerate(&renewed, 60);
}

#[test]
fn an_overlap_of_nothing_kills_the_old_secret_at_once() {
    let registry = SHARED.get();
    let key = registry.create("at-once", "a", &["client:read"]);
    let renewed = registry.regenerate(&key, 0);
    assert!(!works(&registry, &key) && works(&registry, &renewed));
    assert_eq!(renewed.key["supersededSecrets"], json!([]));
}

#[test]
fn an_overlap_never_reaches_past_the_keys_expiry() {
    let registry = SHARED.get();
    let expiry = from_now(Duration::from_secs(600));
    let body = json!({ "name": "short", "scopes": ["client:read"], "expiresAt": expiry });
    let key = registry.create_from("capped", &body);
    let renewed = registry.regenerate(&key, 86_400);
    assert_eq!(renewed.key["supersededSecrets"][0]["validUntil"], expiry);
}

#[test]
fn while_an_overlap_runs_regenerate_is_refused_unless_it_says_which_secret_to_give_up() {
    let registry = SHARED.get();
    let first = registry.create("overlaps", "a", &["client:read"]);
    let second = registry.regenerate(&first, 3600);
    post(&registry, &first.at("regenerate"), json!({})).problem(409, "overlap-running");
    post(&registry, &first.at("regenerate"), json!({ "overlapSeconds": 0 })).problem(409, "overlap-running");
    assert!(works(&registry, &first) && works(&registry, &second), "a refusal changes nothing");

    // The answer with the third secret gets lost: the deployed second one must go on, as long as it would have.
    let oldest = json!({ "overlapSeconds": 3600, "replace": "oldest" });
    let third = Created::from_answer(&post(&registry, &first.at("regenerate"), oldest).expecting(200));
    assert!(!works(&registry, &first) && works(&registry, &second) && works(&registry, &third));

    let both = json!({ "overlapSeconds": 60, "replace": "newest" });
    let refused = post(&registry, &first.at("regenerate"), both);
    refused.problem(422, "invalid");
    assert_eq!(refused.faulty_fields(), ["overlapSeconds"], "the deployed secret keeps the end it has");
    let newest = json!({ "replace": "newest" });
    let fourth = Created::from_answer(&post(&registry, &first.at("regenerate"), newest).expecting(200));
    assert!(works(&registry, &second) && !works(&registry, &third) && works(&registry, &fourth));
    assert_eq!(fourth.key["supersededSecrets"], third.key["supersededSecrets"], "the overlap is as it was");
}

#[test]
fn ending_the_overlap_kills_every_superseded_secret_at_once() {
    let registry = SHARED.get();
    let key = registry.create("ending", "a", &["client:read"]);
    let renewed = registry.regenerate(&key, 3600);
    let ended = post(&registry, &key.at("end-overlap"), json!({})).expecting(200).json();
    assert_eq!(ended["supersededSecrets"], json!([]));
    assert!(!works(&registry, &key) && works(&registry, &renewed));
    let again = post(&registry, &key.at("end-overlap"), json!({})).expecting(200).json();
    assert_eq!(again, ended, "where none runs there is nothing to record");
}

#[test]
fn an_edit_takes_effect_at_once_and_leaves_the_secret_as_it_is() {
    let registry = SHARED.get();
    let key = registry.create("edits", "a", &["client:read"]);
    let expiry = from_now(Duration::from_secs(3600));
    let all = json!({
        "name": "b", "scopes": ["user:read"], "throttle": { "ratePerSecond": 7, "burst": 9 }, "expiresAt": expiry
    });
    let edited = edit(&registry, &key, all).expecting(200).json();
    assert_eq!(edited["name"], "b");
    assert_eq!(edited["scopes"], json!(["user:read"]));
    assert_eq!(edited["throttle"], json!({ "ratePerSecond": 7, "burst": 9 }));
    assert_eq!(edited["expiresAt"], expiry);
    assert_eq!(edited["prefix"], key.prefix);
    assert_eq!(edited, now(&registry, &key));
    assert_eq!(registry.authorize(&key.secret, "scope=client:read").status, 403);
    let answer = registry.authorize(&key.secret, "scope=user:read").expecting(200);
    assert_eq!(answer.header("ratelimit-policy"), r#""key";q=7;w=1"#);
    let mut told = history(&registry, &key);
    told.sort();
    let one_each =
        ["KeyCreated", "KeyExpirationChanged", "KeyRenamed", "KeyScopesChanged", "KeyThrottleChanged"];
    assert_eq!(told, one_each);

    let back = edit(&registry, &key, json!({ "throttle": null, "expiresAt": null })).expecting(200).json();
    assert_eq!(back["throttle"], json!({ "ratePerSecond": 10, "burst": 20 }));
    assert_eq!(back["expiresAt"], Value::Null);
    let unchanged =
        edit(&registry, &key, json!({ "name": "b", "scopes": ["user:read"] })).expecting(200).json();
    assert_eq!(unchanged, back, "no change, no event");
    assert_eq!(edit(&registry, &key, json!({ "name": null })).faulty_fields(), ["name"]);
    assert_eq!(edit(&registry, &key, json!({ "scopes": null })).faulty_fields(), ["scopes"]);
}

#[test]
fn a_key_past_its_expiry_can_only_be_renamed_or_revoked() {
    let registry = SHARED.get();
    let expiry = from_now(Duration::from_millis(1500));
    let body = json!({ "name": "short", "scopes": ["client:read"], "expiresAt": expiry });
    let key = registry.create_from("expired", &body);
    eventually("the key expires", Duration::from_secs(10), || now(&registry, &key)["status"] == "EXPIRED");
    assert!(!works(&registry, &key));

    let later = from_now(Duration::from_secs(3600));
    for change in [
        json!({ "expiresAt": later }),
        json!({ "expiresAt": null }),
        json!({ "scopes": ["user:read"] }),
        json!({ "throttle": null }),
        json!({ "name": "renamed", "scopes": ["user:read"] }),
    ] {
        edit(&registry, &key, change).problem(409, "key-expired");
    }
    post(&registry, &key.at("regenerate"), json!({})).problem(409, "key-expired");
    post(&registry, &key.at("end-overlap"), json!({})).problem(409, "key-expired");
    assert_eq!(edit(&registry, &key, json!({ "name": "renamed" })).expecting(200).json()["name"], "renamed");
    assert_eq!(registry.revoke(&key)["status"], "REVOKED");
}

#[test]
fn revoke_is_final_for_every_secret_and_the_key_stays_listed_with_its_history() {
    let registry = SHARED.get();
    let key = registry.create("final", "a", &["client:read"]);
    let renewed = registry.regenerate(&key, 3600);
    let answer =
        post(&registry, &key.at("revoke"), json!({ "reason": "leaked in a chat" })).expecting(200).json();
    assert_eq!(answer["status"], "REVOKED");
    assert_eq!(answer["revocationReason"], "leaked in a chat");
    assert!(answer["revokedAt"].is_string() && !answer["revokedBy"].is_null(), "{answer}");
    assert!(!works(&registry, &key) && !works(&registry, &renewed));

    let again = post(&registry, &key.at("revoke"), json!({ "reason": "again" })).expecting(200).json();
    assert_eq!(again, answer, "the same answer, no new event");
    post(&registry, &key.at("regenerate"), json!({})).problem(409, "key-revoked");
    post(&registry, &key.at("end-overlap"), json!({})).problem(409, "key-revoked");
    edit(&registry, &key, json!({ "name": "b" })).problem(409, "key-revoked");
    let list = registry.operator().get("/v1/partners/final/keys").send().expecting(200).json();
    assert_eq!(list["keys"], json!([answer]));
    assert_eq!(history(&registry, &key), ["KeyCreated", "KeyRegenerated", "KeyRevoked"]);
}
