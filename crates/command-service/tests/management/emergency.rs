//! A leaked key, known by its first eight characters; a partner that must go.

use serde_json::{Value, json};

use crate::{
    troubled_log::Trouble,
    world::{Call, World},
};

const REVOCATIONS: &str = "/v1/revocations";

#[actix_web::test]
async fn a_prefix_is_enough_also_that_of_a_superseded_secret() {
    let world = World::new().await;
    let (key_id, old) = world.create("acme", &["client:read"]).await;
    world.operate(Call::post(format!("/v1/partners/acme/keys/{key_id}/regenerate"), json!({}))).await;
    let call = |dry_run: bool| {
        Call::post(REVOCATIONS, json!({"prefix": old[..8], "reason": "leaked", "dryRun": dry_run}))
    };
    let recorded = world.events().await;
    let dry = world.operate(call(true)).await.json();
    assert_eq!(dry["revoked"], 0);
    assert_eq!(dry["matches"][0]["status"], "ACTIVE");
    assert_eq!(world.events().await, recorded);
    let done = world.operate(call(false)).await;
    assert_eq!(done.status, 200);
    let mut body = done.json();
    let new_prefix = body["matches"][0].as_object_mut().expect("a match").remove("prefix").expect("a prefix");
    assert_ne!(new_prefix, old[..8], "the match tells the newest prefix");
    let expected = json!({"keyId": key_id, "partnerId": "acme", "name": "made for a test", "status": "REVOKED", "alreadyRevoked": false});
    assert_eq!(body, json!({"revoked": 1, "matches": [expected]}));
    assert!(world.projection.opened_by(old.as_bytes()).is_none());
    let again = world.operate(call(false)).await.json();
    assert_eq!((&again["revoked"], &again["matches"][0]["alreadyRevoked"]), (&json!(0), &json!(true)));
}

#[actix_web::test]
async fn a_prefix_that_nobody_has_is_no_match() {
    let world = World::new().await;
    let call = Call::post(REVOCATIONS, json!({"prefix": "zzzzzzzz", "reason": "leaked"}));
    assert_eq!(world.operate(call).await.told(), (404, "no-match".into()));
    // Lists that are behind may not know it yet, so nobody is told that it is not there.
    world.projection.applies.store(false, std::sync::atomic::Ordering::Relaxed);
    let call = Call::post(REVOCATIONS, json!({"prefix": "zzzzzzzz", "reason": "leaked"}));
    assert_eq!(world.operate(call).await.status, 503);
}

#[actix_web::test]
async fn every_key_of_a_partner_goes_one_event_each_and_no_other_partner_s() {
    let world = World::new().await;
    for _ in 0..3 {
        world.create("acme", &["client:read"]).await;
    }
    let (gone, _) = world.create("acme", &["client:read"]).await;
    world.operate(Call::post(format!("/v1/partners/acme/keys/{gone}/revoke"), json!({}))).await;
    let (_, other) = world.create("other", &["client:read"]).await;
    let call = |dry: bool| {
        Call::post(REVOCATIONS, json!({"partnerId": "acme", "all": true, "reason": "breach", "dryRun": dry}))
    };
    let recorded = world.events().await;
    let dry = world.operate(call(true)).await.json();
    assert_eq!((dry["revoked"].as_u64(), dry["matches"].as_array().map(Vec::len)), (Some(0), Some(4)));
    assert_eq!(world.events().await, recorded);
    let done = world.operate(call(false)).await.json();
    assert_eq!(done["revoked"], 3);
    let matches = done["matches"].as_array().expect("matches").clone();
    assert!(matches.iter().all(|key| key["status"] == "REVOKED" && key["partnerId"] == "acme"));
    let before: Vec<_> =
        matches.iter().filter(|key| key["alreadyRevoked"] == true).map(|key| &key["keyId"]).collect();
    assert_eq!(before, [&json!(gone)]);
    assert_eq!(world.events().await, recorded + 3);
    assert!(world.projection.opened_by(other.as_bytes()).is_some());
    assert_eq!(world.operate(call(false)).await.json()["revoked"], 0);
    let nobody = Call::post(REVOCATIONS, json!({"partnerId": "nobody", "all": true, "reason": "breach"}));
    assert_eq!(world.operate(nobody).await.told(), (404, "no-match".into()));
}

#[actix_web::test]
async fn a_retry_goes_on_where_the_first_try_broke_off_and_leaves_newer_keys_alone() {
    let mut world = World::new().await;
    for _ in 0..5 {
        world.create("acme", &["client:read"]).await;
    }
    let call = || {
        Call::post(REVOCATIONS, json!({"partnerId": "acme", "all": true, "reason": "breach"}))
            .idempotency_key("breach-1")
    };
    world.log.plan([Trouble::Through, Trouble::Through, Trouble::Unavailable]);
    let broken = world.operate(call()).await;
    assert_eq!(
        broken.told(),
        (503, "outcome-unknown".into()),
        "two are recorded, so nobody says that nothing is"
    );
    let (_, newer) = world.create("acme", &["client:read"]).await;
    world.restart();
    let recorded = world.events().await;
    let retry = world.operate(call()).await.json();
    assert_eq!(retry["revoked"], 5);
    assert_eq!(retry["matches"].as_array().map(Vec::len), Some(5));
    assert_eq!(world.events().await, recorded + 3);
    assert!(world.projection.opened_by(newer.as_bytes()).is_some(), "it was meant by nobody");
    assert_eq!(world.operate(call()).await.json(), retry);
    assert_eq!(world.events().await, recorded + 3);
    let other = Call::post(REVOCATIONS, json!({"partnerId": "acme", "all": true, "reason": "other"}));
    assert_eq!(world.operate(other.idempotency_key("breach-1")).await.told().1, "idempotency-key-reused");
}

