//! Each operation when all is well: exact bodies and headers.

use serde_json::{Value, json};

use crate::world::{Call, World};

const KEYS: &str = "/v1/partners/acme/keys";

/// The parts of a key's answer that differ from run to run are checked for their form and put aside.
fn without_ids(mut key: Value) -> Value {
    for field in ["keyId", "prefix", "createdBy"] {
        assert!(!key[field].is_null(), "{field} is there");
        key.as_object_mut().expect("an object").remove(field);
    }
    key
}

#[actix_web::test]
async fn create_answers_with_the_key_and_its_secret() {
    let world = World::new().await;
    let answer = world
        .operate(Call::post(KEYS, json!({"name": "Order sync", "scopes": ["client:read", "client:read"]})))
        .await;
    assert_eq!(answer.status, 201);
    let body = answer.json();
    let key = &body["key"];
    let key_id = key["keyId"].as_str().expect("an id");
    let secret = body["secret"].as_str().expect("a secret");
    assert_eq!(body.as_object().expect("an object").keys().collect::<Vec<_>>(), ["key", "secret"]);
    assert_eq!(secret.len(), 51);
    assert_eq!(key["prefix"], secret[..8]);
    assert_eq!(key["createdBy"], json!({"kind": "key", "id": world.key_id(&world.operator)}));
    assert_eq!(world.key_id(secret), key_id, "the secret opens the key");
    let expected = json!({
        "partnerId": "acme", "name": "Order sync", "scopes": ["client:read"], "throttle": {"ratePerSecond": 10, "burst": 20},
        "status": "ACTIVE", "createdAt": "2027-01-15T08:00:00.000Z", "expiresAt": null, "regeneratedAt": null,
        "supersededSecrets": [], "revokedAt": null, "revokedBy": null, "revocationReason": null, "revision": 0, "position": 3,
    });
    assert_eq!(without_ids(key.clone()), expected);
    assert_eq!(answer.header("location"), format!("{KEYS}/{key_id}"));
    assert_eq!(answer.header("etag"), "\"0\"");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-log-position"), "3");
    assert_eq!(answer.header("x-request-id").len(), 36);
    assert_eq!(answer.header("content-type"), "application/json");
}

#[actix_web::test]
async fn a_key_is_shown_with_its_revision_as_entity_tag() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    let answer = world.operate(Call::get(format!("{KEYS}/{key_id}"))).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("etag"), "\"0\"");
    assert_eq!(answer.json()["keyId"], key_id);
}

