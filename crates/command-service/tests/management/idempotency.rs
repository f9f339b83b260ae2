//! The same request again gives the same key and no second event.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::{
    troubled_log::Trouble,
    world::{Call, World},
};

const KEYS: &str = "/v1/partners/acme/keys";

fn create() -> Call {
    Call::post(KEYS, json!({"name": "Order sync", "scopes": ["client:read"]})).idempotency_key("order-sync-1")
}

#[actix_web::test]
async fn a_create_again_gives_the_same_key_and_status_without_the_secret() {
    let world = World::new().await;
    let first = world.operate(create()).await;
    let recorded = world.events().await;
    let again = world.operate(create()).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201));
    assert_eq!(first.json()["key"], again.json()["key"]);
    assert_eq!(again.json()["secret"], Value::Null);
    assert!(again.json()["secretNote"].as_str().is_some_and(|note| note.contains("newest")));
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(world.events().await, recorded);
}

#[actix_web::test]
async fn whoever_asks_again_is_told_to_give_the_newest_secret_up_only_where_it_is_theirs() {
    let world = World::new().await;
    let key_id = world.operate(create()).await.json()["key"]["keyId"].as_str().expect("an id").to_owned();
    let path = format!("{KEYS}/{key_id}");
    let regenerate = || Call::post(format!("{path}/regenerate"), json!({})).idempotency_key("regenerate-1");
    let note = async |call: Call| {
        let again = world.operate(call).await.json();
        assert_eq!(again["secret"], Value::Null);
        again["secretNote"].as_str().expect("a note").to_owned()
    };
    world.operate(Call::patch(&path, json!({"name": "Renamed"}))).await;
    assert!(note(create()).await.contains("regenerate the key with replace: \"newest\""));
    world.operate(regenerate()).await;
    assert!(note(regenerate()).await.contains("newest"), "its secret is the present one");
    let superseded = note(create()).await;
    assert!(superseded.contains("was regenerated since") && !superseded.contains("newest"), "{superseded}");
    world.operate(Call::patch(&path, json!({"expiresAt": "2027-01-15T08:00:10Z"}))).await;
    world.clock.advance_seconds(10);
    let expired = note(regenerate()).await;
    assert!(expired.contains("expired since") && !expired.contains("newest"), "{expired}");
    world.operate(Call::post(format!("{path}/revoke"), json!({}))).await;
    for call in [create(), regenerate()] {
        let revoked = note(call).await;
        assert!(revoked.contains("revoked since") && !revoked.contains("newest"), "{revoked}");
    }
}

#[actix_web::test]
async fn it_holds_after_a_restart_and_for_another_spelling_of_the_same_body() {
    let mut world = World::new().await;
    let first = world.operate(create()).await;
    world.restart();
    let spelled = Call::new(actix_web::http::Method::POST, KEYS)
        .header("content-type", "application/json; charset=utf-8")
        .idempotency_key("order-sync-1")
        .bytes(br#"{ "scopes": ["client:read"], "name": "Order\u0020sync" }"#.to_vec());
    let again = world.operate(spelled).await;
    assert_eq!(first.json()["key"], again.json()["key"]);
    assert_eq!(world.events().await, 3);
}

#[actix_web::test]
async fn another_body_or_another_route_under_it_is_refused() {
    let world = World::new().await;
    let key_id = world.operate(create()).await.json()["key"]["keyId"].as_str().expect("an id").to_owned();
    let reused = (422, "idempotency-key-reused".to_owned());
    let other = Call::post(KEYS, json!({"name": "Another", "scopes": ["client:read"]}))
        .idempotency_key("order-sync-1");
    assert_eq!(world.operate(other).await.told(), reused);
    for action in ["regenerate", "end-overlap", "revoke"] {
        let call = Call::post(format!("{KEYS}/{key_id}/{action}"), json!({})).idempotency_key("order-sync-1");
        assert_eq!(world.operate(call).await.told(), reused, "{action}");
    }
    let elsewhere =
        Call::post("/v1/partners/other/keys", json!({"name": "Order sync", "scopes": ["client:read"]}));
    assert_eq!(world.operate(elsewhere.idempotency_key("order-sync-1")).await.told(), reused);
    assert_eq!(world.events().await, 3);
}

#[actix_web::test]
async fn another_principal_s_idempotency_key_is_another_one() {
    let world = World::new().await;
    let admin = world.mint("acme", &["registryKeys:write"]).await;
    let mine = world.operate(create()).await.json();
    let theirs = world.send(create().key(&admin)).await.json();
    assert_ne!(mine["key"]["keyId"], theirs["key"]["keyId"]);
    assert!(theirs["secret"].is_string());
}

#[actix_web::test]
async fn regenerate_end_overlap_and_revoke_again_record_nothing_twice() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    for (action, status) in [("regenerate", 200), ("end-overlap", 200), ("revoke", 200)] {
        let call = || Call::post(format!("{KEYS}/{key_id}/{action}"), json!({})).idempotency_key(action);
        let first = world.operate(call()).await;
        let recorded = world.events().await;
        let again = world.operate(call()).await;
        assert_eq!((first.status.as_u16(), again.status.as_u16()), (status, status), "{action}");
        let key = |answer: &Value| answer.get("key").cloned().unwrap_or_else(|| answer.clone());
        assert_eq!(key(&first.json()), key(&again.json()), "{action}");
        assert_eq!(world.events().await, recorded, "{action}");
    }
    // Although the key has gone on since, the first request is still known.
    let regenerate =
        Call::post(format!("{KEYS}/{key_id}/regenerate"), json!({})).idempotency_key("regenerate");
    let late = world.operate(regenerate.header("if-match", "\"0\"")).await;
    assert_eq!((late.status.as_u16(), &late.json()["key"]["status"]), (200, &json!("REVOKED")));
}

