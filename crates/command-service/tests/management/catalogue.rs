//! The scope catalogue.

use serde_json::{Value, json};

use crate::world::{Call, World};

const SCOPES: &str = "/v1/scopes";

#[actix_web::test]
async fn the_catalogue_is_shown_with_its_revision() {
    let world = World::new().await;
    let answer = world.operate(Call::get(SCOPES)).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, "\"0\""));
    let names: Vec<_> =
        answer.json()["resources"].as_array().expect("resources").iter().map(|r| r["name"].clone()).collect();
    assert_eq!(names, ["conversation", "client", "clientEmail", "user", "site", "address"]);
}

#[actix_web::test]
async fn a_change_tells_which_keys_lose_what_and_a_dry_run_only_that() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read", "user:read"]).await;
    world.create("acme", &["user:read"]).await;
    let resources = json!([{"name": "client", "verbs": ["read"], "describe": {"read": "Reads"}}, {"name": "user", "verbs": ["read"]}]);
    let shown = json!([
        {"name": "client", "verbs": ["read"], "children": [], "describe": {"read": "Reads"}},
        {"name": "user", "verbs": ["read"], "children": [], "describe": {}},
    ]);
    let losing = json!([{"keyId": key_id, "partnerId": "acme", "name": "made for a test", "scopes": ["clientEmail:read"]}]);
    let expected = json!({"catalogue": {"resources": shown}, "losing": losing, "moreLosing": false});
    let recorded = world.events().await;
    let dry = world.operate(Call::put(SCOPES, json!({"resources": resources, "dryRun": true}))).await;
    assert_eq!((dry.json(), world.events().await), (expected.clone(), recorded));
    let done = world.operate(Call::put(SCOPES, json!({"resources": resources}))).await;
    assert_eq!((done.json(), done.header("etag"), world.events().await), (expected, "\"1\"", recorded + 1));
    assert_eq!(world.operate(Call::get(SCOPES)).await.json(), json!({"resources": shown}));
    let again = world.operate(Call::put(SCOPES, json!({"resources": resources}))).await;
    assert_eq!((again.status.as_u16(), again.json()["losing"].clone()), (200, json!([])));
    assert_eq!(world.events().await, recorded + 1, "no change, no event");
    let stale = Call::put(SCOPES, json!({"resources": shown[1]})).header("if-match", "\"0\"");
    assert_eq!(world.operate(stale).await.status, 422, "what cannot be is told first");
    let stale = Call::put(SCOPES, json!({"resources": [shown[1]]})).header("if-match", "\"0\"");
    assert_eq!(world.operate(stale).await.told(), (412, "stale".into()));
}

#[actix_web::test]
async fn a_key_shows_which_of_its_scopes_the_catalogue_lost_and_may_keep_them() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["site:read", "user:read"]).await;
    world.operate(Call::put(SCOPES, json!({"resources": [{"name": "user", "verbs": ["read"]}]}))).await;
    let path = format!("/v1/partners/acme/keys/{key_id}");
    assert_eq!(world.operate(Call::get(&path)).await.json()["lostScopes"], json!(["site:read"]));
    let listed = world.operate(Call::get("/v1/partners/acme/keys")).await.json();
    assert_eq!(listed["keys"][0]["lostScopes"], json!(["site:read"]));
    let kept = world.operate(Call::patch(&path, json!({"scopes": ["site:read"]}))).await;
    assert_eq!(kept.status, 200);
    let returned = world.operate(Call::patch(&path, json!({"scopes": ["user:read", "address:read"]}))).await;
    assert_eq!(returned.faulty_fields(), ["scopes"]);
}

#[actix_web::test]
async fn every_fault_of_a_catalogue_is_named_by_its_place() {
    let world = World::new().await;
    let put = async |body: Value| world.operate(Call::put(SCOPES, body)).await;
    let faulty = json!({"resources": [
        {"name": "bad name", "verbs": ["read", "<script>"], "children": ["a b"], "describe": {"x y": 1}, "icon": ""},
        {"name": "user"},
        7,
    ]});
    let answer = put(faulty).await;
    let expected = [
        "resources[0].children[0]",
        "resources[0].describe.(withheld)",
        "resources[0].describe.(withheld)",
        "resources[0].icon",
        "resources[0].name",
        "resources[0].verbs[1]",
        "resources[1].verbs",
        "resources[2]",
    ];
    assert_eq!((answer.status.as_u16(), answer.faulty_fields()), (422, expected.map(str::to_owned).to_vec()));
    assert!(!String::from_utf8_lossy(&answer.body).contains("<script>"));
    let inconsistent = json!({"resources": [
        {"name": "registryKeys", "verbs": ["read"]}, {"name": "a", "verbs": ["read"], "children": ["b"]}, {"name": "a", "verbs": []},
    ]});
    let answer = put(inconsistent).await;
    assert_eq!(answer.faulty_fields(), ["resources"; 4]);
    assert_eq!(put(json!({"resources": []})).await.faulty_fields(), ["resources"]);
    assert_eq!(put(json!({})).await.faulty_fields(), ["resources"]);
}
