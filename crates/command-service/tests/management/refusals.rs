//! What is refused, and how: every faulty field by name, and no value of the request.

use actix_web::http::Method;
use serde_json::json;

use crate::world::{Call, World};

const KEYS: &str = "/v1/partners/acme/keys";

#[actix_web::test]
async fn every_faulty_field_is_named_at_once() {
    let world = World::new().await;
    let body = json!({
        "name": "a\u{202e}b", "scopes": ["client:read", "no scope", "nothing:read"], "throttle": {"ratePerSecond": 0, "speed": 1},
        "expiresAt": "2020-01-01T00:00:00Z", "colour": "blue", "": 1,
    });
    let answer = world.operate(Call::post(KEYS, body)).await;
    assert_eq!(answer.told(), (422, "invalid".into()));
    let expected = [
        "(withheld)",
        "colour",
        "expiresAt",
        "name",
        "scopes[1]",
        "throttle.burst",
        "throttle.ratePerSecond",
        "throttle.speed",
    ];
    assert_eq!(answer.faulty_fields(), expected);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.json()["requestId"], answer.header("x-request-id"));
    for value in ["no scope", "blue", "2020-01-01", "202e"] {
        assert!(!String::from_utf8_lossy(&answer.body).contains(value), "{value} is repeated");
    }
    let unknown = json!({"name": "", "scopes": ["nothing:read", "client:read", "registry:operate"]});
    let answer = world.operate(Call::post(KEYS, unknown)).await;
    assert_eq!(answer.faulty_fields(), ["name", "scopes", "scopes"]);
    assert!(String::from_utf8_lossy(&answer.body).contains("nothing:read"), "names of scopes are told");
}

#[actix_web::test]
async fn a_value_that_is_faulty_by_catalogue_and_clock_is_named_beside_the_other() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    let values = json!({"scopes": ["nothing:read"], "expiresAt": "2020-01-01T00:00:00Z"});
    let edit = world.operate(Call::patch(format!("{KEYS}/{key_id}"), values.clone())).await;
    assert_eq!(edit.faulty_fields(), ["expiresAt", "scopes"]);
    let mut create = values;
    create["name"] = json!("a");
    assert_eq!(world.operate(Call::post(KEYS, create)).await.faulty_fields(), ["expiresAt", "scopes"]);
}

#[actix_web::test]
async fn fields_have_their_limits() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    let path = format!("{KEYS}/{key_id}");
    let many: Vec<_> = (0..101).map(|number| format!("r{number}:read")).collect();
    let one = |field: &str, value: serde_json::Value| json!({field: value});
    for (field, value, named) in [
        ("name", json!("x".repeat(101)), "name"),
        ("name", json!("a\u{0}b"), "name"),
        ("name", json!(null), "name"),
        ("name", json!(7), "name"),
        ("scopes", json!([]), "scopes"),
        ("scopes", json!(many), "scopes"),
        ("scopes", json!(null), "scopes"),
        ("scopes", json!("client:read"), "scopes"),
        ("scopes", json!(["client:read", 7]), "scopes[1]"),
        ("throttle", json!({"ratePerSecond": 1_000_001, "burst": 1}), "throttle.ratePerSecond"),
        ("throttle", json!({"ratePerSecond": 1.5, "burst": 1}), "throttle.ratePerSecond"),
        ("throttle", json!({"ratePerSecond": 1, "burst": -1}), "throttle.burst"),
        ("throttle", json!({"ratePerSecond": 1}), "throttle.burst"),
        ("throttle", json!(5), "throttle"),
        ("expiresAt", json!("tomorrow"), "expiresAt"),
        ("expiresAt", json!("2027-01-15T08:00:00Z"), "expiresAt"),
        ("force", json!("yes"), "force"),
        ("prefix", json!("hT4kQ9xZ"), "prefix"),
    ] {
        let answer = world.operate(Call::patch(&path, one(field, value.clone()))).await;
        assert_eq!(
            (answer.told(), answer.faulty_fields()),
            ((422, "invalid".into()), vec![named.to_owned()]),
            "{value}"
        );
    }
    for (body, named) in [
        (json!({"overlapSeconds": 604_801}), "overlapSeconds"),
        (json!({"overlapSeconds": -1}), "overlapSeconds"),
        (json!({"overlapSeconds": null}), "overlapSeconds"),
        (json!({"replace": "both"}), "replace"),
        (json!({"replace": "newest", "overlapSeconds": 86_400}), "overlapSeconds"),
        (json!({"replace": "newest", "overlapSeconds": null}), "overlapSeconds"),
    ] {
        let answer = world.operate(Call::post(format!("{path}/regenerate"), body)).await;
        assert_eq!(answer.faulty_fields(), [named]);
    }
    let long = world.operate(Call::post(format!("{path}/revoke"), json!({"reason": "x".repeat(501)}))).await;
    assert_eq!(long.faulty_fields(), ["reason"]);
    assert_eq!(world.events().await, 3, "nothing of it was recorded");
}

