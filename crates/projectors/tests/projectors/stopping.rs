use std::sync::{Arc, atomic::Ordering};

use keyledger_domain::envelope::{Draft, OpenError, WrongMac};
use keyledger_event_log::{Checkpoint, CheckpointLost, LogIdentity, MemoryLog, NewEvent, Position};
use keyledger_projectors::{Distrust, ProjectionError, State, StopReason, Unbelievable};
use uuid::Uuid;

use crate::world::{
    Notebook, append, append_good, draft, follow, identity, log_of, mac_keys, sealed, stop_reason, stream,
};

/// Why a projector stops that meets `event` in the stream of key 1 after three good ones of others; it must hold those.
async fn stopped_by(event: NewEvent) -> StopReason {
    let log = log_of(0).await;
    for number in 2..=4 {
        append_good(&*log, number, 0).await;
    }
    let notebook = Notebook::default();
    let projector = follow(log.clone(), &notebook);
    assert!(projector.applied(Position::new(3), crate::world::PATIENCE).await);
    append(&*log, stream(1), event).await;
    let reason = stop_reason(&projector).await;
    assert_eq!(notebook.read().checkpoint.position, Position::new(3));
    assert!(!projector.applied(Position::new(4), crate::world::PATIENCE).await);
    (*reason).clone()
}

fn distrusted(why: Distrust) -> StopReason {
    StopReason::Unbelievable(Unbelievable { position: Position::new(4), why })
}

#[tokio::test]
async fn an_event_with_a_wrong_code_stops_it() {
    let forged = sealed(&draft(stream(1), 0), &mac_keys(8));
    let wrong = distrusted(Distrust::NotOpened(OpenError::Mac(WrongMac::Forged)));
    assert_eq!(stopped_by(forged).await, wrong);
}

#[tokio::test]
async fn an_event_whose_public_part_was_edited_stops_it() {
    let mut edited = sealed(&draft(stream(1), 0), &mac_keys(7));
    let at = edited.public.windows(6).position(|window| window == b"name 0").expect("the name");
    edited.public[at + 5] = b'1';
    assert_eq!(stopped_by(edited).await, distrusted(Distrust::NotOpened(OpenError::Mac(WrongMac::Forged))));
}

#[tokio::test]
async fn an_event_whose_private_part_was_edited_stops_it() {
    let mut edited = sealed(&draft(stream(1), 0), &mac_keys(7));
    edited.private.push(b' ');
    assert_eq!(stopped_by(edited).await, distrusted(Distrust::NotOpened(OpenError::PrivateAltered)));
}

#[tokio::test]
async fn an_event_that_was_moved_from_another_stream_stops_it() {
    let written = draft(stream(9), 0);
    let moved = Distrust::NotOpened(OpenError::Misplaced {
        id: written.id,
        stream: stream(9).to_string(),
        revision: 0,
    });
    assert_eq!(stopped_by(sealed(&written, &mac_keys(7))).await, distrusted(moved));
}

#[tokio::test]
async fn two_events_that_were_swapped_stop_it() {
    let log = log_of(0).await;
    let (first, second) = (draft(stream(1), 0), draft(stream(1), 1));
    let (first, second) = (sealed(&first, &mac_keys(7)), sealed(&second, &mac_keys(7)));
    let swapped = |event: &NewEvent, place: &NewEvent| NewEvent { revision: place.revision, ..event.clone() };
    append(&*log, stream(1), swapped(&second, &first)).await;
    append(&*log, stream(1), swapped(&first, &second)).await;
    let reason = stop_reason(&follow(log, &Notebook::default())).await;
    let misplaced = matches!(
        &*reason,
        StopReason::Unbelievable(Unbelievable { why: Distrust::NotOpened(OpenError::Misplaced { .. }), .. })
    );
    assert!(misplaced, "{reason}");
}

#[tokio::test]
async fn an_event_of_another_log_stops_it() {
    let foreign = Uuid::from_u128(5);
    let event = sealed(&Draft { log: foreign, ..draft(stream(1), 0) }, &mac_keys(7));
    assert_eq!(stopped_by(event).await, distrusted(Distrust::NotOpened(OpenError::ForeignLog(foreign))));
}

