//! The events of every partner, as lines and live.

use std::sync::Arc;

use actix_web::{
    App,
    body::{BoxBody, MessageBody},
    test::{self, TestRequest},
};
use keyledger_command_service::{ChangeCatalogue, Revisions, routes};
use keyledger_domain::Catalogue;
use serde_json::{Value, json};

use crate::world::{Answer, Call, World};

fn lines(answer: &Answer) -> Vec<Value> {
    let text = String::from_utf8(answer.body.clone()).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn positions(answer: &Answer) -> Vec<u64> {
    lines(answer).iter().map(|line| line["position"].as_u64().expect("a position")).collect()
}

#[actix_web::test]
async fn events_come_one_a_line_up_to_the_head_by_filter_and_limit() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    world.create("other", &["client:read"]).await;
    world.operate(Call::post(format!("/v1/partners/acme/keys/{key_id}/revoke"), json!({}))).await;
    let get = async |query: &str| world.operate(Call::get(format!("/v1/events{query}"))).await;
    let all = get("").await;
    assert_eq!((all.status.as_u16(), all.header("content-type")), (200, "application/x-ndjson"));
    assert_eq!(positions(&all), [1, 2, 3, 4, 5]);
    let types: Vec<_> = lines(&all).iter().map(|line| line["event"]["type"].clone()).collect();
    assert_eq!(types, ["ScopeCatalogueChanged", "KeyCreated", "KeyCreated", "KeyCreated", "KeyRevoked"]);
    assert_eq!(positions(&get("?after=3").await), [4, 5]);
    assert_eq!(positions(&get("?partnerId=acme").await), [3, 5]);
    assert_eq!(positions(&get(&format!("?keyId={key_id}&type=KeyRevoked")).await), [5]);
    assert_eq!(positions(&get(&format!("?keyId={key_id}")).await), [3, 5]);
    assert_eq!(positions(&get(&format!("?keyId={key_id}&after=3")).await), [5]);
    assert_eq!(positions(&get(&format!("?keyId={key_id}&limit=1")).await), [3]);
    assert_eq!(positions(&get(&format!("?keyId={key_id}&partnerId=other")).await), [0; 0]);
    assert_eq!(positions(&get("?type=ScopeCatalogueChanged").await), [1]);
    assert_eq!(positions(&get("?type=ScopeCatalogueChanged&partnerId=acme").await), [0; 0]);
    assert_eq!(positions(&get("?type=KeyCreated&limit=2").await), [2, 3]);
    assert_eq!(positions(&get("?after=9007199254740991").await), [0; 0]);
    for (query, field) in
        [("?after=-1", "after"), ("?keyId=x", "keyId"), ("?type=a%20b", "type"), ("?limit=0", "limit")]
    {
        assert_eq!(get(query).await.faulty_fields(), [field]);
    }
}

#[actix_web::test]
async fn a_line_holds_the_public_part_byte_for_byte() {
    let world = World::new().await;
    let recorded =
        keyledger_event_log::EventLog::read(&*world.log, keyledger_event_log::Position::START, 1).await;
    let public = String::from_utf8(recorded.expect("a read")[0].public.clone()).expect("UTF-8");
    let answer = world.operate(Call::get("/v1/events?limit=1")).await;
    assert_eq!(String::from_utf8_lossy(&answer.body), format!("{{\"position\":1,\"event\":{public}}}\n"));
}

#[actix_web::test]
async fn a_log_longer_than_one_batch_is_told_to_its_end() {
    let world = World::new().await;
    for number in 0..1_200 {
        let mut resources = Catalogue::builtin().resources().to_vec();
        resources[0].describe.insert("read".to_owned(), format!("the {number}th meaning"));
        let catalogue = Catalogue::new(resources).expect("a catalogue");
        let change = ChangeCatalogue { catalogue, dry_run: false, revisions: Revisions::Any };
        world.service.change_catalogue(&world.initialising(), change).await.expect("a change");
    }
    let answer = world.operate(Call::get("/v1/events")).await;
    assert_eq!(positions(&answer), (1..=1_202).collect::<Vec<_>>());
}

/// What is next on a live stream; none where it ended.
async fn next(body: &mut BoxBody) -> Option<String> {
    let next = std::future::poll_fn(|context| std::pin::Pin::new(&mut *body).poll_next(context));
    let next = tokio::time::timeout(std::time::Duration::from_secs(5), next).await.expect("it does not hang");
    next.map(|bytes| String::from_utf8(bytes.expect("bytes").to_vec()).expect("UTF-8"))
}

