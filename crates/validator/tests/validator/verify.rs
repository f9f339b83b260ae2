//! `/v1/verify`: the verdict with its reason, and every refusal of a faulty request.

use std::{sync::Arc, time::Duration};

use actix_web::{http::Method, test::TestRequest};
use keyledger_domain::event::KeyCreated;
use keyledger_validator::{Settings, Validator};
use serde_json::{Value, json};

use crate::fixture::{Answer, TestKey, World, ask, at, created, plain, superseded, unreadable, validator};

fn post(body: impl Into<Vec<u8>>) -> TestRequest {
    TestRequest::with_uri("/v1/verify")
        .method(Method::POST)
        .insert_header(("content-type", "application/json"))
        .set_payload(body.into())
}

async fn verdict(validator: &Arc<Validator>, body: Value) -> Value {
    let answer = ask(validator, post(body.to_string())).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.headers, plain(200, &[], "").headers);
    serde_json::from_str(&answer.body).expect("JSON")
}

fn about(key: TestKey) -> Value {
    json!({"key": key.secret.text()})
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

fn nobody(code: &str, position: u64) -> Value {
    json!({
        "valid": false, "code": code, "keyId": null, "partnerId": null, "scopes": null, "throttle": null,
        "expiresAt": null, "position": position, "stalenessMs": 0
    })
}

#[actix_rt::test]
async fn a_good_key_is_told_whole_and_takes_a_token() {
    let mut world = World::new();
    let key = world
        .create(KeyCreated { expires_at: Some(at(60)), ..created("acme", &["user:read", "client:read"]) });
    let validator = validator(&world);
    world.silence(Duration::from_millis(250));
    let body = json!({"key": key.secret.text(), "scopes": ["clientEmail:read"], "partnerId": "acme", "minPosition": 2});
    let answer = ask(&validator, post(body.to_string())).await;
    let exact = format!(
        "{{\"valid\":true,\"code\":\"VALID\",\"keyId\":\"{}\",\"partnerId\":\"acme\",\"scopes\":[\"client:read\",\"user:read\"],\
         \"throttle\":{{\"limit\":20,\"remaining\":19,\"retryAfterSeconds\":null}},\
         \"expiresAt\":\"2027-01-15T08:01:00.000Z\",\"position\":2,\"stalenessMs\":250}}",
        key.id
    );
    assert_eq!(answer, plain(200, &[], &exact));
}

#[actix_rt::test]
async fn each_code_is_told_in_its_order() {
    let mut world = World::new();
    let revoked = world.create(KeyCreated { expires_at: Some(at(0)), ..created("acme", &["client:read"]) });
    let revoked_old = revoked;
    let revoked = world.regenerate(revoked, vec![]);
    world.revoke(revoked);
    let expired_old =
        world.create(KeyCreated { expires_at: Some(at(0)), ..created("acme", &["client:read"]) });
    let expired = world.regenerate(expired_old, vec![superseded(expired_old.secret, 0)]);
    let good = world.key();
    let registry = world.key_of("registry", &["registry:operate"]);
    let validator = validator(&world);
    let both = |key| with(with(about(key), "partnerId", json!("other")), "scopes", json!(["user:read"]));
    for (body, code) in [
        (both(revoked_old), "REVOKED"),
        (both(revoked), "REVOKED"),
        (both(expired_old), "SUPERSEDED"),
        (both(expired), "EXPIRED"),
        (both(good), "WRONG_PARTNER"),
        (with(about(good), "scopes", json!(["user:read"])), "INSUFFICIENT_SCOPE"),
        (with(about(good), "scopes", json!(["client:read", "registryKeys:read"])), "INSUFFICIENT_SCOPE"),
        (about(registry), "INSUFFICIENT_SCOPE"),
        (with(about(good), "cost", json!(21)), "THROTTLED"),
        (with(about(good), "cost", json!(20)), "VALID"),
        (with(about(good), "cost", json!(20)), "THROTTLED"),
        (with(about(good), "cost", json!(0)), "VALID"),
    ] {
        let verdict = verdict(&validator, body.clone()).await;
        assert_eq!(verdict["code"], code, "{body}");
        assert_eq!(verdict["valid"], code == "VALID");
        assert!(
            verdict["keyId"].is_string() && verdict["partnerId"].is_string() && verdict["scopes"].is_array()
        );
        let works = !["REVOKED", "SUPERSEDED", "EXPIRED"].contains(&code);
        assert_eq!(verdict["throttle"].is_object(), works, "{code}");
    }
    let unknown = json!({"key": world.mint().text()});
    assert_eq!(verdict(&validator, unknown).await, nobody("UNKNOWN", world.log.len() as u64));
    assert_eq!(verdict(&validator, json!({"key": ""})).await, nobody("MALFORMED", world.log.len() as u64));
}

#[actix_rt::test]
async fn what_identifies_a_key_is_not_told_of_one_that_cannot_be_read() {
    let mut world = World::new();
    let key = world.key();
    world.happen(keyledger_domain::envelope::Stream::Key(key.id), unreadable(), None);
    let validator = validator(&world);
    assert_eq!(verdict(&validator, about(key)).await, nobody("REVOKED", 3));
}

#[actix_rt::test]
async fn a_cost_is_taken_whole_or_not_at_all() {
    let mut world = World::new();
    let key = world.key();
    let validator = validator(&world);
    let throttle = async |cost: u32| {
        verdict(&validator, with(about(key), "cost", json!(cost))).await["throttle"].clone()
    };
    assert_eq!(throttle(15).await, json!({"limit": 20, "remaining": 5, "retryAfterSeconds": null}));
    assert_eq!(throttle(16).await, json!({"limit": 20, "remaining": 5, "retryAfterSeconds": 2}));
    assert_eq!(
        throttle(21).await,
        json!({"limit": 20, "remaining": 5, "retryAfterSeconds": null}),
        "it never will"
    );
    assert_eq!(throttle(0).await, json!({"limit": 20, "remaining": 5, "retryAfterSeconds": null}));
    assert_eq!(throttle(5).await, json!({"limit": 20, "remaining": 0, "retryAfterSeconds": null}));
    assert_eq!(
        throttle(0).await,
        json!({"limit": 20, "remaining": 0, "retryAfterSeconds": null}),
        "to look is free"
    );
}

#[actix_rt::test]
async fn a_verdict_that_cannot_be_known_is_unavailable_and_a_certain_one_is_not() {
    let mut world = World::new();
    let (key, revoked) = (world.key(), world.key());
    world.revoke(revoked);
    let validator = validator(&world);
    world.silence(Duration::from_secs(61));
    let unavailable = plain(503, &[("retry-after", "1")], r#"{"message":"Service Unavailable"}"#);
    assert_eq!(ask(&validator, post(about(key).to_string())).await, unavailable);
    let certain = verdict(&validator, about(revoked)).await;
    assert_eq!((&certain["code"], &certain["stalenessMs"]), (&json!("REVOKED"), &json!(61_000)));
}

#[actix_rt::test]
async fn a_faulty_request_is_refused_without_repeating_it() {
    let world = World::new();
    let validator = validator(&world);
    let unprocessable = |errors: &str| {
        plain(422, &[], &format!("{{\"message\":\"Unprocessable Content\",\"errors\":[{errors}]}}"))
    };
    let bad_request = || plain(400, &[], r#"{"message":"Bad Request"}"#);
    let large = format!("{{\"key\":\"{}\"}}", "a".repeat(64 * 1024));
    let cases: [(&str, Answer); 7] = [
        ("{", bad_request()),
        ("", bad_request()),
        ("{\"key\":\"a\"} {}", bad_request()),
        (&large, plain(413, &[], r#"{"message":"Payload Too Large"}"#)),
        ("{}", unprocessable(r#"{"field":"key","message":"is missing"}"#)),
        (
            r#"{"key":"a","color":"red"}"#,
            unprocessable(r#"{"field":"color","message":"is not a field of this request"}"#),
        ),
        ("\"canary\"", unprocessable(r#"{"field":"","message":"the body must be an object"}"#)),
    ];
    for (body, answer) in cases {
        assert_eq!(ask(&validator, post(body)).await, answer, "{body:.40}");
    }
    let plain_text = TestRequest::with_uri("/v1/verify").method(Method::POST).set_payload("{}");
    let unsupported = plain(415, &[], r#"{"message":"Unsupported Media Type"}"#);
    assert_eq!(ask(&validator, plain_text).await, unsupported);
    let form = post("{}").insert_header(("content-type", "application/x-www-form-urlencoded"));
    assert_eq!(ask(&validator, form).await, unsupported);
    let with_charset = post("{}").insert_header(("content-type", "Application/JSON; charset=utf-8"));
    assert_eq!(ask(&validator, with_charset).await.status, 422);
    let get = TestRequest::with_uri("/v1/verify");
    assert_eq!(
        ask(&validator, get).await,
        plain(405, &[("allow", "POST")], r#"{"message":"Method Not Allowed"}"#)
    );
}

#[actix_rt::test]
async fn it_can_be_switched_off() {
    let world = World::new();
    let settings = Settings { verify: false, ..Settings::default() };
    let validator = Arc::new(Validator::new(world.index.clone(), settings));
    assert_eq!(ask(&validator, post("{}")).await, plain(404, &[], r#"{"message":"Not Found"}"#));
}

#[actix_rt::test]
async fn a_position_is_waited_for_and_not_for_ever() {
    let mut world = World::new();
    let key = world.key();
    let settings = Settings { patience: Duration::from_millis(50), ..Settings::default() };
    let validator = Arc::new(Validator::new(world.index.clone(), settings));
    let ahead = with(about(key), "minPosition", json!(3));
    assert_eq!(ask(&validator, post(ahead.to_string())).await.status, 503);

    let settings = Settings { patience: Duration::from_secs(60), ..settings };
    let validator = Arc::new(Validator::new(world.index.clone(), settings));
    let waiting = actix_rt::spawn(async move { verdict(&validator, ahead).await });
    actix_rt::time::sleep(Duration::from_millis(20)).await;
    assert!(!waiting.is_finished());
    world.revoke(key);
    let verdict = waiting.await.expect("an answer");
    assert_eq!((&verdict["code"], &verdict["position"]), (&json!("REVOKED"), &json!(3)));
}

#[actix_rt::test]
async fn sixty_four_may_wait_and_the_next_is_refused_at_once() {
    let mut world = World::new();
    let key = world.key();
    let settings = Settings { patience: Duration::from_secs(60), ..Settings::default() };
    let validator = Arc::new(Validator::new(world.index.clone(), settings));
    let ahead = with(about(key), "minPosition", json!(3));
    let question = |ahead: Value| {
        let validator = validator.clone();
        async move { ask(&validator, post(ahead.to_string())).await.status }
    };
    let waiting: Vec<_> = (0..64).map(|_| actix_rt::spawn(question(ahead.clone()))).collect();
    actix_rt::time::sleep(Duration::from_millis(100)).await;
    let next = actix_rt::time::timeout(Duration::from_secs(30), question(ahead)).await;
    assert_eq!(next, Ok(503), "it was not kept waiting");
    assert!(!waiting.iter().any(|waiting| waiting.is_finished()), "the others go on waiting");
    assert_eq!(question(about(key)).await, 200, "who waits for nothing is judged all the same");
    world.key();
    for waiting in waiting {
        assert_eq!(waiting.await.expect("an answer"), 200);
    }
}

#[actix_rt::test]
async fn only_so_many_wait_at_a_time() {
    let mut world = World::new();
    let key = world.key();
    let settings = Settings { waiters: 1, patience: Duration::from_secs(60), ..Settings::default() };
    let validator = Arc::new(Validator::new(world.index.clone(), settings));
    let ahead = with(about(key), "minPosition", json!(3));
    let first = actix_rt::spawn({
        let (validator, ahead) = (validator.clone(), ahead.clone());
        async move { verdict(&validator, ahead).await }
    });
    actix_rt::time::sleep(Duration::from_millis(20)).await;
    let second = ask(&validator, post(ahead.to_string())).await;
    assert_eq!(second, plain(503, &[("retry-after", "1")], r#"{"message":"Service Unavailable"}"#));
    world.key();
    assert_eq!(first.await.expect("an answer")["code"], "VALID");
    assert_eq!(
        ask(&validator, post(ahead.to_string())).await.status,
        200,
        "its place is free, and not needed"
    );
}
