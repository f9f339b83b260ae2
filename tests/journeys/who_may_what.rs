//! Who may do what: every route for every kind of caller, as one table. The routes come from `/openapi.json`, so that a
//! new one without a row fails.

use std::collections::BTreeSet;

use keyledger_tests::{Answer, Client, Registry, unknown_secret};
use serde_json::{Value, json};

/// Who asks, in the order of the table's columns.
const CALLERS: [&str; 8] = [
    "no key",
    "bad key",
    "another partner's admin",
    "own key of the API",
    "own reader",
    "own admin",
    "auditor",
    "operator",
];

/// A route and what each caller gets.
struct Row(&'static str, &'static str, [u16; 8]);

const KEYS: &str = "/v1/partners/{partnerId}/keys";
const KEY: &str = "/v1/partners/{partnerId}/keys/{keyId}";
const REGENERATE: &str = "/v1/partners/{partnerId}/keys/{keyId}/regenerate";
const END_OVERLAP: &str = "/v1/partners/{partnerId}/keys/{keyId}/end-overlap";
const REVOKE: &str = "/v1/partners/{partnerId}/keys/{keyId}/revoke";
const CHECKPOINT: &str = "/v1/transparency/checkpoint";
const VERIFIER_KEY: &str = "/v1/transparency/verifier-key";
const HASHES: &str = "/v1/transparency/tile/{level}/{tile}";
const ENTRIES: &str = "/v1/transparency/tile/entries/{tile}";
const HISTORY: &str = "/v1/partners/{partnerId}/keys/{keyId}/history";

#[rustfmt::skip]
const TABLE: [Row; 21] = [
    //                                      none bad  other api  read admin audit operate
    Row("post",  KEYS,              [401, 401, 404, 403, 403, 201, 404, 201]),
    Row("get",   KEYS,              [401, 401, 404, 403, 200, 200, 404, 200]),
    Row("get",   KEY,               [401, 401, 404, 403, 200, 200, 404, 200]),
    Row("patch", KEY,               [401, 401, 404, 403, 403, 200, 404, 200]),
    Row("post",  REGENERATE,        [401, 401, 404, 403, 403, 200, 404, 200]),
    Row("post",  END_OVERLAP,       [401, 401, 404, 403, 403, 200, 404, 200]),
    Row("post",  REVOKE,            [401, 401, 404, 403, 403, 200, 404, 200]),
    Row("get",   HISTORY,           [401, 401, 404, 403, 200, 200, 200, 200]),
    Row("post",  "/v1/revocations", [401, 401, 403, 403, 403, 403, 403, 200]),
    Row("get",   "/v1/events",      [401, 401, 403, 403, 403, 403, 200, 200]),
    Row("get",   "/v1/log",         [401, 401, 403, 403, 403, 403, 200, 200]),
    Row("get",   "/v1/scopes",      [401, 401, 200, 403, 200, 200, 200, 200]),
    Row("put",   "/v1/scopes",      [401, 401, 403, 403, 403, 403, 403, 200]),
    Row("get",   "/v1/validators",  [401, 401, 403, 403, 403, 403, 403, 200]),
    Row("get",   "/v1/projections", [401, 401, 403, 403, 403, 403, 403, 200]),
    Row("get",   "/v1/projections/{name}", [401, 401, 403, 403, 403, 403, 403, 200]),
    Row("get",   CHECKPOINT,        [200; 8]),
    Row("get",   VERIFIER_KEY,      [200; 8]),
    Row("get",   HASHES,            [200; 8]),
    Row("get",   ENTRIES,           [401, 401, 403, 403, 403, 403, 200, 200]),
    Row("get",   "/openapi.json",   [200; 8]),
];

fn callers(registry: &Registry) -> [Client; CALLERS.len()] {
    let holding = |partner: &str, scopes: &[&str]| {
        registry.management(&registry.create(partner, "caller", scopes).secret)
    };
    [
        Client::new(&registry.addresses().command, None),
        registry.management(&unknown_secret()),
        holding("other", &["registryKeys:read", "registryKeys:write", "client:read"]),
        holding("own", &["client:read", "client:write"]),
        holding("own", &["registryKeys:read"]),
        holding("own", &["registryKeys:read", "registryKeys:write"]),
        holding("registry", &["registryEvents:read"]),
        registry.operator(),
    ]
}