#[actix_web::test]
async fn emergency_revocations_say_exactly_what_they_mean() {
    let world = World::new().await;
    for (body, named) in [
        (json!({}), vec!["reason"]),
        (json!({"reason": "x"}), vec!["prefix"]),
        (json!({"reason": "x", "partnerId": "acme"}), vec!["all"]),
        (json!({"reason": "x", "partnerId": "acme", "all": false}), vec!["all"]),
        (json!({"reason": "x", "all": true}), vec!["prefix"]),
        (json!({"reason": "x", "prefix": "hT4kQ9xZ", "partnerId": "acme", "all": true}), vec!["prefix"]),
        (json!({"reason": "x", "prefix": "hT4k"}), vec!["prefix"]),
        (json!({"reason": "", "partnerId": ".", "all": true}), vec!["partnerId", "reason"]),
    ] {
        let answer = world.operate(Call::post("/v1/revocations", body.clone())).await;
        assert_eq!(
            (answer.status.as_u16(), answer.faulty_fields()),
            (422, named.iter().map(ToString::to_string).collect()),
            "{body}"
        );
    }
}

#[actix_web::test]
async fn bodies_that_cannot_be_read_are_refused_by_their_kind() {
    let world = World::new().await;
    let post = |body: &[u8]| {
        Call::new(Method::POST, KEYS).header("content-type", "application/json").bytes(body.to_vec())
    };
    let deep = format!("{{\"name\":{}{}}}", "[".repeat(200), "]".repeat(200));
    for malformed in
        [&b"{"[..], b"[]", b"7", b"{\"name\":\"\xff\"}", b"{\"name\":\"\xc0\xaf\"}", b"{}{}", deep.as_bytes()]
    {
        assert_eq!(world.operate(post(malformed)).await.told(), (400, "malformed".into()));
    }
    let twice = world.operate(post(br#"{"name":"a","name":"b","scopes":["client:read"]}"#)).await;
    assert_eq!((twice.status.as_u16(), twice.faulty_fields()), (422, vec!["name".to_owned()]));
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
        let call = Call::new(Method::POST, KEYS).header("content-type", media_type).bytes(b"{}".to_vec());
        assert_eq!(world.operate(call).await.told(), (415, "not-json".into()), "{media_type}");
    }
    assert_eq!(world.operate(Call::new(Method::POST, KEYS).bytes(b"{}".to_vec())).await.told().0, 415);
    let packed = post(b"{}").header("content-encoding", "gzip");
    assert_eq!(world.operate(packed).await.told().0, 415);
    let edge = |length: usize| post(format!("{{\"name\":\"{}\"}}", "x".repeat(length - 11)).as_bytes());
    assert_eq!(world.operate(edge(65_536)).await.told().0, 422);
    assert_eq!(world.operate(edge(65_537)).await.told(), (413, "too-large".into()));
}

#[actix_web::test]
async fn queries_are_judged_like_bodies() {
    let world = World::new().await;
    for (query, named) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=%2B5", "limit"),
        ("status=active", "status"),
        ("limit=5&limit=6", "limit"),
        ("cursor=nowhere", "cursor"),
        ("colour=blue", "colour"),
    ] {
        let answer = world.operate(Call::get(format!("{KEYS}?{query}"))).await;
        assert_eq!(
            (answer.status.as_u16(), answer.faulty_fields()),
            (422, vec![named.to_owned()]),
            "{query}"
        );
    }
    assert_eq!(world.operate(Call::get(format!("{KEYS}?status=%FF"))).await.told().0, 400);
}

