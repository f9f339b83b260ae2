//! The description of the API: complete, and the one that lies in `docs/openapi.json`.

use std::path::Path;

use serde_json::Value;

use crate::world::{Call, World};

#[actix_web::test]
async fn it_is_served_to_everybody() {
    let world = World::new().await;
    let answer = world.send(Call::get("/openapi.json")).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.body, keyledger_command_service::openapi().as_bytes());
    let refused = world.send(Call::post("/openapi.json", Value::Null)).await;
    assert_eq!((refused.status.as_u16(), refused.header("allow")), (405, "GET"));
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
            let needed: &[&str] = match (path.as_str(), method.as_str()) {
                ("/openapi.json", _) => &[],
                (_, "get") => &["400", "401", "403", "404", "405", "422", "500", "503"],
                _ => &[
                    "400", "401", "403", "404", "405", "408", "409", "412", "413", "415", "422", "500", "503",
                ],
            };
            assert!(needed.iter().all(|status| told.contains(status)), "{method} {path} tells only {told:?}");
        }
    }
}