#[tokio::test]
async fn an_event_of_a_life_that_the_log_has_not_begun_stops_it() {
    let event = sealed(&Draft { epoch: 3, ..draft(stream(1), 0) }, &mac_keys(7));
    assert_eq!(stopped_by(event).await, distrusted(Distrust::EpochAhead { found: 3, log: 2 }));
}

#[tokio::test]
async fn an_event_of_an_earlier_life_behind_one_of_a_later_stops_it() {
    let event = sealed(&Draft { epoch: 1, ..draft(stream(1), 0) }, &mac_keys(7));
    assert_eq!(stopped_by(event.clone()).await, distrusted(Distrust::EpochFell { found: 1, before: 2 }));

    // The same where it went on from a checkpoint in between.
    let log = log_of(1).await;
    let notebook = Notebook::default();
    let projector = follow(log.clone(), &notebook);
    assert!(projector.applied(Position::new(1), crate::world::PATIENCE).await);
    projector.stop().await;
    append(&*log, stream(2), sealed(&Draft { epoch: 1, ..draft(stream(2), 0) }, &mac_keys(7))).await;
    let reason = stop_reason(&follow(log, &notebook)).await;
    assert!(reason.to_string().contains("behind an event of epoch 2"), "{reason}");
}

#[tokio::test]
async fn an_event_that_was_taken_out_of_the_middle_of_a_stream_stops_it() {
    // No log takes a stream with a hole, so the projection is made to remember less: to it, revision 1 is gone.
    let whole = log_of(1).await;
    append_good(&*whole, 1, 1).await;
    let notebook = Notebook::default();
    let projector = follow(whole.clone(), &notebook);
    assert!(projector.applied(Position::new(2), crate::world::PATIENCE).await);
    projector.stop().await;
    notebook.notes.lock().expect("nobody else has it").revisions.insert(stream(1).to_string(), 0);
    append_good(&*whole, 1, 2).await;
    let reason = stop_reason(&follow(whole, &notebook)).await;
    let (position, stream) = (Position::new(3), stream(1).to_string());
    let missing = ProjectionError::MissingRevision { position, stream, held: Some(0), found: 2 };
    assert_eq!(*reason, StopReason::Projection(missing));
}

#[tokio::test]
async fn a_log_whose_end_was_cut_off_stops_it() {
    let log = log_of(3).await;
    let notebook = Notebook::default();
    let projector = follow(log, &notebook);
    assert!(projector.applied(Position::new(3), crate::world::PATIENCE).await);
    projector.stop().await;
    let reason = stop_reason(&follow(log_of(2).await, &notebook)).await;
    assert_eq!(*reason, StopReason::CheckpointLost(CheckpointLost::Missing(Position::new(3))));
}

#[tokio::test]
async fn a_log_whose_past_was_changed_stops_it() {
    let notebook = Notebook::at(Checkpoint { position: Position::new(2), mac: vec![1; 36] });
    let reason = stop_reason(&follow(log_of(3).await, &notebook)).await;
    assert_eq!(*reason, StopReason::CheckpointLost(CheckpointLost::Different(Position::new(2))));
}

#[tokio::test]
async fn the_wrong_keyring_stops_it_at_the_first_event() {
    let log = Arc::new(MemoryLog::new(LogIdentity { epoch: 2, ..identity() }));
    append(&*log, stream(1), sealed(&draft(stream(1), 0), &mac_keys(9))).await;
    let reason = stop_reason(&follow(log, &Notebook::default())).await;
    let position = Position::new(1);
    let why = Distrust::NotOpened(OpenError::Mac(WrongMac::Forged));
    assert_eq!(*reason, StopReason::Unbelievable(Unbelievable { position, why }));
}

#[tokio::test]
async fn a_projection_that_panics_is_never_taken_for_a_live_one() {
    let log = log_of(1).await;
    let notebook = Notebook::default();
    notebook.trips.store(true, Ordering::SeqCst);
    let projector = follow(log, &notebook);
    assert_eq!(*stop_reason(&projector).await, StopReason::Panicked);
    assert!(matches!(projector.stop().await, State::Stopped(_)), "its last word stands");
}