/// Opens a live stream as the holder of a key.
async fn follow(world: &World, key: &str, query: &str, last: Option<&str>) -> BoxBody {
    let routes = routes::configure(
        world.service.clone(),
        Arc::clone(&world.projection) as _,
        Arc::new(keyledger_command_service::Offline),
        Arc::new(keyledger_command_service::Offline),
        Arc::new(crate::world::SomeTree),
    );
    let app = test::init_service(App::new().configure(routes)).await;
    let mut request = TestRequest::get().uri(&format!("/v1/events{query}")).insert_header(("x-api-key", key));
    request = request.insert_header(("accept", "text/event-stream, */*;q=0.1"));
    if let Some(last) = last {
        request = request.insert_header(("last-event-id", last));
    }
    let answer = test::call_service(&app, request.to_request()).await;
    assert_eq!(answer.headers().get("content-type").expect("a type"), "text/event-stream");
    answer.into_body()
}

#[actix_web::test]
async fn a_live_stream_goes_on_after_the_head_and_resumes_by_its_ids() {
    let world = World::new().await;
    let mut stream = follow(&world, &world.operator, "?after=1", Some("1")).await;
    let first = next(&mut stream).await.expect("the operator's key");
    assert!(
        first.starts_with("id: 2\ndata: {\"position\":2,\"event\":{") && first.ends_with("}}\n\n"),
        "{first}"
    );
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    assert!(next(&mut stream).await.expect("the new key").starts_with("id: 3\n"));
    let mut resumed = follow(&world, &world.operator, "", Some("2")).await;
    assert!(next(&mut resumed).await.expect("the same event").starts_with("id: 3\n"));
    world.operate(Call::post(format!("/v1/partners/acme/keys/{key_id}/revoke"), json!({}))).await;
    assert!(next(&mut resumed).await.expect("its revocation").contains("KeyRevoked"));
}

#[actix_web::test]
async fn a_live_stream_ends_with_its_key() {
    let world = World::new().await;
    let auditor = world.mint("registry", &["registryEvents:read"]).await;
    let key_id = world.key_id(&auditor);
    let mut stream = follow(&world, &auditor, "?after=2", None).await;
    assert!(next(&mut stream).await.expect("its own creation").contains("KeyCreated"));
    let revoke = Call::post(format!("/v1/partners/registry/keys/{key_id}/revoke"), json!({}));
    assert_eq!(world.operate(revoke).await.status, 200);
    let began = tokio::time::Instant::now();
    assert_eq!(next(&mut stream).await, None);
    assert!(tokio::time::Instant::now() - began < std::time::Duration::from_secs(1));
}

#[actix_web::test]
async fn a_live_stream_ends_with_the_secret_that_opened_it_and_not_with_an_older_one() {
    let world = World::new().await;
    let first = world.mint("registry", &["registryEvents:read"]).await;
    let path = format!("/v1/partners/registry/keys/{}", world.key_id(&first));
    let regenerate = async |overlap: u32| {
        let body = json!({"overlapSeconds": overlap});
        let answer = world.operate(Call::post(format!("{path}/regenerate"), body)).await.json();
        answer["secret"].as_str().expect("a secret").to_owned()
    };
    let open = async |secret: &str| follow(&world, secret, "?after=3&partnerId=nobody", None).await;
    let mut superseded = open(&first).await;
    let second = regenerate(0).await;
    assert_eq!(next(&mut superseded).await, None, "it has no overlap");

    let (mut overlapping, third) = (open(&second).await, regenerate(60).await);
    let mut newest = open(&third).await;
    assert_eq!(world.operate(Call::post(format!("{path}/end-overlap"), json!({}))).await.status, 200);
    assert_eq!(next(&mut overlapping).await, None, "its overlap was ended");

    let (mut overlapping, fourth) = (open(&third).await, regenerate(60).await);
    world.clock.advance_seconds(60);
    assert_eq!(next(&mut overlapping).await, None, "its overlap is over");
    assert_eq!(next(&mut newest).await, None, "so it is for every stream that it opened");

    let mut stays = follow(&world, &fourth, "?type=KeyRenamed", None).await;
    world.operate(Call::patch(&path, json!({"name": "still read"}))).await;
    assert!(next(&mut stays).await.expect("the newest secret reads on").contains("KeyRenamed"));
}

#[actix_web::test]
async fn a_live_stream_ends_when_its_key_loses_the_right_or_expires() {
    let world = World::new().await;
    for edit in [json!({"scopes": ["registryKeys:read"]}), json!({"expiresAt": "2027-01-15T08:02:00Z"})] {
        let auditor = world.mint("registry", &["registryEvents:read"]).await;
        let head = world.events().await;
        let mut stream = follow(&world, &auditor, &format!("?after={head}&partnerId=nobody"), None).await;
        let path = format!("/v1/partners/registry/keys/{}", world.key_id(&auditor));
        assert_eq!(world.operate(Call::patch(path, edit)).await.status, 200);
        world.clock.advance_seconds(60);
        assert_eq!(next(&mut stream).await, None);
    }
}