#[actix_web::test]
async fn keys_are_listed_in_pages_newest_first() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(world.create("acme", &["client:read"]).await.0);
    }
    world.create("other", &["client:read"]).await;
    let first = world.operate(Call::get(format!("{KEYS}?limit=2"))).await.json();
    let listed = |page: &Value| {
        let keys = page["keys"].as_array().expect("keys").clone();
        keys.iter().map(|key| key["keyId"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed(&first), [ids[2].as_str(), &ids[1]]);
    let cursor = first["nextCursor"].as_str().expect("a cursor");
    let second = world.operate(Call::get(format!("{KEYS}?limit=2&cursor={cursor}"))).await.json();
    assert_eq!(listed(&second), [ids[0].as_str()]);
    assert_eq!(second["nextCursor"], Value::Null);
    let revoked = world.operate(Call::get(format!("{KEYS}?status=REVOKED"))).await.json();
    assert_eq!(listed(&revoked), [""; 0]);
}

#[actix_web::test]
async fn regenerate_mints_a_new_secret_and_lets_the_old_one_work_for_the_overlap() {
    let world = World::new().await;
    let (key_id, old) = world.create("acme", &["client:read"]).await;
    let call = || Call::post(format!("{KEYS}/{key_id}/regenerate"), json!({"overlapSeconds": 60}));
    let answer = world.operate(call()).await;
    assert_eq!(answer.status, 200);
    let body = answer.json();
    let new = body["secret"].as_str().expect("a secret").to_owned();
    assert_eq!(body["key"]["prefix"], new[..8]);
    let overlap = json!([{"prefix": old[..8], "validUntil": "2027-01-15T08:01:00.000Z"}]);
    assert_eq!(body["key"]["supersededSecrets"], overlap);
    assert_eq!(body["key"]["regeneratedAt"], "2027-01-15T08:00:00.000Z");
    assert_eq!((answer.header("etag"), answer.header("cache-control")), ("\"1\"", "no-store"));
    assert_eq!((world.key_id(&old), world.key_id(&new)), (key_id.clone(), key_id.clone()));
    assert_eq!(world.operate(call()).await.told(), (409, "overlap-running".into()));
    let lost = Call::post(format!("{KEYS}/{key_id}/regenerate"), json!({"replace": "newest"}));
    let newer = world.operate(lost).await.json();
    assert_eq!(newer["key"]["supersededSecrets"], overlap, "the deployed secret keeps its overlap");
    assert!(world.projection.opened_by(new.as_bytes()).is_none(), "the never-deployed one is dead");
    world.clock.advance_seconds(60);
    assert!(world.projection.opened_by(old.as_bytes()).is_none(), "the overlap is over");
}

#[actix_web::test]
async fn superseded_secrets_are_listed_for_as_long_as_they_work() {
    let world = World::new().await;
    let (key_id, old) = world.create("acme", &["client:read"]).await;
    let path = format!("{KEYS}/{key_id}");
    world.operate(Call::post(format!("{path}/regenerate"), json!({"overlapSeconds": 3600}))).await;
    let edit =
        async |body: Value| world.operate(Call::patch(&path, body)).await.json()["supersededSecrets"].clone();
    let until = |moment: &str| json!([{"prefix": old[..8], "validUntil": moment}]);
    assert_eq!(edit(json!({"expiresAt": "2027-01-15T08:00:10Z"})).await, until("2027-01-15T08:00:10.000Z"));
    assert_eq!(
        edit(json!({"expiresAt": null})).await,
        until("2027-01-15T09:00:00.000Z"),
        "the overlap is as it was"
    );
    edit(json!({"expiresAt": "2027-01-15T08:00:10Z"})).await;
    world.clock.advance_seconds(10);
    for shown in [
        world.operate(Call::get(&path)).await.json(),
        world.operate(Call::get(KEYS)).await.json()["keys"][0].clone(),
    ] {
        assert_eq!((&shown["status"], &shown["supersededSecrets"]), (&json!("EXPIRED"), &json!([])));
    }
}

#[actix_web::test]
async fn a_body_may_be_left_out_where_every_field_is_optional() {
    let world = World::new().await;
    let (key_id, old) = world.create("acme", &["client:read"]).await;
    let post = |action: &str| Call::new(actix_web::http::Method::POST, format!("{KEYS}/{key_id}/{action}"));
    let regenerated = world.operate(post("regenerate")).await.json();
    assert_eq!(regenerated["key"]["supersededSecrets"][0]["validUntil"], "2027-01-16T08:00:00.000Z");
    let ended = world.operate(post("end-overlap")).await;
    assert_eq!((ended.status.as_u16(), ended.json()["supersededSecrets"].clone()), (200, json!([])));
    assert!(world.projection.opened_by(old.as_bytes()).is_none());
    let before = world.events().await;
    assert_eq!(world.operate(post("end-overlap")).await.status, 200);
    assert_eq!(world.events().await, before, "no overlap, no event");
    let revoked = world.operate(post("revoke")).await.json();
    assert_eq!((&revoked["status"], &revoked["revocationReason"]), (&json!("REVOKED"), &Value::Null));
}

#[actix_web::test]
async fn an_edit_records_one_event_for_each_field_that_changes() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    let path = format!("{KEYS}/{key_id}");
    let before = world.events().await;
    let edit = json!({
        "name": "Renamed", "scopes": ["user:read", "client:read"], "throttle": {"ratePerSecond": 50, "burst": 100},
        "expiresAt": "2028-01-01T01:00:00+01:00",
    });
    let answer = world.operate(Call::patch(&path, edit.clone())).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, "\"4\""));
    let key = answer.json();
    assert_eq!(key["name"], "Renamed");
    assert_eq!(key["scopes"], json!(["client:read", "user:read"]));
    assert_eq!(key["throttle"], json!({"ratePerSecond": 50, "burst": 100}));
    assert_eq!(key["expiresAt"], "2028-01-01T00:00:00.000Z");
    assert_eq!(key["position"], before + 4);
    assert_eq!(world.operate(Call::get(&path)).await.json(), key, "what was answered is what was recorded");
    assert_eq!(world.operate(Call::patch(&path, edit)).await.json(), key);
    assert_eq!(world.events().await, before + 4, "no change, no event");
    let restored =
        world.operate(Call::patch(&path, json!({"throttle": null, "expiresAt": null}))).await.json();
    assert_eq!(restored["throttle"], json!({"ratePerSecond": 10, "burst": 20}));
    assert_eq!(restored["expiresAt"], Value::Null);
}

