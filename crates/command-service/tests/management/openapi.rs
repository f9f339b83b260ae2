//! The description of the API: complete, and the one that lies in `docs/openapi.json`.

use std::{collections::BTreeSet, path::Path, sync::atomic::Ordering};

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::world::{Call, World};

#[actix_web::test]
async fn it_is_served_to_everybody() {
    let world = World::new().await;
    let answer = world.send(Call::get("/openapi.json")).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.body, keyledger_command_service::openapi().as_bytes());
    let refused = world.send(Call::post("/openapi.json", Value::Null)).await;
    assert_eq!((refused.status.as_u16(), refused.header("allow")), (405, "GET, HEAD"));
}

#[test]
fn the_committed_description_is_the_generated_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let generated = format!("{}\n", keyledger_command_service::openapi());
    // To accept a change: KEYLEDGER_ACCEPT=1 cargo test -p keyledger-command-service openapi
    #[expect(clippy::disallowed_methods, reason = "whoever runs this test says whether a change is meant")]
    if std::env::var_os("KEYLEDGER_ACCEPT").is_some() {
        std::fs::write(&path, &generated).expect("docs/openapi.json can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "docs/openapi.json is not what the code generates; if the change is meant, run \
         KEYLEDGER_ACCEPT=1 cargo test -p keyledger-command-service openapi"
    );
}

#[test]
fn every_reference_leads_somewhere_and_every_operation_tells_its_problems() {
    let description: Value = serde_json::from_str(keyledger_command_service::openapi()).expect("JSON");
    let text = description.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().expect("a reference ends");
        assert!(description.pointer(pointer).is_some(), "{pointer} leads nowhere");
    }
    for (path, methods) in description["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            assert!(operation["summary"].is_string(), "{method} {path} has a summary");
            let responses = operation["responses"].as_object().expect("responses");
            let described = |response: &Value| {
                let shared =
                    response["$ref"].as_str().and_then(|at| description.pointer(at.strip_prefix('#')?));
                shared.unwrap_or(response)["headers"]["X-Request-Id"].is_object()
            };
            assert!(responses.values().all(described), "{method} {path}");
            let told: Vec<_> = responses.keys().map(String::as_str).collect();
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let looks_at_revisions = parameters.clone().any(|parameter| parameter["name"] == "If-Match");
            assert_eq!(told.contains(&"412"), looks_at_revisions, "{method} {path}");
            let needs_no_key = operation["security"] == serde_json::json!([{}]);
            let needed: &[&str] = match (path.as_str(), method.as_str()) {
                ("/openapi.json", _) => &[],
                _ if needs_no_key => &["404", "405", "503"],
                (_, "get") => &["400", "401", "403", "404", "405", "422", "500", "503"],
                _ => &["400", "401", "403", "404", "405", "408", "409", "413", "415", "422", "500", "503"],
            };
            assert!(needed.iter().all(|status| told.contains(status)), "{method} {path} tells only {told:?}");
        }
    }
}

#[test]
fn bodies_are_described_as_strictly_as_they_are_read() {
    let description: Value = serde_json::from_str(keyledger_command_service::openapi()).expect("JSON");
    let resolve = |schema: &Value| match schema["$ref"].as_str() {
        Some(reference) => description.pointer(&reference[1..]).expect("it leads somewhere").clone(),
        None => schema.clone(),
    };
    let mut bodies = 0;
    for operation in description["paths"]
        .as_object()
        .expect("paths")
        .values()
        .flat_map(|path| path.as_object().expect("methods").values())
    {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let alternatives = |schema: &Value| match schema["oneOf"].as_array() {
            Some(alternatives) => alternatives.clone(),
            None => vec![schema.clone()],
        };
        let schemas =
            alternatives(schema).iter().flat_map(|schema| alternatives(&resolve(schema))).collect::<Vec<_>>();
        for schema in schemas.iter().map(resolve).filter(|schema| schema["type"] == "object") {
            assert_eq!(schema["additionalProperties"], false, "{schema}");
            bodies += 1;
        }
    }
    assert_eq!(bodies, 7, "create, edit, regenerate, revoke, the catalogue, and the two of an emergency");
    let schema = |name: &str| &description["components"]["schemas"][name];
    assert_eq!(schema("Replace")["enum"], json!(["oldest", "newest"]));
    let forms = schema("Revoke")["oneOf"].as_array().expect("two forms").iter().map(resolve);
    let required: Vec<_> = forms.map(|form| form["required"].clone()).collect();
    assert_eq!(required, [json!(["prefix", "reason"]), json!(["partnerId", "all", "reason"])]);
}

#[actix_web::test]
async fn the_headers_of_every_answer_are_described() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    let description: Value = serde_json::from_str(keyledger_command_service::openapi()).expect("JSON");
    let (keys, key) = ("/v1/partners/{partnerId}/keys", "/v1/partners/{partnerId}/keys/{keyId}");
    let create = || json!({"name": "a", "scopes": ["client:read"]});
    let mut told = Vec::new();
    for (path, method, body, key) in [
        (keys, Method::GET, None, "nobody"),
        (keys, Method::POST, Some(create()), &world.operator),
        (key, Method::GET, None, &world.operator),
        (key, Method::PATCH, Some(json!({"name": "b"})), &world.operator),
        (key, Method::DELETE, None, &world.operator),
        ("/openapi.json", Method::GET, None, &world.operator),
    ] {
        let concrete = path.replace("{partnerId}", "acme").replace("{keyId}", &key_id);
        let call = Call::new(method.clone(), concrete).key(key);
        let answer = world.send(body.iter().fold(call, Call::json)).await;
        let described =
            if method == Method::DELETE { "get".to_owned() } else { method.as_str().to_lowercase() };
        let response = &description["paths"][path][described]["responses"][answer.status.as_str()];
        let shared = response["$ref"].as_str().and_then(|at| description.pointer(&at[1..]));
        let described = shared.unwrap_or(response)["headers"].as_object().expect("headers");
        let described: BTreeSet<_> = described.keys().map(|name| name.to_lowercase()).collect();
        let sent: BTreeSet<_> = answer.headers.keys().map(|name| name.as_str().to_owned()).collect();
        let sent: BTreeSet<_> = sent.into_iter().filter(|name| !name.starts_with("content-")).collect();
        assert_eq!(sent, described, "{method} {path}");
        told.push(answer.status.as_u16());
    }
    assert_eq!(told, [401, 201, 200, 200, 405, 200]);
    world.projection.knows.store(false, Ordering::Relaxed);
    let unknown = world.operate(Call::get("/v1/scopes")).await;
    assert_eq!((unknown.told().0, unknown.header("retry-after")), (503, "1"));
    for kind in ["Problem503", "CommandProblem503"] {
        assert!(description["components"]["responses"][kind]["headers"]["Retry-After"].is_object(), "{kind}");
    }
}
