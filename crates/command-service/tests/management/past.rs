//! What can be shown, shown as it was: at a moment and at a position.

use serde_json::{Value, json};

use crate::world::{Answer, Call, World};

/// The time of the world, as the API writes it.
fn now(world: &World) -> String {
    keyledger_domain::Clock::now(&*world.clock).to_string()
}

async fn get(world: &World, path: &str) -> Answer {
    world.operate(Call::get(path)).await
}

fn names(page: &Answer) -> Vec<String> {
    let keys = page.json()["keys"].as_array().cloned().expect("keys");
    keys.iter().map(|key| key["name"].as_str().expect("a name").to_owned()).collect()
}

/// Every answer that a client saw of a key, with the moment and the position at which it did.
struct Seen {
    key: Value,
    list: Value,
    moment: String,
    position: u64,
}

async fn look(world: &World, path: &str) -> Seen {
    let answer = get(world, path).await;
    let list = get(world, "/v1/partners/acme/keys").await.json();
    let position = answer.header("x-log-position").parse().expect("a position");
    let seen = Seen { key: answer.json(), list, moment: now(world), position };
    world.clock.advance_seconds(1);
    seen
}

#[actix_web::test]
async fn a_key_and_its_list_are_shown_as_a_client_saw_them_then() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    let path = format!("/v1/partners/acme/keys/{key_id}");
    let mut seen = vec![look(&world, &path).await];
    for (operation, body) in [
        ("", json!({"name": "renamed", "scopes": ["client:read", "site:read"]})),
        ("/regenerate", json!({"overlapSeconds": 3600})),
        ("/end-overlap", json!({})),
        ("", json!({"throttle": {"ratePerSecond": 5, "burst": 9}})),
        ("/revoke", json!({"reason": "a leak"})),
    ] {
        let at = format!("{path}{operation}");
        let call = if operation.is_empty() { Call::patch(at, body) } else { Call::post(at, body) };
        assert_eq!(world.operate(call).await.status.as_u16(), 200);
        world.create("acme", &["user:read"]).await;
        seen.push(look(&world, &path).await);
    }
    for Seen { key, list, moment, position } in seen {
        for at in [moment, position.to_string()] {
            assert_eq!(get(&world, &format!("{path}?at={at}")).await.json(), key, "{at}");
            let then = get(&world, &format!("/v1/partners/acme/keys?at={at}")).await;
            assert_eq!(then.json(), list, "{at}");
        }
    }
}

#[actix_web::test]
async fn before_it_was_created_a_key_is_absent_and_the_future_is_refused() {
    let world = World::new().await;
    let before = now(&world);
    world.clock.advance_seconds(5);
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    let path = format!("/v1/partners/acme/keys/{key_id}");
    assert_eq!(get(&world, &format!("{path}?at={before}")).await.told(), (404, "not-found".to_owned()));
    assert!(names(&get(&world, &format!("/v1/partners/acme/keys?at={before}")).await).is_empty());
    let head = world.events().await;
    for at in ["2999-01-01T00:00:00Z", &format!("{}", head + 1), "2026-03-01", "yesterday", ""] {
        for path in [&path, "/v1/partners/acme/keys", "/v1/scopes"] {
            assert_eq!(get(&world, &format!("{path}?at={at}")).await.faulty_fields(), ["at"], "{path} {at}");
        }
    }
    let day = get(&world, &format!("{path}?at=2026-03-01")).await;
    assert!(day.json().to_string().contains("T00:00:00Z"), "{}", day.json());
}

#[actix_web::test]
async fn what_a_status_asks_for_is_judged_by_the_clock_of_then() {
    let world = World::new().await;
    let expires = {
        world.clock.advance_seconds(60);
        let expires = now(&world);
        world.clock.advance_seconds(-60);
        expires
    };
    let created = json!({"name": "short", "scopes": ["client:read"], "expiresAt": expires});
    world.operate(Call::post("/v1/partners/acme/keys", created)).await;
    let position = world.events().await;
    let (alive, path) = (now(&world), "/v1/partners/acme/keys");
    world.clock.advance_seconds(120);
    let over = now(&world);
    for (at, active, expired) in [(alive, 1, 0), (position.to_string(), 1, 0), (expires, 0, 1), (over, 0, 1)]
    {
        for (status, count) in [("ACTIVE", active), ("EXPIRED", expired), ("REVOKED", 0)] {
            let page = get(&world, &format!("{path}?at={at}&status={status}")).await;
            assert_eq!(names(&page).len(), count, "{status} at {at}");
        }
    }
}

#[actix_web::test]
async fn pages_of_the_past_are_those_of_the_present_without_what_was_not_there() {
    let world = World::new().await;
    for _ in 0..3 {
        world.create("acme", &["client:read"]).await;
    }
    let then = world.events().await;
    world.clock.advance_seconds(1);
    for _ in 0..4 {
        world.create("acme", &["client:read"]).await;
    }
    let (mut sizes, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = get(&world, &format!("/v1/partners/acme/keys?at={then}&limit=2{cursor}")).await;
        sizes.push(names(&page).len());
        let Some(next) = page.json()["nextCursor"].as_str().map(str::to_owned) else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(sizes.iter().sum::<usize>(), 3, "{sizes:?}");
    assert_eq!(sizes[0], 0, "the newest were not there yet");
}

#[actix_web::test]
async fn lists_that_are_behind_the_log_tell_no_past() {
    let world = World::new().await;
    world.create("acme", &["client:read"]).await;
    world.projection.applies.store(false, std::sync::atomic::Ordering::Relaxed);
    let moment = now(&world);
    let refused = get(&world, &format!("/v1/partners/acme/keys?at={moment}")).await;
    assert_eq!(refused.told(), (503, "lists-unavailable".to_owned()));
}

#[actix_web::test]
async fn the_catalogue_is_shown_as_it_was_and_lost_scopes_are_those_of_then() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["site:read"]).await;
    let before = (get(&world, "/v1/scopes").await, world.events().await, now(&world));
    world.clock.advance_seconds(1);
    let mut fewer = before.0.json();
    fewer["resources"].as_array_mut().expect("resources").retain(|resource| resource["name"] != "site");
    assert_eq!(world.operate(Call::put("/v1/scopes", fewer.clone())).await.status.as_u16(), 200);
    for at in [before.1.to_string(), before.2] {
        let then = get(&world, &format!("/v1/scopes?at={at}")).await;
        assert_eq!((then.json(), then.header("etag")), (before.0.json(), before.0.header("etag")));
        let key = get(&world, &format!("/v1/partners/acme/keys/{key_id}?at={at}")).await;
        assert_eq!(key.json()["lostScopes"], Value::Null);
    }
    let head = world.events().await;
    assert_eq!(get(&world, &format!("/v1/scopes?at={head}")).await.json(), fewer);
    let key = get(&world, &format!("/v1/partners/acme/keys/{key_id}?at={head}")).await;
    assert_eq!(key.json()["lostScopes"], json!(["site:read"]));
    let nothing = get(&world, "/v1/scopes?at=0").await;
    assert_eq!((nothing.json(), nothing.headers.get("etag")), (json!({"resources": []}), None));
}

#[actix_web::test]
async fn who_may_not_see_the_present_sees_no_past_either() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    let other = world.mint("other", &["registryKeys:read"]).await;
    for path in ["/v1/partners/acme/keys".to_owned(), format!("/v1/partners/acme/keys/{key_id}")] {
        let answer = world.send(Call::get(format!("{path}?at=3")).key(&other)).await;
        assert_eq!(answer.status.as_u16(), 404, "{path}");
    }
}