#[actix_web::test]
async fn a_key_that_comes_while_it_begins_is_meant_by_the_first_try_as_by_every_later_one() {
    let world = World::new().await;
    for _ in 0..2 {
        world.create("acme", &["client:read"]).await;
    }
    let call = || {
        Call::post(REVOCATIONS, json!({"partnerId": "acme", "all": true, "reason": "breach"}))
            .idempotency_key("breach-1")
    };
    let permits = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    world.log.plan([Trouble::Held(permits.clone())]);
    let meanwhile = async {
        while !world.log.troubles.lock().expect("no panic").is_empty() {
            tokio::task::yield_now().await;
        }
        // The keys were listed, and the first event waits for the log: these stand before it.
        world.create("acme", &["client:read"]).await;
        let (_, between) = world.create("acme", &["client:read"]).await;
        permits.add_permits(1);
        between
    };
    let (first, between) = tokio::join!(world.operate(call()), meanwhile);
    assert_eq!(first.json()["revoked"], 4);
    assert!(world.projection.opened_by(between.as_bytes()).is_none());
    assert_eq!(world.operate(call()).await.json(), first.json());
}

#[actix_web::test]
async fn the_last_operator_key_stays_unless_forced() {
    let world = World::new().await;
    let path = format!("/v1/partners/registry/keys/{}", world.key_id(&world.operator));
    let prefix = &world.operator[..8];
    let taking = |force: bool| {
        let with = |mut body: Value| {
            if force {
                body["force"] = json!(true);
            }
            body
        };
        [
            Call::patch(&path, with(json!({"scopes": ["registryEvents:read"]}))),
            Call::patch(&path, with(json!({"expiresAt": "2028-01-01T00:00:00Z"}))),
            Call::post(format!("{path}/revoke"), with(json!({}))),
            Call::post(REVOCATIONS, with(json!({"prefix": prefix, "reason": "x"}))),
            Call::post(REVOCATIONS, with(json!({"partnerId": "registry", "all": true, "reason": "x"}))),
        ]
    };
    let recorded = world.events().await;
    for call in taking(false) {
        assert_eq!(world.operate(call).await.told(), (409, "last-operator-key".into()));
    }
    assert_eq!(world.events().await, recorded);
    assert_eq!(world.operate(Call::patch(&path, json!({"name": "still here"}))).await.status, 200);
    let second = world.mint("registry", &["registry:operate"]).await;
    assert_eq!(
        world.operate(Call::post(format!("{path}/revoke"), json!({}))).await.status,
        200,
        "there is another"
    );
    let path = format!("/v1/partners/registry/keys/{}", world.key_id(&second));
    let refused = world.send(Call::post(format!("{path}/revoke"), json!({})).key(&second)).await;
    assert_eq!(refused.told(), (409, "last-operator-key".into()));
    let forced = Call::post(format!("{path}/revoke"), json!({"force": true}));
    assert_eq!(world.send(forced.key(&second)).await.status, 200);
}

#[actix_web::test]
async fn of_two_operators_that_revoke_each_other_at_once_one_stays() {
    let world = World::new().await;
    let second = world.mint("registry", &["registry:operate"]).await;
    let revoke = |secret: &str| {
        Call::post(format!("/v1/partners/registry/keys/{}/revoke", world.key_id(secret)), json!({}))
    };
    let permits = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    world.log.plan([Trouble::Held(permits.clone())]);
    let (first, other) = (world.operator.clone(), second.clone());
    let one = world.send(revoke(&second).key(&first));
    let two = async {
        while !world.log.troubles.lock().expect("no panic").is_empty() {
            tokio::task::yield_now().await;
        }
        let release = async {
            tokio::task::yield_now().await;
            permits.add_permits(1);
        };
        tokio::join!(world.send(revoke(&first).key(&other)), release).0
    };
    let (one, two) = tokio::join!(one, two);
    assert_eq!(one.status, 200);
    assert_eq!(two.told(), (409, "last-operator-key".into()));
}

#[actix_web::test]
async fn a_dry_run_under_an_idempotency_key_of_another_request_is_refused() {
    let world = World::new().await;
    let (_, secret) = world.create("acme", &["client:read"]).await;
    let one = |dry_run: bool| json!({"prefix": secret[..8], "reason": "leak", "dryRun": dry_run});
    let all = |dry_run: bool| json!({"partnerId": "acme", "all": true, "reason": "leak", "dryRun": dry_run});
    let ask = async |body: Value, key: &str| {
        world.operate(Call::post(REVOCATIONS, body).idempotency_key(key)).await
    };
    for dry in [one(true), all(true)] {
        assert_eq!(ask(dry, "leak-1").await.status, 200, "a dry run leaves its key unused");
    }
    assert_eq!(ask(one(false), "leak-1").await.json()["revoked"], 1);
    for dry in [one(true), all(true), json!({"prefix": "zzzzzzzz", "reason": "leak", "dryRun": true})] {
        assert_eq!(ask(dry, "leak-1").await.told(), (422, "idempotency-key-reused".into()));
    }
}