#[actix_web::test]
async fn other_methods_and_paths_are_told_apart() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    for (path, allow) in [
        (KEYS.to_owned(), "GET, HEAD, POST"),
        (format!("{KEYS}/{key_id}"), "GET, HEAD, PATCH"),
        (format!("{KEYS}/{key_id}/revoke"), "POST"),
        (format!("{KEYS}/{key_id}/history"), "GET, HEAD"),
        ("/v1/revocations".to_owned(), "POST"),
        ("/v1/events".to_owned(), "GET"),
        ("/v1/scopes".to_owned(), "GET, HEAD, PUT"),
    ] {
        let answer = world.operate(Call::new(Method::DELETE, &path)).await;
        assert_eq!(
            (answer.told(), answer.header("allow")),
            ((405, "method-not-allowed".into()), allow),
            "{path}"
        );
        assert_eq!(world.send(Call::new(Method::DELETE, path)).await.status, 401);
    }
    for path in ["/v1/nothing", "/v1/partners/acme/keys/", "/v1/partners/acme/keys/nonsense"] {
        assert_eq!(world.operate(Call::get(path)).await.told(), (404, "not-found".into()), "{path}");
    }
    let shouted = format!("{KEYS}/{}", key_id.to_uppercase());
    assert_eq!(world.operate(Call::get(shouted)).await.status, 404, "one key has one path");
    let impossible = world.operate(Call::post("/v1/partners/.acme/keys", json!({}))).await;
    assert_eq!((impossible.status.as_u16(), impossible.faulty_fields()), (422, vec!["partnerId".to_owned()]));
}

#[actix_web::test]
async fn a_partner_has_room_for_a_hundred_thousand_live_keys() {
    let world = World::new().await;
    let create =
        || Call::post(KEYS, json!({"name": "a", "scopes": ["client:read"]})).idempotency_key("the last one");
    world.projection.crowd.store(99_999, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(world.operate(create()).await.status, 201);
    let one_more = Call::post(KEYS, json!({"name": "a", "scopes": ["client:read"]}));
    assert_eq!(world.operate(one_more).await.told(), (409, "too-many-keys".into()));
    assert_eq!(world.operate(create()).await.status, 201, "a repetition makes no key");
}

#[actix_web::test]
async fn what_is_no_path_of_the_api_is_answered_in_its_form() {
    let world = World::new().await;
    for path in ["/", "/v2", "/v1", "/index.html", "//v1/scopes", "*"] {
        for method in [Method::GET, Method::OPTIONS, Method::POST] {
            let answer = world.send(Call::new(method, path).key(&world.operator)).await;
            assert_eq!(answer.told(), (404, "not-found".into()), "{path}");
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert_eq!(answer.json()["requestId"], answer.header("x-request-id"));
            assert_eq!(answer.header("x-log-position"), "2");
        }
    }
    assert_eq!(world.send(Call::get("/")).await.status, 404, "nothing is kept from anybody there");
    assert_eq!(world.send(Call::get("/v1/nothing")).await.status, 401);
}

#[actix_web::test]
async fn head_is_answered_as_get_by_everything_but_the_stream_of_events() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    let head = async |path: &str, key: &str| world.send(Call::new(Method::HEAD, path).key(key)).await;
    for path in [
        KEYS,
        &format!("{KEYS}/{key_id}"),
        &format!("{KEYS}/{key_id}/history"),
        "/v1/scopes",
        "/openapi.json",
    ] {
        let (get, head) = (world.operate(Call::get(path)).await, head(path, &world.operator).await);
        assert_eq!((get.status.as_u16(), head.status.as_u16()), (200, 200), "{path}");
        for name in ["content-type", "etag", "cache-control"] {
            assert_eq!(get.headers.get(name), head.headers.get(name), "{name} of {path}");
        }
    }
    assert_eq!(head(KEYS, "nobody").await.status, 401);
    let events = head("/v1/events", &world.operator).await;
    assert_eq!((events.told().0, events.header("allow")), (405, "GET"));
}
