//! Who may do what: every route for every kind of caller, as one table. A route that is missing from it fails.

use std::collections::BTreeSet;

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::world::{Call, World};

/// The callers, in the order of the columns.
const CALLERS: [&str; 8] =
    ["no key", "bad key", "ordinary key", "foreign admin", "own reader", "own admin", "auditor", "operator"];

/// Method, path as the description has it, body, and the status for each caller.
type Row = (Method, &'static str, Option<Value>, [u16; 8]);

fn table() -> Vec<Row> {
    let key = "/v1/partners/{partnerId}/keys/{keyId}";
    let create = json!({"name": "a", "scopes": ["client:read"]});
    let sweep = json!({"partnerId": "acme", "all": true, "reason": "x", "dryRun": true});
    let scopes = json!({"resources": [{"name": "client", "verbs": ["read"]}], "dryRun": true});
    vec![
        (Method::GET, "/v1/partners/{partnerId}/keys", None, [401, 401, 403, 404, 200, 403, 404, 200]),
        (
            Method::POST,
            "/v1/partners/{partnerId}/keys",
            Some(create),
            [401, 401, 403, 404, 403, 201, 404, 201],
        ),
        (Method::GET, key, None, [401, 401, 403, 404, 200, 403, 404, 200]),
        (Method::PATCH, key, Some(json!({"name": "b"})), [401, 401, 403, 404, 403, 200, 404, 200]),
        (
            Method::POST,
            "{key}/regenerate",
            Some(json!({"overlapSeconds": 0})),
            [401, 401, 403, 404, 403, 200, 404, 200],
        ),
        (Method::POST, "{key}/end-overlap", Some(json!({})), [401, 401, 403, 404, 403, 200, 404, 200]),
        (Method::GET, "{key}/history", None, [401, 401, 403, 404, 200, 403, 200, 200]),
        (Method::POST, "{key}/revoke", Some(json!({})), [401, 401, 403, 404, 403, 200, 404, 200]),
        (Method::POST, "/v1/revocations", Some(sweep), [401, 401, 403, 403, 403, 403, 403, 200]),
        (Method::GET, "/v1/events", None, [401, 401, 403, 403, 403, 403, 200, 200]),
        (Method::GET, "/v1/log", None, [401, 401, 403, 403, 403, 403, 200, 200]),
        (Method::GET, "/v1/scopes", None, [401, 401, 403, 200, 200, 200, 200, 200]),
        (Method::PUT, "/v1/scopes", Some(scopes), [401, 401, 403, 403, 403, 403, 403, 200]),
        // Nobody tells what read models hold in a test of the service alone.
        (Method::GET, "/v1/projections", None, [401, 401, 403, 403, 403, 403, 403, 503]),
        (Method::GET, "/v1/projections/{name}", None, [401, 401, 403, 403, 403, 403, 403, 200]),
        (Method::GET, "/v1/validators", None, [401, 401, 403, 403, 403, 403, 403, 200]),
        (Method::GET, "/v1/transparency/checkpoint", None, [200; 8]),
        (Method::GET, "/v1/transparency/verifier-key", None, [200; 8]),
        (Method::GET, "/v1/transparency/tile/{level}/{tile}", None, [200; 8]),
        (Method::GET, "/v1/transparency/tile/entries/{tile}", None, [401, 401, 403, 403, 403, 403, 200, 200]),
        (Method::GET, "/openapi.json", None, [200; 8]),
    ]
}

struct Callers([Option<String>; 8]);

impl Callers {
    async fn of(world: &World) -> Self {
        let bad = format!("{}x", &world.operator[..50]);
        Self([
            None,
            Some(bad),
            Some(world.mint("acme", &["client:read"]).await),
            Some(world.mint("other", &["registryKeys:read", "registryKeys:write"]).await),
            Some(world.mint("acme", &["registryKeys:read"]).await),
            Some(world.mint("acme", &["registryKeys:write"]).await),
            Some(world.mint("registry", &["registryEvents:read"]).await),
            Some(world.operator.clone()),
        ])
    }
}

fn path(pattern: &str, key_id: &str) -> String {
    let pattern = pattern.replace("{key}", "/v1/partners/{partnerId}/keys/{keyId}");
    let pattern = pattern.replace("{level}", "0").replace("{tile}", "000.p/2").replace("{name}", "key_index");
    pattern.replace("{partnerId}", "acme").replace("{keyId}", key_id)
}

fn call(method: &Method, path: String, body: Option<&Value>, key: Option<&String>) -> Call {
    let mut call = Call::new(method.clone(), path);
    if let Some(body) = body {
        call = call.json(body);
    }
    match key {
        Some(key) => call.key(key),
        None => call,
    }
}

#[actix_web::test]
async fn each_route_answers_each_caller_with_the_status_of_the_table() {
    let world = World::new().await;
    let callers = Callers::of(&world).await;
    for (method, pattern, body, expected) in table() {
        for ((name, key), status) in CALLERS.iter().zip(&callers.0).zip(expected) {
            let (key_id, _) = world.create("acme", &["client:read"]).await;
            let answer = world.send(call(&method, path(pattern, &key_id), body.as_ref(), key.as_ref())).await;
            assert_eq!(answer.status, status, "{method} {pattern}, {name}");
            assert_eq!(answer.header("x-request-id").len(), 36, "{method} {pattern}, {name}");
            assert!(answer.header("x-log-position").parse::<u64>().is_ok(), "{method} {pattern}, {name}");
        }
    }
}

#[test]
fn the_table_holds_every_route_and_no_other() {
    let description: Value =
        serde_json::from_str(keyledger_command_service::openapi()).expect("the description is JSON");
    let paths = description["paths"].as_object().expect("paths");
    let described: BTreeSet<_> = paths
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("methods").keys();
            methods.map(move |method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    let key = "/v1/partners/{partnerId}/keys/{keyId}";
    let tabled =
        table().into_iter().map(|(method, path, ..)| (method.to_string(), path.replace("{key}", key)));
    assert_eq!(tabled.collect::<BTreeSet<_>>(), described);
}

#[actix_web::test]
async fn a_foreign_path_looks_like_one_that_is_not_there_whatever_is_sent() {
    let world = World::new().await;
    let admin = world.mint("other", &["registryKeys:read", "registryKeys:write"]).await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    let told = |answer: crate::world::Answer| {
        let mut body = answer.json();
        body.as_object_mut().expect("an object").remove("requestId");
        (answer.status.as_u16(), body)
    };
    let nowhere = told(world.send(Call::get("/v1/partners/nobody/keys").key(&admin)).await);
    assert_eq!(nowhere.0, 404);
    let huge = vec![b'x'; 70_000];
    for (method, pattern, ..) in
        table().into_iter().filter(|row| path(row.1, &key_id).starts_with("/v1/partners/"))
    {
        for method in [method, Method::DELETE, Method::PUT] {
            let call = Call::new(method, path(pattern, &key_id)).key(&admin).bytes(huge.clone());
            assert_eq!(told(world.send(call).await), nowhere, "{pattern}");
        }
    }
    // A key of theirs under the path of another partner, and a key of another partner under theirs.
    let own = world.create("other", &["client:read"]).await.0;
    for path in [format!("/v1/partners/acme/keys/{own}"), format!("/v1/partners/other/keys/{key_id}")] {
        assert_eq!(told(world.send(Call::get(path).key(&admin)).await), nowhere);
    }
}

#[actix_web::test]
async fn all_causes_of_an_unusable_key_look_the_same() {
    let world = World::new().await;
    let admin = world.mint("acme", &["registryKeys:read"]).await;
    let revoked = world.mint("acme", &["registryKeys:read"]).await;
    let prefix = json!({"prefix": revoked[..8], "reason": "x"});
    world.operate(Call::post("/v1/revocations", prefix)).await;
    let mut wrong = admin.clone().into_bytes();
    wrong.swap(20, 21);
    let wrong = String::from_utf8(wrong).expect("ASCII");
    let mut bodies = BTreeSet::new();
    for key in [None, Some(revoked), Some(wrong), Some("x".to_owned()), Some(String::new())] {
        let answer =
            world.send(call(&Method::GET, "/v1/partners/acme/keys".into(), None, key.as_ref())).await;
        assert_eq!(answer.status, 401);
        let mut body = answer.json();
        body.as_object_mut().expect("an object").remove("requestId");
        bodies.insert(body.to_string());
    }
    assert_eq!(bodies.len(), 1);
    let bearer = Call::get("/v1/partners/acme/keys").header("authorization", &format!("Bearer {admin}"));
    assert_eq!(world.send(bearer).await.status, 401);
}

#[actix_web::test]
async fn two_keys_are_malformed_and_an_index_that_cannot_know_says_so() {
    let world = World::new().await;
    let twice = Call::get("/v1/scopes").key(&world.operator).key(&world.operator);
    assert_eq!(world.send(twice).await.told(), (400, "malformed".into()));
    world.projection.knows.store(false, std::sync::atomic::Ordering::Relaxed);
    let answer = world.operate(Call::get("/v1/scopes")).await;
    assert_eq!((answer.told(), answer.header("retry-after")), ((503, "cannot-know".into()), "1"));
}

#[actix_web::test]
async fn nobody_grants_above_themselves_nor_takes_a_stronger_key_s_secret() {
    let world = World::new().await;
    let admin = world.mint("registry", &["registryKeys:read", "registryKeys:write"]).await;
    let keys = "/v1/partners/registry/keys";
    for scope in ["registry:operate", "registryEvents:read"] {
        let create = Call::post(keys, json!({"name": "a", "scopes": [scope]}));
        assert_eq!(world.send(create.key(&admin)).await.told(), (403, "may-not-grant".into()));
    }
    let operator = format!("{keys}/{}", world.key_id(&world.operator));
    for call in [
        Call::post(format!("{operator}/regenerate"), json!({})),
        Call::patch(&operator, json!({"name": "mine"})),
        Call::patch(format!("{keys}/{}", world.key_id(&admin)), json!({"scopes": ["registry:operate"]})),
    ] {
        assert_eq!(world.send(call.key(&admin)).await.told(), (403, "may-not-grant".into()));
    }
    // Not even an operator gives such a scope to another partner's key, nor an API's scope to the registry's.
    let strong = Call::post("/v1/partners/acme/keys", json!({"name": "a", "scopes": ["registry:operate"]}));
    assert_eq!(world.operate(strong).await.faulty_fields(), ["scopes"]);
    let ordinary = Call::post(keys, json!({"name": "a", "scopes": ["client:read"]}));
    assert_eq!(world.operate(ordinary).await.faulty_fields(), ["scopes"]);
}