#[actix_web::test]
async fn a_request_that_was_refused_leaves_its_idempotency_key_unused() {
    let world = World::new().await;
    let bad = Call::post(KEYS, json!({"name": "a", "scopes": ["nothing:read"]})).idempotency_key("k");
    assert_eq!(world.operate(bad).await.told(), (422, "invalid".into()));
    let good = Call::post(KEYS, json!({"name": "a", "scopes": ["client:read"]})).idempotency_key("k");
    assert_eq!(world.operate(good).await.status, 201);
}

#[actix_web::test]
async fn one_that_is_still_in_flight_is_told_so_and_one_event_comes_of_both() {
    let world = World::new().await;
    let permits = Arc::new(Semaphore::new(0));
    world.log.plan([Trouble::Held(Arc::clone(&permits))]);
    let first = world.operate(create());
    let second = async {
        // The first one has reached the log once it has taken its trouble.
        while !world.log.troubles.lock().expect("no panic").is_empty() {
            tokio::task::yield_now().await;
        }
        let refused = world.operate(create()).await;
        permits.add_permits(1);
        refused
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!(first.status, 201);
    assert_eq!(second.told(), (409, "idempotency-key-in-flight".into()));
    assert_eq!(world.operate(create()).await.status, 201, "afterwards it is known");
    assert_eq!(world.events().await, 3);
}

#[actix_web::test]
async fn two_processes_with_the_same_request_make_one_key_of_it() {
    let world = World::new().await;
    let permits = Arc::new(Semaphore::new(0));
    world.log.plan([Trouble::Held(Arc::clone(&permits))]);
    let other = world.elsewhere();
    // The first process has decided and is held before its append; the second one is faster.
    let slow = async { other.operate(create()).await.json() };
    let fast = async {
        while !world.log.troubles.lock().expect("no panic").is_empty() {
            tokio::task::yield_now().await;
        }
        let answer = world.operate(create()).await.json();
        permits.add_permits(1);
        answer
    };
    let (slow, fast): (Value, Value) = tokio::join!(slow, fast);
    assert_eq!(slow["key"], fast["key"]);
    assert_eq!((slow["secret"].is_null(), fast["secret"].is_null()), (true, false));
    assert_eq!(world.events().await, 3);
}

#[actix_web::test]
async fn an_idempotency_key_that_is_none_is_malformed() {
    let world = World::new().await;
    for bad in ["", &"x".repeat(256)] {
        let call = Call::post(KEYS, json!({})).idempotency_key(bad);
        assert_eq!(world.operate(call).await.told(), (400, "malformed".into()), "{bad}");
    }
    let twice = create().idempotency_key("another");
    assert_eq!(world.operate(twice).await.told(), (400, "malformed".into()));
}
