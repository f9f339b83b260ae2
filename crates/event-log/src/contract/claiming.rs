//! Promises about claims.
#![allow(missing_docs, reason = "the name of each promise is its documentation")]

use std::sync::Arc;

use super::{append, stream};
use crate::{Append, AppendError, Claim, EventLog, Revision};

fn claiming(number: u64, from: u64, claim: &str) -> Append {
    Append { claims: vec![Claim::new(claim)], ..append(number, from, 1) }
}

pub async fn a_claim_is_held_by_one_stream(log: Arc<impl EventLog + ?Sized>) {
    log.append(claiming(1, 0, "prefix-hT4kQ9xZ")).await.expect("the first to claim it");
    let refused = log.append(claiming(2, 0, "prefix-hT4kQ9xZ")).await;
    assert_eq!(refused, Err(AppendError::ClaimTaken(Claim::new("prefix-hT4kQ9xZ"))));
    assert_eq!(
        log.read_stream(&stream(2), Revision::FIRST).await,
        Ok(vec![]),
        "nothing of the refused append"
    );
    log.append(claiming(2, 0, "prefix-ht4kQ9xZ")).await.expect("claims tell case apart");
}

pub async fn a_stream_may_take_its_own_claim_again(log: Arc<impl EventLog + ?Sized>) {
    log.append(claiming(1, 0, "prefix-hT4kQ9xZ")).await.expect("the first time");
    log.append(claiming(1, 1, "prefix-hT4kQ9xZ")).await.expect("the second time");
}

pub async fn a_refused_append_takes_no_claim(log: Arc<impl EventLog + ?Sized>) {
    log.append(append(1, 0, 1)).await.expect("the first event");
    let mut late = claiming(1, 0, "prefix-hT4kQ9xZ");
    late.events[0].id = super::event(99, 0).id;
    assert!(matches!(log.append(late).await, Err(AppendError::Conflict { .. })));
    log.append(claiming(2, 0, "prefix-hT4kQ9xZ")).await.expect("the claim is free");
}

pub async fn of_many_streams_that_claim_one_value_exactly_one_wins(log: Arc<impl EventLog + ?Sized>) {
    let writers = (0..32).map(|writer| {
        let log = Arc::clone(&log);
        async move { log.append(claiming(writer, 0, "prefix-hT4kQ9xZ")).await }
    });
    let outcomes = super::following::all(writers).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.iter().flat_map(|o| o.as_ref().err()).all(|e| matches!(e, AppendError::ClaimTaken(_))));
}
