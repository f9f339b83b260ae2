//! Writers on one key, in one process and in two, a stale reader, and a log in trouble.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::json;

use crate::{
    troubled_log::Trouble,
    world::{Answer, Call, World},
};

const KEYS: &str = "/v1/partners/acme/keys";

#[actix_web::test]
async fn edits_of_one_key_in_one_process_take_turns_and_none_is_decided_twice() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    let path = format!("{KEYS}/{key_id}");
    let (writers, planned) = (50, 100);
    world.log.plan((0..planned).map(|_| Trouble::Slow));
    let edits =
        (0..writers).map(|number| world.operate(Call::patch(&path, json!({"name": format!("{number}")}))));
    let answers = join_all(edits).await;
    let revisions: BTreeSet<_> =
        answers.iter().filter_map(|answer| answer.json()["revision"].as_u64()).collect();
    assert_eq!(revisions, (1..=writers).collect());
    let left = world.log.troubles.lock().expect("no panic").len() as u64;
    assert_eq!(left, planned - writers, "one append for each");
}

#[actix_web::test]
async fn a_revoke_waits_for_the_edit_at_work_and_for_no_other() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    let path = format!("{KEYS}/{key_id}");
    let permits = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    world.log.plan([Trouble::Held(permits.clone())]);
    let edits = (0..10).map(|number| world.operate(Call::patch(&path, json!({"name": format!("{number}")}))));
    let revoke = async {
        while !world.log.troubles.lock().expect("no panic").is_empty() {
            tokio::task::yield_now().await;
        }
        let (revoke, ()) =
            tokio::join!(world.operate(Call::post(format!("{path}/revoke"), json!({}))), async {
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                permits.add_permits(1);
            });
        revoke
    };
    let (edits, revoke) = tokio::join!(join_all(edits), revoke);
    assert_eq!((revoke.status.as_u16(), &revoke.json()["revision"]), (200, &json!(2)));
    let told: Vec<_> = edits.iter().filter(|edit| edit.status != 200).map(Answer::told).collect();
    assert_eq!(told, vec![(409, "key-revoked".to_owned()); 9]);
}

#[actix_web::test]
async fn of_two_edits_at_once_in_two_processes_both_are_recorded_one_after_the_other() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    let permits = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    world.log.plan([Trouble::Held(permits.clone())]);
    let path = format!("{KEYS}/{key_id}");
    let other = world.elsewhere();
    let slow = other.operate(Call::patch(&path, json!({"name": "slow"})));
    let fast = async {
        while !world.log.troubles.lock().expect("no panic").is_empty() {
            tokio::task::yield_now().await;
        }
        let answer =
            world.operate(Call::patch(&path, json!({"throttle": {"ratePerSecond": 1, "burst": 1}}))).await;
        permits.add_permits(1);
        answer
    };
    let (slow, fast) = tokio::join!(slow, fast);
    assert_eq!((fast.json()["revision"].as_u64(), slow.json()["revision"].as_u64()), (Some(1), Some(2)));
    let key = slow.json();
    assert_eq!((&key["name"], &key["throttle"]["burst"]), (&json!("slow"), &json!(1)));
}

#[actix_web::test]
async fn a_revoke_that_overtakes_an_edit_of_another_process_wins_for_good() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    let permits = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    world.log.plan([Trouble::Held(permits.clone())]);
    let path = format!("{KEYS}/{key_id}");
    let other = world.elsewhere();
    let edit = other.operate(Call::patch(&path, json!({"name": "late"})));
    let revoke = async {
        while !world.log.troubles.lock().expect("no panic").is_empty() {
            tokio::task::yield_now().await;
        }
        let answer = world.operate(Call::post(format!("{path}/revoke"), json!({}))).await;
        permits.add_permits(1);
        answer
    };
    let (edit, revoke) = tokio::join!(edit, revoke);
    assert_eq!(revoke.status, 200);
    assert_eq!(edit.told(), (409, "key-revoked".into()));
}

#[actix_web::test]
async fn a_stale_if_match_is_refused_on_every_command_of_a_key() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    let path = format!("{KEYS}/{key_id}");
    world.operate(Call::patch(&path, json!({"name": "second"}))).await;
    let commands = || {
        [
            Call::patch(&path, json!({"name": "third"})),
            Call::post(format!("{path}/regenerate"), json!({})),
            Call::post(format!("{path}/end-overlap"), json!({})),
            Call::post(format!("{path}/revoke"), json!({})),
        ]
    };
    let recorded = world.events().await;
    for stale in ["\"0\"", "\"2\"", "W/\"1\"", "\"one\"", "\"0\", \"7\""] {
        for call in commands() {
            assert_eq!(
                world.operate(call.header("if-match", stale)).await.told(),
                (412, "stale".into()),
                "{stale}"
            );
        }
    }
    assert_eq!(world.operate(Call::patch(&path, json!({})).header("if-match", "1")).await.told().0, 400);
    assert_eq!(world.events().await, recorded);
    for (fitting, call) in ["\"1\"", "\"0\", \"2\"", "*", "\"4\""].into_iter().zip(commands()) {
        assert_eq!(world.operate(call.header("if-match", fitting)).await.status, 200, "{fitting}");
    }
}

#[actix_web::test]
async fn a_log_that_is_down_is_told_with_nothing_recorded() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    world.log.plan([Trouble::Unavailable]);
    let answer = world.operate(Call::post(format!("{KEYS}/{key_id}/revoke"), json!({}))).await;
    assert_eq!(answer.told(), (503, "log-unavailable".into()));
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(world.events().await, 3);
}

#[actix_web::test]
async fn a_lost_answer_of_the_log_is_found_out_by_appending_the_same_bytes_again() {
    let world = World::new().await;
    for trouble in [Trouble::AnswerLost, Trouble::AppendLost] {
        world.log.plan([trouble]);
        let before = world.events().await;
        let answer = world.operate(Call::post(KEYS, json!({"name": "a", "scopes": ["client:read"]}))).await;
        assert_eq!(answer.status, 201);
        assert_eq!(world.events().await, before + 1, "once, whatever was lost");
    }
}

#[actix_web::test]
async fn an_outcome_that_stays_unknown_is_told_as_unknown_and_a_retry_finds_out() {
    let create =
        || Call::post(KEYS, json!({"name": "a", "scopes": ["client:read"]})).idempotency_key("find-out");
    for (lost, recorded) in [(Trouble::AnswerLost, true), (Trouble::AppendLost, false)] {
        let world = World::new().await;
        world.log.plan([lost, Trouble::AppendLost]);
        let unknown = world.operate(create()).await;
        assert_eq!(unknown.told(), (503, "outcome-unknown".into()));
        assert_eq!(world.events().await, 2 + u64::from(recorded));
        let found = world.operate(create()).await;
        assert_eq!((found.status.as_u16(), found.json()["secret"].is_null()), (201, recorded));
        assert_eq!(world.events().await, 3, "exactly one event comes of all tries");
    }
}

#[actix_web::test]
async fn a_prefix_that_is_minted_twice_is_minted_anew() {
    let world = World::new().await;
    let place = world.randomness.place();
    let first = world.mint("acme", &["client:read"]).await;
    // A second later, since ids hold the time: only the secret comes again.
    world.clock.advance_seconds(1);
    world.randomness.go_back(place);
    let second = world.mint("acme", &["client:read"]).await;
    assert_ne!(first[..8], second[..8]);
    assert_ne!(world.key_id(&first), world.key_id(&second));
}