#[actix_web::test]
async fn revoke_is_final_and_again_the_same_answer_without_an_event() {
    let world = World::new().await;
    let (key_id, secret) = world.create("acme", &["client:read"]).await;
    let path = format!("{KEYS}/{key_id}");
    let first = world.operate(Call::post(format!("{path}/revoke"), json!({"reason": "leaked"}))).await;
    assert_eq!(first.status, 200);
    let key = first.json();
    assert_eq!((&key["status"], &key["revocationReason"]), (&json!("REVOKED"), &json!("leaked")));
    assert_eq!(key["revokedAt"], "2027-01-15T08:00:00.000Z");
    assert_eq!(key["revokedBy"]["kind"], "key");
    assert!(world.projection.opened_by(secret.as_bytes()).is_none());
    let recorded = world.events().await;
    let again = world.operate(Call::post(format!("{path}/revoke"), json!({"reason": "another"}))).await;
    assert_eq!(again.json(), key);
    assert_eq!(world.events().await, recorded);
    for (action, body) in [("regenerate", json!({})), ("end-overlap", json!({}))] {
        let refused = world.operate(Call::post(format!("{path}/{action}"), body)).await;
        assert_eq!(refused.told(), (409, "key-revoked".into()), "{action}");
    }
    assert_eq!(
        world.operate(Call::patch(&path, json!({"name": "x"}))).await.told(),
        (409, "key-revoked".into())
    );
}

#[actix_web::test]
async fn an_expired_key_can_only_be_renamed_or_revoked() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    let path = format!("{KEYS}/{key_id}");
    let end = json!({"expiresAt": "2027-01-15T08:00:10Z"});
    world.operate(Call::patch(&path, end)).await;
    world.clock.advance_seconds(10);
    assert_eq!(world.operate(Call::get(&path)).await.json()["status"], "EXPIRED");
    let later = json!({"expiresAt": "2029-01-01T00:00:00Z"});
    for refused in [Call::patch(&path, later), Call::post(format!("{path}/regenerate"), json!({}))] {
        assert_eq!(world.operate(refused).await.told(), (409, "key-expired".into()));
    }
    assert_eq!(world.operate(Call::patch(&path, json!({"name": "Old"}))).await.json()["name"], "Old");
    assert_eq!(
        world.operate(Call::post(format!("{path}/revoke"), json!({}))).await.json()["status"],
        "REVOKED"
    );
}

#[actix_web::test]
async fn history_tells_every_event_oldest_first_also_of_a_revoked_key() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    let path = format!("{KEYS}/{key_id}");
    world.operate(Call::patch(&path, json!({"name": "Second"}))).await;
    world.operate(Call::post(format!("{path}/revoke"), json!({}))).await;
    let history = world.operate(Call::get(format!("{path}/history"))).await.json();
    let events = history["events"].as_array().expect("events").clone();
    let types: Vec<_> = events.iter().map(|event| event["event"]["type"].as_str().expect("a type")).collect();
    assert_eq!(types, ["KeyCreated", "KeyRenamed", "KeyRevoked"]);
    let positions: Vec<_> =
        events.iter().map(|event| event["position"].as_u64().expect("a position")).collect();
    assert_eq!(positions, [3, 4, 5]);
    assert!(events[0].get("private").is_none() && events[0].get("mac").is_none());
}

#[actix_web::test]
async fn a_command_that_the_readers_did_not_apply_says_so_and_a_secret_is_shown_nevertheless() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    let path = format!("{KEYS}/{key_id}");
    world.projection.applies.store(false, std::sync::atomic::Ordering::Relaxed);
    let create = world.operate(Call::post(KEYS, json!({"name": "a", "scopes": ["client:read"]}))).await;
    assert_eq!((create.status.as_u16(), &create.json()["applied"]), (201, &json!(false)));
    let regenerate = world.operate(Call::post(format!("{path}/regenerate"), json!({}))).await;
    assert_eq!((regenerate.status.as_u16(), &regenerate.json()["applied"]), (200, &json!(false)));
    assert!(regenerate.json()["secret"].is_string());
    for call in [
        Call::post(format!("{path}/end-overlap"), json!({})),
        Call::patch(&path, json!({"name": "b"})),
        Call::post(format!("{path}/revoke"), json!({})),
        // A second try must not be told that it is done, either.
        Call::post(format!("{path}/revoke"), json!({})),
    ] {
        let answer = world.operate(call).await;
        assert_eq!(answer.told(), (503, "recorded-not-applied".into()));
        assert_eq!(answer.json()["position"], world.events().await);
        assert_eq!(answer.header("retry-after"), "1");
    }
}

#[actix_web::test]
async fn a_clock_that_falls_does_not_take_a_key_s_events_back_in_time() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    world.clock.advance_seconds(-3_600);
    world.operate(Call::patch(format!("{KEYS}/{key_id}"), json!({"name": "b"}))).await;
    let history = world.operate(Call::get(format!("{KEYS}/{key_id}/history"))).await.json();
    assert_eq!(history["events"][1]["event"]["occurredAt"], "2027-01-15T08:00:00.000Z");
}
