//! One order, visible in order, whoever writes: eight writers, transactions that are slow or rolled back, and readers that
//! follow meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use keyledger_event_log::contract::{append, identity};
use keyledger_event_log::{AppendError, EventLog, Position};
use keyledger_event_log_postgres::PostgresLog;
use keyledger_tests::Dice;
use sqlx::PgPool;

use crate::follow::{faults, follow};
use crate::{SERVER, naive, parsed};

/// How many write at once, each as a process of its own would.
const WRITERS: u64 = 8;

/// How many events each of them records.
const EACH: u64 = 150;

/// After how long without news a reader has seen everything.
const QUIET: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_see_every_event_once_and_in_order_while_eight_write_and_transactions_are_slow_or_undone() {
    let mut dice = Dice::thrown_for("order on PostgreSQL");
    let server = SERVER.get();
    let url = server.url(&server.new_database());
    let first = PostgresLog::create(&parsed(&url), identity(), &[]).await.expect("a new log");
    let db = PgPool::connect(&url).await.expect("the database");
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let db = db.clone();
            let all = usize::try_from(WRITERS * EACH).expect("a small number");
            tokio::spawn(async move { follow(&db, "events", all, QUIET).await })
        })
        .collect();

    let stop = Arc::new(AtomicBool::new(false));
    let meddler = tokio::spawn(meddle(db.clone(), dice.another(), Arc::clone(&stop)));
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let log = PostgresLog::open(&parsed(&url)).await.expect("the log");
        let mut dice = dice.another();
        writers.push(tokio::spawn(async move { write(&log, writer, &mut dice).await }));
    }
    for writer in writers {
        writer.await.expect("the writer does not panic");
    }
    stop.store(true, Ordering::Release);
    let undone = meddler.await.expect("the meddler does not panic");

    for reader in readers {
        let seen = reader.await.expect("the reader does not panic");
        assert_eq!(faults(&db, "events", &seen).await, [""; 0]);
        let dense: Vec<_> = (1..=i64::try_from(WRITERS * EACH).expect("a small number")).collect();
        assert_eq!(seen, dense, "positions are given without gaps");
    }
    assert!(undone > 3, "no transaction was slow and undone meanwhile: {undone}");
    assert_eq!(first.head().await, Ok(Position::new(WRITERS * EACH)));
}

/// Appends to a stream of its own, and now and then what has to be refused.
async fn write(log: &PostgresLog, writer: u64, dice: &mut Dice) {
    for revision in 0..EACH {
        log.append(append(writer, revision, 1)).await.expect("no other writer is on this stream");
        if dice.chance(10) {
            let refused = log.append(append(writer, revision + 7, 2)).await;
            assert!(matches!(refused, Err(AppendError::Conflict { .. })), "{refused:?}");
        }
    }
}

/// Writes as a process does that dies, or waits, in the middle of its transaction: everything is undone.
async fn meddle(db: PgPool, mut dice: Dice, stop: Arc<AtomicBool>) -> usize {
    let mut undone = 0;
    while !stop.load(Ordering::Acquire) {
        let mut transaction = db.begin().await.expect("a transaction");
        let position: i64 = sqlx::query_scalar("UPDATE head SET position = position + 1 RETURNING position")
            .fetch_one(&mut *transaction)
            .await
            .expect("the head");
        sqlx::query("INSERT INTO events VALUES ($1, $2, 'meddler', 0, '', '', '')")
            .bind(position)
            .bind(uuid::Uuid::from_u128(u128::from(dice.roll())))
            .execute(&mut *transaction)
            .await
            .expect("a row");
        tokio::time::sleep(Duration::from_millis(dice.below(40))).await;
        transaction.rollback().await.expect("it is undone");
        undone += 1;
        tokio::time::sleep(Duration::from_millis(dice.below(60))).await;
    }
    undone
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_appender_whose_positions_are_a_sequences_fails_the_same_test() {
    let mut dice = Dice::thrown_for("order by a sequence");
    let server = SERVER.get();
    let db = PgPool::connect(&server.url(&server.new_database())).await.expect("the database");
    naive::create(&db).await;
    let reader = tokio::spawn({
        let db = db.clone();
        async move { follow(&db, "naive", usize::MAX, QUIET).await }
    });
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let (db, mut dice) = (db.clone(), dice.another());
            tokio::spawn(async move {
                for _ in 0..EACH {
                    naive::append(&db, &mut dice).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("the writer does not panic");
    }
    let seen = reader.await.expect("the reader does not panic");
    let faults = faults(&db, "naive", &seen).await;
    assert!(!faults.is_empty(), "a sequence would do: this test shows nothing");
}
