//! What may leave the registry is the log without its private parts, and nothing else about it is different.

use std::sync::Arc;

use keyledger_event_log::{
    AppendError, Checkpoint, EventLog, MemoryLog, Position, PublicLog, RecordedEvent, Revision, contract,
};

#[tokio::test]
async fn a_public_log_drops_every_private_part_and_takes_no_events() {
    let log = Arc::new(MemoryLog::new(contract::identity()));
    for number in 1..=3 {
        log.append(contract::append(number, 0, 2)).await.expect("it is recorded");
    }
    let public = PublicLog::of(log.clone());
    let whole = log.read(Position::START, 10).await.expect("it is read");
    assert!(whole.iter().all(|event| !event.private.is_empty()), "the samples have private parts");
    let without: Vec<_> =
        whole.iter().cloned().map(|event| RecordedEvent { private: Vec::new(), ..event }).collect();
    assert_eq!(public.read(Position::START, 10).await, Ok(without.clone()));
    assert_eq!(public.read_stream(&contract::stream(1), Revision::FIRST).await, Ok(without[..2].to_vec()));
    assert_eq!(public.find(whole[3].id).await, Ok(Some(without[3].clone())));
    assert_eq!(public.head().await, Ok(Position::new(6)));
    assert_eq!((public.identity(), public.order()), (log.identity(), log.order()));
    let last = &whole[5];
    Checkpoint { position: last.position, mac: last.mac.clone() }
        .confirm(&public)
        .await
        .expect("the same log");

    let refused = public.append(contract::append(9, 0, 1)).await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))), "{refused:?}");
    assert_eq!(log.head().await, Ok(Position::new(6)));
}
