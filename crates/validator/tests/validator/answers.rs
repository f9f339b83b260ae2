//! "How a request is judged", row by row: exact statuses, headers and bytes.

use std::time::Duration;

use actix_web::{http::Method, test::TestRequest};
use keyledger_domain::{
    Throttle,
    event::{KeyCreated, KeyEvent, KeyOverlapEnded, KeyScopesChanged, KeyThrottleChanged},
};

use keyledger_validator::WorkingKey;

use crate::fixture::{
    Answer, World, ask, at, created, partner, plain, scopes, superseded, validator, with_key,
};

const ROUTES: [&str; 2] = ["/v1/health", "/v1/authorize"];

fn forbidden() -> Answer {
    plain(403, &[], r#"{"message":"Forbidden"}"#)
}

fn not_allowed() -> Answer {
    plain(403, &[], r#"{"error":{"code":"FORBIDDEN","message":"Operation not allowed"}}"#)
}

#[actix_rt::test]
async fn keys_that_do_not_work_are_refused_byte_for_byte_alike() {
    let mut world = World::new();
    let revoked = world.key();
    world.revoke(revoked);
    let expired = world.create(KeyCreated { expires_at: Some(at(1)), ..created("acme", &["client:read"]) });
    let first = world.key();
    let second = world.regenerate(first, vec![superseded(first.secret, 1)]);
    let ended = world.regenerate(second, vec![]);
    world.pass(Duration::from_secs(1));
    let unknown = world.mint();
    let wrong = world.impostor(ended.secret);
    assert_eq!(world.code(wrong, &WorkingKey).as_deref(), Some("UNKNOWN"), "it is well formed");
    let mut padded = ended.secret.0.to_vec();
    padded.push(b' ');
    let validator = validator(&world);
    let bad: [&[u8]; 11] = [
        &revoked.secret.0,
        &expired.secret.0,
        &first.secret.0,
        &second.secret.0,
        &unknown.0,
        &wrong.0,
        &padded,
        b"",
        b"hT4kQ9xZ",
        b"\xff\xfe",
        &[b'a'; 51],
    ];
    for route in ROUTES {
        for key in bad {
            assert_eq!(ask(&validator, with_key(route, key)).await, forbidden(), "{key:?}");
        }
        assert_eq!(ask(&validator, TestRequest::with_uri(route)).await, forbidden(), "no key");
        let bearer = format!("Bearer {}", ended.secret.text());
        let bearer = TestRequest::with_uri(route).insert_header(("authorization", bearer));
        assert_eq!(ask(&validator, bearer).await, forbidden(), "a bearer token is not a key");
        let query = format!("{route}?x-api-key={}", ended.secret.text());
        assert_eq!(
            ask(&validator, TestRequest::with_uri(&query)).await,
            forbidden(),
            "a parameter is not a key"
        );
        assert_eq!(ask(&validator, with_key(route, &ended.secret.0)).await.status, 200);
    }
}

#[actix_rt::test]
async fn two_keys_in_one_request_are_a_bad_request_also_where_they_are_equal() {
    let mut world = World::new();
    let key = world.key();
    let validator = validator(&world);
    for route in ROUTES {
        for other in [key.secret.text(), "", "junk"] {
            let request = with_key(route, &key.secret.0).append_header(("X-API-KEY", other));
            assert_eq!(ask(&validator, request).await, plain(400, &[], r#"{"message":"Bad Request"}"#));
        }
        let secret = key.secret.text();
        for joined in
            [format!("{secret}, {secret}"), format!("junk,{secret}"), format!("{secret},"), ",".into()]
        {
            let answer = ask(&validator, with_key(route, joined.as_bytes())).await;
            assert_eq!(answer, plain(400, &[], r#"{"message":"Bad Request"}"#), "{joined}");
        }
    }
}

#[actix_rt::test]
async fn a_good_key_is_proven_with_its_partner_scopes_and_bucket() {
    let mut world = World::new();
    let key = world.key_of("acme", &["user:write", "client:read"]);
    let validator = validator(&world);
    for method in [Method::GET, Method::POST, Method::DELETE, Method::HEAD, Method::OPTIONS] {
        let request =
            with_key("/v1/authorize?scope=client:read&scope=user:write&partner=acme&x=1", &key.secret.0);
        assert_eq!(ask(&validator, request.method(method)).await.status, 200);
    }
    let answer = ask(&validator, with_key("/v1/authorize?scope=clientEmail:read", &key.secret.0)).await;
    let id = key.id.to_string();
    let expected = [
        ("x-partner-id", "acme"),
        ("x-key-id", &id),
        ("x-key-scopes", "client:read user:write"),
        ("ratelimit-policy", "\"key\";q=10;w=1"),
        ("ratelimit", "\"key\";r=14;t=1"),
        ("x-log-position", "2"),
    ];
    assert_eq!(answer, plain(200, &expected, r#"{"status":"ok"}"#));
}

#[actix_rt::test]
async fn health_says_ok_to_get_and_head_and_names_them_otherwise() {
    let mut world = World::new();
    let key = world.key();
    let validator = validator(&world);
    for method in [Method::GET, Method::HEAD] {
        let answer = ask(&validator, with_key("/v1/health", &key.secret.0).method(method)).await;
        assert_eq!(answer, plain(200, &[], r#"{"status":"ok"}"#));
    }
    let answer = ask(&validator, with_key("/v1/health", &key.secret.0).method(Method::POST)).await;
    assert_eq!(answer, plain(405, &[("allow", "GET, HEAD")], r#"{"message":"Method Not Allowed"}"#));
    for path in ["/", "/v1/healthz", "/v1/authorize/x", "/V1/health"] {
        let answer = ask(&validator, with_key(path, &key.secret.0)).await;
        assert_eq!(answer, plain(404, &[], r#"{"message":"Not Found"}"#), "{path}");
    }
}

#[actix_rt::test]
async fn a_good_key_without_the_scope_or_of_another_partner_gets_the_second_refusal() {
    let mut world = World::new();
    let key = world.key_of("acme", &["client:read", "registryKeys:read"]);
    let validator = validator(&world);
    for query in [
        "scope=client:write",
        "scope=user:read",
        "scope=client:read&scope=user:read",
        "scope=",
        "scope=client:read%20",
        "scope=nothing:read",
        "scope=registryKeys:read",
        "partner=other",
        "partner=",
        "partner=acme&partner=other",
    ] {
        let answer = ask(&validator, with_key(&format!("/v1/authorize?{query}"), &key.secret.0)).await;
        assert_eq!(answer, not_allowed(), "{query}");
    }
    let answer = ask(&validator, with_key("/v1/authorize", &key.secret.0)).await;
    assert_eq!(answer.header("ratelimit"), Some("\"key\";r=19;t=1"), "what was refused took no token");
}

#[actix_rt::test]
async fn keys_of_the_registry_pass_health_and_nothing_else() {
    let mut world = World::new();
    let key = world.key_of("registry", &["registry:operate"]);
    let validator = validator(&world);
    assert_eq!(ask(&validator, with_key("/v1/health", &key.secret.0)).await.status, 200);
    for query in ["", "?scope=registry:operate", "?partner=registry", "?scope=client:read"] {
        let answer = ask(&validator, with_key(&format!("/v1/authorize{query}"), &key.secret.0)).await;
        assert_eq!(answer, not_allowed(), "{query}");
    }
}

#[actix_rt::test]
async fn a_good_key_over_its_throttle_is_told_when_to_come_back() {
    let mut world = World::new();
    let throttle = Throttle::new(1, 3).expect("a throttle");
    let key = world.create(KeyCreated { throttle, ..created("acme", &["client:read"]) });
    let validator = validator(&world);
    let refused = plain(429, &[("retry-after", "1")], r#"{"message":"Too Many Requests"}"#);
    for (left, full) in [(2, 1), (1, 2), (0, 3)] {
        let answer = ask(&validator, with_key("/v1/authorize", &key.secret.0)).await;
        assert_eq!(answer.header("ratelimit"), Some(format!("\"key\";r={left};t={full}").as_str()));
    }
    for route in ROUTES {
        assert_eq!(ask(&validator, with_key(route, &key.secret.0)).await, refused);
    }
    assert_eq!(
        ask(&validator, with_key("/v1/authorize?scope=user:read", &key.secret.0)).await,
        not_allowed()
    );
    world.pass(Duration::from_secs(1));
    assert_eq!(ask(&validator, with_key("/v1/health", &key.secret.0)).await.status, 200);
    assert_eq!(ask(&validator, with_key("/v1/health", &key.secret.0)).await, refused);
}

#[actix_rt::test]
async fn the_secrets_of_a_key_share_one_bucket_that_outlives_edits() {
    let mut world = World::new();
    let throttle = Throttle::new(1, 10).expect("a throttle");
    let old = world.create(KeyCreated { throttle, ..created("acme", &["client:read"]) });
    let new = world.regenerate(old, vec![superseded(old.secret, 60)]);
    let validator = validator(&world);
    for secret in [old.secret, new.secret, old.secret, new.secret] {
        assert_eq!(ask(&validator, with_key("/v1/health", &secret.0)).await.status, 200);
    }
    let partner_id = partner("acme");
    world.on_key(
        old.id,
        KeyEvent::ScopesChanged(KeyScopesChanged {
            partner_id: partner_id.clone(),
            scopes: scopes(&["user:read"]),
        }),
    );
    let answer = ask(&validator, with_key("/v1/authorize?scope=user:read", &new.secret.0)).await;
    assert_eq!(answer.header("ratelimit"), Some("\"key\";r=5;t=5"));
    assert_eq!(answer.header("x-key-scopes"), Some("user:read"));
    let throttle = Throttle::new(100, 1_000).expect("a throttle");
    world.on_key(old.id, KeyEvent::ThrottleChanged(KeyThrottleChanged { partner_id, throttle }));
    let answer = ask(&validator, with_key("/v1/authorize", &old.secret.0)).await;
    assert_eq!(answer.header("ratelimit"), Some("\"key\";r=499;t=6"), "half full before, half full after");
    assert_eq!(answer.header("ratelimit-policy"), Some("\"key\";q=100;w=1"));
}

#[actix_rt::test]
async fn an_overlap_ends_by_the_clock_or_by_an_event() {
    let mut world = World::new();
    let old = world.key();
    let new = world.regenerate(old, vec![superseded(old.secret, 10)]);
    let validator = validator(&world);
    let status = async |key: &[u8; 51]| ask(&validator, with_key("/v1/health", key)).await.status;
    assert_eq!((status(&old.secret.0).await, status(&new.secret.0).await), (200, 200));
    world.pass(Duration::from_millis(9_999));
    assert_eq!(status(&old.secret.0).await, 200);
    world.pass(Duration::from_millis(1));
    assert_eq!((status(&old.secret.0).await, status(&new.secret.0).await), (403, 200));
    let newest = world.regenerate(new, vec![superseded(new.secret, 60)]);
    assert_eq!((status(&new.secret.0).await, status(&newest.secret.0).await), (200, 200));
    world.on_key(new.id, KeyEvent::OverlapEnded(KeyOverlapEnded { partner_id: partner("acme") }));
    assert_eq!((status(&new.secret.0).await, status(&newest.secret.0).await), (403, 200));
}