/// A body that is in order, for a key of its own each time.
fn body(registry: &Registry, method: &str, path: &str, prefix: &str) -> Option<Value> {
    match (method, path) {
        ("post", KEYS) => Some(json!({ "name": "made", "scopes": ["client:read"] })),
        ("patch", _) => Some(json!({ "name": "renamed" })),
        ("post", "/v1/revocations") => Some(json!({ "prefix": prefix, "reason": "table" })),
        ("post", _) => Some(json!({})),
        ("put", _) => {
            let present = registry.operator().get("/v1/scopes").send().expecting(200).json();
            Some(json!({ "resources": present["resources"] }))
        }
        _ => None,
    }
}

fn ask(registry: &Registry, caller: &Client, method: &str, path: &str) -> Answer {
    let key = registry.create("own", "target", &["client:read"]);
    let concrete = path.replace("{partnerId}", "own").replace("{keyId}", &key.id);
    let concrete = concrete.replace("{name}", "key_index");
    let concrete = concrete.replace("{level}", "0").replace("{tile}", "000.p/2");
    let call = caller.call(&method.to_uppercase(), &concrete);
    match body(registry, method, path, &key.prefix) {
        Some(body) => call.json(&body).send(),
        None => call.send(),
    }
}

#[test]
fn every_route_answers_every_caller_as_the_table_says() {
    let registry = Registry::start();
    let callers = callers(&registry);
    // The tile of the table is there once a checkpoint covers it.
    let _ = registry.signed();
    let mut wrong = Vec::new();
    for Row(method, path, statuses) in &TABLE {
        for ((caller, name), expected) in callers.iter().zip(CALLERS).zip(statuses) {
            let answer = ask(&registry, caller, method, path);
            if answer.status != *expected {
                wrong.push(format!(
                    "{method} {path} by {name}: {} instead of {expected}: {}",
                    answer.status,
                    answer.text()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_route_is_missing_in_the_table() {
    let registry = crate::SHARED.get();
    let openapi =
        Client::new(&registry.addresses().command, None).get("/openapi.json").send().expecting(200).json();
    let paths = openapi["paths"].as_object().expect("the paths");
    let routes = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("the methods of a path").keys();
        methods.filter(|name| *name != "parameters").map(move |method| (method.as_str(), path.as_str()))
    });
    let mut routes: BTreeSet<_> = routes.collect();
    // It need not describe itself.
    routes.insert(("get", "/openapi.json"));
    let table: BTreeSet<_> = TABLE.iter().map(|Row(method, path, _)| (*method, *path)).collect();
    assert_eq!(routes, table);
}

#[test]
fn no_identity_is_one_answer_for_all_causes() {
    let registry = crate::SHARED.get();
    let live = registry.create("unidentified", "live", &["registryKeys:read"]);
    let dead = registry.create("unidentified", "dead", &["registryKeys:read"]);
    registry.revoke(&dead);
    let path = "/v1/partners/unidentified/keys";
    let told = |answer: Answer| {
        let mut problem = answer.problem(401, "no-identity");
        problem["requestId"] = Value::Null;
        (problem, answer.header("www-authenticate").to_owned())
    };
    let nobody = Client::new(&registry.addresses().command, None);
    let first = told(nobody.get(path).send());
    assert_eq!(told(nobody.get(path).key("junk").send()), first);
    assert_eq!(told(nobody.get(path).key(&unknown_secret()).send()), first);
    assert_eq!(told(nobody.get(path).key(&dead.secret).send()), first);
    let bearer = format!("Bearer {}", live.secret);
    assert_eq!(told(nobody.get(path).header("authorization", &bearer).send()), first);
    nobody.get(path).key(&live.secret).key(&live.secret).send().problem(400, "malformed");
}

#[test]
fn another_partners_path_is_absent_for_every_method_before_the_body_is_read() {
    let registry = crate::SHARED.get();
    let admin = registry.admin("curious");
    let foreign = registry.create("discreet", "key", &["client:read"]);
    let absent = json!("00000000-0000-7000-8000-000000000000");
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        for key in [json!(foreign.id), absent.clone()] {
            let path = format!("/v1/partners/discreet/keys/{}", key.as_str().expect("an id"));
            for path in [path.clone(), format!("{path}/revoke"), format!("{path}/history")] {
                let answer = admin.call(method, &path).body("application/json", b"{ no JSON").send();
                answer.problem(404, "not-found");
            }
        }
        admin.call(method, "/v1/partners/discreet/keys").send().problem(404, "not-found");
    }
    // One's own partner's path with another partner's key is absent too.
    let path = format!("/v1/partners/curious/keys/{}", foreign.id);
    admin.get(&path).send().problem(404, "not-found");
    admin.post(&format!("{path}/revoke"), &json!({})).send().problem(404, "not-found");
    assert_eq!(registry.health(&foreign.secret).status, 200);
}

#[test]
fn a_method_that_a_path_lacks_is_told_which_ones_it_has() {
    let registry = crate::SHARED.get();
    let key = registry.create("methods", "key", &["client:read"]);
    let operator = registry.operator();
    for (path, allowed) in [
        ("/v1/partners/methods/keys".to_owned(), "GET, HEAD, POST"),
        (key.path(), "GET, HEAD, PATCH"),
        (key.at("revoke"), "POST"),
        (key.at("history"), "GET, HEAD"),
        ("/v1/scopes".to_owned(), "GET, HEAD, PUT"),
    ] {
        let answer = operator.call("DELETE", &path).send();
        answer.problem(405, "method-not-allowed");
        assert_eq!(answer.header("allow"), allowed, "{path}");
    }
    operator.get("/v1/nothing").send().problem(404, "not-found");
    assert_eq!(registry.health(&key.secret).status, 200);
}

#[test]
fn head_is_answered_as_get_without_the_body() {
    let registry = crate::SHARED.get();
    let key = registry.create("heads", "key", &["client:read"]);
    let operator = registry.operator();
    for path in ["/v1/partners/heads/keys", &key.path(), &key.at("history"), "/v1/scopes", "/openapi.json"] {
        let (get, head) = (operator.get(path).send(), operator.call("HEAD", path).send());
        assert_eq!((head.status, head.text()), (200, String::new()), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
    }
    assert_eq!(operator.call("HEAD", "/v1/events").send().status, 405, "a stream has no length to tell");
}

#[test]
fn what_is_no_path_of_the_api_is_told_so_in_its_form() {
    let registry = crate::SHARED.get();
    for client in [registry.operator(), Client::new(&registry.addresses().command, None)] {
        for path in ["/v2", "/favicon.ico"] {
            let answer = client.get(path).send();
            answer.problem(404, "not-found");
            assert!(answer.position() > 0, "{path}");
        }
    }
}

#[test]
fn nobody_hands_out_or_receives_more_than_they_may_grant() {
    let registry = crate::SHARED.get();
    let admin = registry.admin("modest");
    for scope in ["registry:operate", "registryEvents:read"] {
        let body = json!({ "name": "strong", "scopes": [scope] });
        let answer = admin.post("/v1/partners/modest/keys", &body).send();
        assert!([403, 422].contains(&answer.status), "{}", answer.text());
        let by_operator = registry.operator().post("/v1/partners/modest/keys", &body).send();
        assert_eq!(by_operator.faulty_fields(), ["scopes"], "only the registry's own keys hold it");
    }
    let body = json!({ "name": "weak", "scopes": ["client:read"] });
    let of_the_registry = registry.operator().post("/v1/partners/registry/keys", &body).send();
    assert_eq!(of_the_registry.faulty_fields(), ["scopes"], "the registry's keys hold registry scopes only");

    // An admin of the registry's own keys who is no operator cannot get an operator's key by regenerating it.
    let clerk = registry.create("registry", "clerk", &["registryKeys:read", "registryKeys:write"]);
    let clerk = registry.management(&clerk.secret);
    let operator = registry.create("registry", "operator", &["registry:operate"]);
    clerk.post(&operator.at("regenerate"), &json!({})).send().problem(403, "may-not-grant");
    clerk.patch(&operator.path(), &json!({ "name": "mine" })).send().problem(403, "may-not-grant");
    assert_eq!(registry.health(&operator.secret).status, 200);
}
