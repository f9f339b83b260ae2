use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use keyledger_event_log::{EventLog, Position, Subscription};
use keyledger_projectors::State;

use crate::world::{Line, Notebook, PATIENCE, append_good, append_unreadable, follow, log_of, stream, until};

#[tokio::test]
async fn it_catches_up_in_large_batches_and_is_live_at_once() {
    let log = log_of(2_500).await;
    let notebook = Notebook::default();
    let projector = follow(log.clone(), &notebook);
    until(&projector, |progress| matches!(progress.state, State::Live)).await;
    assert_eq!(projector.progress().position, Position::new(2_500));
    assert_eq!(notebook.read().batches, 1, "what the log gives in three parts is brought together");
    let began = Instant::now();
    for revision in 1..=20 {
        let position = append_good(&*log, 1, revision).await;
        assert!(projector.applied(position, PATIENCE).await);
    }
    let took = began.elapsed();
    assert!(
        took < 20 * Subscription::PATIENCE / 2,
        "it was woken each time, and did not look by chance: {took:?}"
    );
    assert_eq!(notebook.read().revisions[&stream(1).to_string()], 20);
}

#[tokio::test]
async fn it_goes_on_where_its_projection_left_off() {
    let log = log_of(5).await;
    let notebook = Notebook::default();
    let first = follow(log.clone(), &notebook);
    assert!(first.applied(Position::new(5), PATIENCE).await);
    assert!(matches!(first.stop().await, State::Ended));
    let batches = notebook.read().batches;
    let position = append_good(&*log, 1, 1).await;
    let second = follow(log, &notebook);
    assert!(second.applied(position, PATIENCE).await);
    assert_eq!(
        notebook.read().batches,
        batches + 1,
        "nothing was brought twice: its revisions would not follow"
    );
}

#[tokio::test]
async fn who_waits_for_what_does_not_come_is_told_so() {
    let log = log_of(1).await;
    let projector = follow(log.clone(), &Notebook::default());
    assert!(!projector.applied(Position::new(2), Duration::from_millis(30)).await);
    assert!(projector.applied(Position::new(1), PATIENCE).await);
    projector.stop().await;
    append_good(&*log, 2, 0).await;
    let asked = Instant::now();
    assert!(!projector.applied(Position::new(2), PATIENCE).await);
    assert!(asked.elapsed() < PATIENCE, "nothing more will come, so nobody waits");
}

#[tokio::test]
async fn a_quiet_log_is_heard_again_and_again() {
    let log = log_of(1).await;
    let notebook = Notebook::default();
    let projector = follow(log, &notebook);
    let first = until(&projector, |progress| progress.heard_at.is_some()).await.heard_at;
    let later = until(&projector, |progress| progress.heard_at > first).await.heard_at;
    assert!(notebook.read().heard >= later, "the projection is told first");
}

#[tokio::test]
async fn a_log_that_does_not_answer_is_not_heard_and_is_asked_again() {
    let line = Line::to(log_of(1).await);
    let notebook = Notebook::default();
    let projector = follow(line.clone(), &notebook);
    until(&projector, |progress| matches!(progress.state, State::Live)).await;
    line.cut.store(true, Ordering::SeqCst);
    let cut = until(&projector, |progress| matches!(progress.state, State::CutOff(_))).await;
    let position = append_good(&*line.log(), 1, 1).await;
    assert!(!projector.applied(position, Duration::from_millis(200)).await);
    assert_eq!(projector.progress().heard_at, cut.heard_at, "no answer is no news");
    line.cut.store(false, Ordering::SeqCst);
    assert!(projector.applied(position, PATIENCE).await);
    until(&projector, |progress| matches!(progress.state, State::Live) && progress.heard_at > cut.heard_at)
        .await;
}

#[tokio::test]
async fn a_log_that_does_not_answer_yet_is_waited_for() {
    let line = Line::to(log_of(3).await);
    line.cut.store(true, Ordering::SeqCst);
    let projector = follow(line.clone(), &Notebook::default());
    let progress = until(&projector, |progress| matches!(progress.state, State::CutOff(_))).await;
    assert_eq!(progress.heard_at, None);
    line.cut.store(false, Ordering::SeqCst);
    assert!(projector.applied(Position::new(3), PATIENCE).await);
}

#[tokio::test]
async fn a_model_that_cannot_be_written_gets_the_same_events_again() {
    let log = log_of(3).await;
    let notebook = Notebook::default();
    notebook.full.store(true, Ordering::SeqCst);
    let projector = follow(log, &notebook);
    let progress = until(&projector, |progress| matches!(progress.state, State::CutOff(_))).await;
    assert_eq!((progress.position, progress.heard_at), (Position::START, None));
    notebook.full.store(false, Ordering::SeqCst);
    assert!(projector.applied(Position::new(3), PATIENCE).await);
    assert_eq!(notebook.read().revisions.len(), 3);
}

#[tokio::test]
async fn an_event_that_this_build_cannot_read_is_brought_and_the_others_go_on() {
    let log = log_of(2).await;
    let unreadable = append_unreadable(&*log, 1, 1).await;
    append_good(&*log, 2, 1).await;
    let head = log.head().await.expect("a head");
    let notebook = Notebook::default();
    let projector = follow(log, &notebook);
    assert!(projector.applied(head, PATIENCE).await);
    assert_eq!(notebook.read().unreadable, [unreadable.get()]);
}

#[tokio::test]
async fn what_a_projection_lost_while_nothing_came_is_brought_to_it_again() {
    let log = log_of(5).await;
    let notebook = Notebook::default();
    let projector = follow(log.clone(), &notebook);
    until(&projector, |progress| matches!(progress.state, State::Live)).await;
    notebook.forget();
    let brought_up = async {
        while notebook.read().checkpoint.position < Position::new(5) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, brought_up).await.expect("it is brought everything again");
    until(&projector, |progress| matches!(progress.state, State::Live)).await;
    assert_eq!(projector.progress().position, Position::new(5));
    assert_eq!(notebook.read().revisions.len(), 5);
}
