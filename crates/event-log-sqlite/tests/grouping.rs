//! Appends that wait at the same time share a commit, and nothing else.

use std::{sync::Arc, time::Duration};

use keyledger_event_log::{
    Append, AppendError, Claim, EventLog, Lane, Revision,
    contract::{append, event, identity, stream},
};
use keyledger_event_log_sqlite::SqliteLog;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// A log whose writer is held up by another process, so that what is appended meanwhile becomes one group.
struct Held {
    log: Arc<SqliteLog>,
    holder: Connection,
    directory: TempDir,
}

type Asked = JoinHandle<Result<keyledger_event_log::Appended, AppendError>>;

impl Held {
    /// The first append is in the writer's hands, alone in its group.
    async fn with(first: Append) -> (Self, Asked) {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("log.db");
        let log = Arc::new(SqliteLog::create(&path, identity()).expect("a new log"));
        let holder = Connection::open(path).expect("another connection");
        holder.execute_batch("BEGIN IMMEDIATE").expect("the lock of the writer");
        let held = Self { log, holder, directory };
        let first = held.ask(first).await;
        (held, first)
    }

    /// Appends in a task of its own and gives it time to come into its lane.
    async fn ask(&self, append: Append) -> Asked {
        let log = Arc::clone(&self.log);
        let asked = tokio::spawn(async move { log.append(append).await });
        tokio::time::sleep(Duration::from_millis(10)).await;
        asked
    }

    fn let_go(&self) {
        self.holder.execute_batch("ROLLBACK").expect("the lock is given back");
    }
}

/// The value of a metric whose name ends so.
fn metric(metrics: &PrometheusHandle, name: &str) -> f64 {
    let text = metrics.render();
    let line = text.lines().find(|line| line.split(' ').next().is_some_and(|key| key.ends_with(name)));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
        .unwrap_or_else(|| panic!("no {name} in\n{text}"))
}

// The recorder is the process's own, so what counts commits stands in one test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_together_is_one_commit_in_which_each_is_judged_alone() {
    let metrics = PrometheusBuilder::new().install_recorder().expect("the recorder of this process");
    let (held, first) = Held::with(append(1, 0, 1)).await;
    let mut good = Vec::new();
    for number in 2..=30 {
        good.push(held.ask(append(number, 0, 2)).await);
    }
    let late = held.ask(append(1, 7, 1)).await;
    let again = held.ask(append(2, 0, 2)).await;
    let claims = held.ask(Append { claims: vec![Claim::new("prefix-hT4kQ9xZ")], ..append(31, 0, 1) }).await;
    let claims_too =
        held.ask(Append { claims: vec![Claim::new("prefix-hT4kQ9xZ")], ..append(32, 0, 1) }).await;
    held.let_go();

    assert_eq!(first.await.expect("no panic").expect("an append").position.get(), 1);
    for (index, asked) in good.into_iter().enumerate() {
        let position = asked.await.expect("no panic").expect("an append").position.get();
        assert_eq!(position, 3 + 2 * index as u64, "in the order in which they came");
    }
    let conflict = AppendError::Conflict {
        stream: stream(1),
        decided_for: Revision::new(7),
        last: Some(Revision::FIRST),
    };
    assert_eq!(late.await.expect("no panic"), Err(conflict));
    assert_eq!(again.await.expect("no panic").expect("the same append").position.get(), 3);
    assert_eq!(claims.await.expect("no panic").expect("the first claim").position.get(), 60);
    let taken = AppendError::ClaimTaken(Claim::new("prefix-hT4kQ9xZ"));
    assert_eq!(claims_too.await.expect("no panic"), Err(taken));
    assert_eq!(held.log.find(event(32, 0).id).await, Ok(None), "nothing of a refused append");

    assert_eq!(metric(&metrics, "append_batch_events_count"), 2.0, "34 appends, two commits");
    assert_eq!(metric(&metrics, "append_batch_events_sum"), 60.0);
    assert_eq!(metric(&metrics, "append_seconds_count"), 34.0);
    assert_eq!(metric(&metrics, "head_position"), 60.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_urgent_append_goes_before_those_that_wait() {
    let (held, first) = Held::with(append(1, 0, 1)).await;
    let ordinary = held.ask(append(2, 0, 1)).await;
    let urgent = held.ask(Append { lane: Lane::Urgent, ..append(3, 0, 1) }).await;
    held.let_go();
    let mut positions = Vec::new();
    for asked in [first, urgent, ordinary] {
        positions.push(asked.await.expect("no panic").expect("an append").position.get());
    }
    assert_eq!(positions, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_another_process_holds_for_too_long_refuses_and_goes_on_later() {
    let (held, first) = Held::with(append(1, 0, 1)).await;
    assert!(matches!(first.await.expect("no panic"), Err(AppendError::Unavailable(_))));
    held.let_go();
    assert_eq!(held.log.append(append(1, 0, 1)).await.expect("an append").position.get(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_the_log_waits_for_what_was_taken() {
    let (held, first) = Held::with(append(1, 0, 1)).await;
    // The task holds the log as well, and lets go of it when it is answered.
    first.abort();
    assert!(first.await.expect_err("it was stopped").is_cancelled());
    let Held { log, holder, directory } = held;
    let later = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        holder.execute_batch("ROLLBACK").expect("the lock is given back");
    });
    drop(log);
    later.join().expect("no panic");
    let log = SqliteLog::open(directory.path().join("log.db")).expect("the log again");
    assert_eq!(log.head().await.expect("a head").get(), 1, "its caller went away, the append did not");
}
