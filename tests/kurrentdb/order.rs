//! One order, visible in order, whoever writes: eight writers and readers that follow meanwhile, over lines that are cut.

use std::sync::Arc;
use std::time::Duration;

use keyledger_event_log::contract::{append, identity};
use keyledger_event_log::{AppendError, EventLog, Position, RecordedEvent, Subscription};
use keyledger_tests::Dice;

use crate::Scene;

/// How many write at once, each as a process of its own would.
const WRITERS: u64 = 8;

/// How many events each of them records.
const EACH: u64 = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_see_every_event_once_and_in_order_while_eight_write_and_lines_are_cut() {
    let mut dice = Dice::thrown_for("order on KurrentDB");
    let scene = Scene::new(identity()).await;
    let all = usize::try_from(WRITERS * EACH).expect("a small number");
    let mut readers = Vec::new();
    for _ in 0..3 {
        let log: Arc<dyn EventLog> = Arc::new(scene.beside().await);
        readers.push(tokio::spawn(tokio::time::timeout(Duration::from_secs(60), follow(log, all))));
    }
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let (log, mut dice) = (scene.beside().await, dice.another());
        writers.push(tokio::spawn(async move {
            for revision in 0..EACH {
                log.append(append(writer, revision, 1)).await.expect("no other writer is on this stream");
                if dice.chance(10) {
                    let refused = log.append(append(writer, revision + 7, 2)).await;
                    assert!(matches!(refused, Err(AppendError::Conflict { .. })), "{refused:?}");
                }
            }
        }));
    }
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        tokio::time::sleep(Duration::from_millis(20 + dice.below(100))).await;
        scene.server.cut();
    }
    for writer in writers {
        writer.await.expect("the writer does not panic");
    }
    let whole = scene.log.read(Position::START, all + 1).await.expect("a read");
    assert_eq!(whole.len(), all);
    for reader in readers {
        let seen = reader.await.expect("the reader does not panic").expect("within a minute");
        assert!(seen == whole, "a reader saw another order");
    }
}

async fn follow(log: Arc<dyn EventLog>, count: usize) -> Vec<RecordedEvent> {
    let mut subscription = Subscription::new(log, Position::START);
    let mut seen = Vec::new();
    while seen.len() < count {
        // After an error the same call is made again.
        if let Ok(more) = subscription.next().await {
            seen.extend(more);
        }
    }
    seen
}
