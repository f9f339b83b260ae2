//! Servers that end without a word, and lines that are cut: what was acknowledged stands, once, at its position.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use keyledger_event_log::contract::identity;
use keyledger_event_log::{EventLog, Position, Revision, StreamName};
use keyledger_event_log_postgres::PostgresLog;
use keyledger_tests::{Dice, Postgres, Proxy, soak};

use crate::load::{self, Told};
use crate::parsed;

/// How many write at once.
const WRITERS: u64 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_acknowledged_stands_once_after_a_server_has_ended_without_a_word_again_and_again() {
    let mut dice = Dice::thrown_for("restarts of PostgreSQL");
    let mut server = Postgres::start();
    let url = parsed(&server.url(&server.new_database()));
    let mut logs = vec![Arc::new(PostgresLog::create(&url, identity(), &[]).await.expect("a new log"))];
    logs.push(Arc::new(PostgresLog::open(&url).await.expect("the log, in a second process")));
    let stop = Arc::new(AtomicBool::new(false));
    let writers = load::start(&logs, WRITERS, &stop);
    let restarts = if soak() { 200 } else { 6 };
    for restart in 0..restarts {
        tokio::time::sleep(Duration::from_millis(100 + dice.below(600))).await;
        // Now and then for longer than a group waits.
        let away = if restart % 3 == 2 { 6_000 } else { dice.below(300) };
        server = tokio::task::spawn_blocking(move || {
            server.end_at_once();
            std::thread::sleep(Duration::from_millis(away));
            server.begin();
            server
        })
        .await
        .expect("it starts again");
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.store(true, Ordering::Release);
    let told = all(writers).await;
    let (unavailable, unknown): (usize, usize) =
        (told.iter().map(|told| told.unavailable).sum(), told.iter().map(|told| told.unknown).sum());
    let events = judge(&logs[0], &told).await;
    println!(
        "{restarts} restarts, {events} events; {unavailable} times unavailable, {unknown} times unknown"
    );
    assert!(unavailable + unknown > 0, "nobody noticed that the server was away");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_line_that_is_cut_in_the_middle_of_a_commit_loses_nothing_and_records_nothing_twice() {
    let mut dice = Dice::thrown_for("cut lines to PostgreSQL");
    let (server, proxy) = (crate::SERVER.get(), Proxy::start());
    proxy.lead_to(server.port());
    let database = server.new_database();
    let url = parsed(&server.url_by(proxy.port(), &database));
    let logs = vec![Arc::new(PostgresLog::create(&url, identity(), &[]).await.expect("a new log"))];
    let stop = Arc::new(AtomicBool::new(false));
    let writers = load::start(&logs, WRITERS, &stop);
    for _ in 0..if soak() { 400 } else { 30 } {
        // So slow that most cuts hit a statement, or a commit, whose answer is on its way.
        proxy.delay(Duration::from_millis(dice.below(4)), Duration::from_millis(dice.below(12)));
        tokio::time::sleep(Duration::from_millis(20 + dice.below(80))).await;
        proxy.cut();
        tokio::time::sleep(Duration::from_millis(dice.below(30))).await;
        proxy.mend();
    }
    proxy.delay(Duration::ZERO, Duration::ZERO);
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.store(true, Ordering::Release);
    let told = all(writers).await;
    let beside = PostgresLog::open(&parsed(&server.url(&database))).await.expect("the log");
    let events = judge(&beside, &told).await;
    assert!(events > 100, "the lines were cut so often that nothing went through: {events}");
}

async fn all(writers: Vec<tokio::task::JoinHandle<Told>>) -> Vec<Told> {
    let mut told = Vec::new();
    for writer in writers {
        told.push(writer.await.expect("the writer does not panic"));
    }
    told
}

/// Every event of the log, each once, in one dense order; and every acknowledged one where its writer was told.
async fn judge(log: &PostgresLog, told: &[Told]) -> usize {
    let mut events = Vec::new();
    loop {
        let after = events
            .last()
            .map_or(Position::START, |event: &keyledger_event_log::RecordedEvent| event.position);
        let more = log.read(after, 1_000).await.expect("the log can be read");
        if more.is_empty() {
            break;
        }
        events.extend(more);
    }
    let dense = (1..).zip(&events).all(|(position, event)| event.position == Position::new(position));
    assert!(dense, "the order has a gap");
    assert_eq!(
        events.iter().map(|event| event.id).collect::<BTreeSet<_>>().len(),
        events.len(),
        "one stands twice"
    );
    for (id, position) in told.iter().flat_map(|told| &told.acknowledged) {
        let index = usize::try_from(position.get() - 1).expect("a small number");
        assert_eq!(events.get(index).map(|event| event.id), Some(*id), "what was acknowledged at {position}");
    }
    for writer in 0..WRITERS {
        let stream = log.read_stream(&StreamName::new(format!("key-{writer}")), Revision::FIRST).await;
        let revisions: Vec<_> = stream.expect("a stream").iter().map(|event| event.revision.get()).collect();
        assert_eq!(revisions, (0..revisions.len() as u64).collect::<Vec<_>>(), "a stream has a gap");
    }
    events.len()
}
