use std::sync::{Arc, Mutex};

use keyledger_event_log::{EventLog, Position};
use keyledger_projectors::{Projection, StopReason, rebuild};

use crate::world::{Notebook, append, draft, follow, keys, log_of, mac_keys, sealed, stream};

#[tokio::test]
async fn a_rebuild_ends_at_the_head_with_the_digest_of_the_running_one() {
    let log = log_of(8_300).await;
    let running = Notebook::default();
    let projector = follow(log.clone(), &running);
    assert!(projector.applied(Position::new(8_300), crate::world::PATIENCE).await);

    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = Arc::clone(&told);
    let on_progress = move |position: Position, head: Position| {
        telling.lock().expect("nobody else tells").push((position.get(), head.get()));
    };
    let rebuilt = rebuild(log, keys(), Notebook::default(), on_progress).await.expect("a rebuild");
    assert_eq!(Ok(rebuilt.digest), running.digest());
    assert_eq!(rebuilt.projection.checkpoint(), running.checkpoint());
    let told = told.lock().expect("nobody else tells").clone();
    assert_eq!(told, [(8_000, 8_300), (8_300, 8_300)]);
}

#[tokio::test]
async fn a_rebuild_of_an_empty_log_ends_at_once() {
    let log = log_of(0).await;
    let rebuilt = rebuild(log, keys(), Notebook::default(), |_, _| {}).await.expect("a rebuild");
    assert_eq!(rebuilt.projection.checkpoint().position, Position::START);
}

#[tokio::test]
async fn a_rebuild_stops_at_what_nobody_may_read_past() {
    let log = log_of(3).await;
    append(&*log, stream(4), sealed(&draft(stream(4), 0), &mac_keys(8))).await;
    assert_eq!(log.head().await, Ok(Position::new(4)));
    let refused = rebuild(log, keys(), Notebook::default(), |_, _| {}).await.map(|_| ());
    assert!(matches!(refused, Err(StopReason::Unbelievable(_))), "{refused:?}");
}
