//! A secret pasted where a text was meant: refused wherever it stands, and repeated nowhere.

use serde_json::{Value, json};

use crate::world::{Answer, Call, World};

fn refused(answer: &Answer, secret: &str, fields: &[&str]) {
    assert_eq!(answer.told(), (422, "holds-secret".into()));
    assert_eq!(answer.faulty_fields(), fields);
    assert!(answer.json()["detail"].as_str().is_some_and(|detail| detail.contains("/v1/revocations")));
    let said = format!("{:?} {}", answer.headers, String::from_utf8_lossy(&answer.body));
    assert!(!said.contains(&secret[13..]), "the secret is repeated");
}

#[actix_web::test]
async fn every_text_of_every_body_is_searched() {
    let world = World::new().await;
    let (key_id, secret) = world.create("acme", &["client:read"]).await;
    let recorded = world.events().await;
    let keys = "/v1/partners/acme/keys";
    let path = format!("{keys}/{key_id}");
    let within = format!("see {secret}!");
    let calls: Vec<(Call, &[&str])> = vec![
        (
            Call::post(keys, json!({"name": within, "scopes": [format!("{secret}:read")]})),
            &["name", "scopes"],
        ),
        (
            Call::post(keys, json!({"name": "a", "scopes": ["client:read"], secret.clone(): 1})),
            &["(withheld)"],
        ),
        (
            Call::post(keys, json!({"name": "a", "scopes": ["client:read"], "expiresAt": secret})),
            &["expiresAt"],
        ),
        (Call::patch(&path, json!({"name": secret})), &["name"]),
        (Call::patch(&path, json!({"throttle": {"burst": secret}})), &["throttle"]),
        (Call::post(format!("{path}/regenerate"), json!({"replace": secret})), &["replace"]),
        (Call::post(format!("{path}/end-overlap"), json!({"a": [{"b": within}]})), &["a"]),
        (Call::post(format!("{path}/revoke"), json!({"reason": within})), &["reason"]),
        (Call::post("/v1/revocations", json!({"prefix": secret, "reason": "leaked"})), &["prefix"]),
        (
            Call::post("/v1/revocations", json!({"partnerId": secret, "all": true, "reason": "x"})),
            &["partnerId"],
        ),
        (
            Call::put("/v1/scopes", json!({"resources": [{"name": secret, "verbs": ["read"]}]})),
            &["resources"],
        ),
    ];
    for (call, fields) in calls {
        refused(&world.operate(call).await, &secret, fields);
    }
    assert_eq!(world.events().await, recorded);
}

#[actix_web::test]
async fn paths_queries_and_headers_are_searched_too() {
    let world = World::new().await;
    let (key_id, secret) = world.create("acme", &["client:read"]).await;
    let encoded: String = secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
    for spelled in [&secret, &encoded] {
        for path in [
            format!("/v1/partners/{spelled}/keys"),
            format!("/v1/partners/acme/keys/{spelled}"),
            format!("/v1/partners/acme/keys/{spelled}/history"),
            format!("/v1/{spelled}"),
        ] {
            refused(&world.operate(Call::get(path)).await, &secret, &["path"]);
        }
        for path in [
            format!("/v1/partners/acme/keys?cursor={spelled}"),
            format!("/v1/partners/acme/keys?{spelled}=1"),
            format!("/v1/events?partnerId={spelled}"),
            format!("/v1/events?type={spelled}"),
        ] {
            refused(&world.operate(Call::get(path)).await, &secret, &["query"]);
        }
    }
    let revoke = Call::post(format!("/v1/partners/acme/keys/{key_id}/revoke"), json!({}));
    refused(&world.operate(revoke.idempotency_key(&secret)).await, &secret, &["Idempotency-Key"]);
}

#[actix_web::test]
async fn no_part_of_the_log_and_no_later_answer_holds_a_secret() {
    let world = World::new().await;
    let keys = "/v1/partners/acme/keys";
    let created =
        world.operate(Call::post(keys, json!({"name": "a", "scopes": ["client:read"]}))).await.json();
    let key_id = created["key"]["keyId"].as_str().expect("an id").to_owned();
    let regenerated =
        world.operate(Call::post(format!("{keys}/{key_id}/regenerate"), json!({}))).await.json();
    let secret = |body: &Value| body["secret"].as_str().expect("a secret").to_owned();
    let secrets = [secret(&created), secret(&regenerated), world.operator.clone()];
    let mut said = String::new();
    for path in
        [keys.to_owned(), format!("{keys}/{key_id}"), format!("{keys}/{key_id}/history"), "/v1/events".into()]
    {
        let answer = world.operate(Call::get(path)).await;
        said.push_str(&format!("{:?} {}", answer.headers, String::from_utf8_lossy(&answer.body)));
    }
    let log =
        keyledger_event_log::EventLog::read(&*world.log, keyledger_event_log::Position::START, 100).await;
    for event in log.expect("a read") {
        said.push_str(&String::from_utf8_lossy(&[event.public, event.private].concat()));
    }
    assert!(said.contains(&secrets[0][..8]), "the prefix is public, so this test sees something");
    assert!(secrets.iter().all(|secret| !said.contains(&secret[13..])));
}
