//! Writers that never pause, and remember what was acknowledged to them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use keyledger_event_log::contract::{append, event};
use keyledger_event_log::{AppendError, EventLog, Position};
use keyledger_event_log_postgres::PostgresLog;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// What one writer was told.
#[derive(Default)]
pub(crate) struct Told {
    /// Where its events stand.
    pub(crate) acknowledged: BTreeMap<Uuid, Position>,
    /// How often it was told that nothing was recorded.
    pub(crate) unavailable: usize,
    /// How often it was told that nobody knows.
    pub(crate) unknown: usize,
}

/// Starts writers, each on a stream of its own and through one of these logs; each repeats what was not acknowledged, as
/// a client does, until it is.
pub(crate) fn start(
    logs: &[Arc<PostgresLog>],
    writers: u64,
    stop: &Arc<AtomicBool>,
) -> Vec<JoinHandle<Told>> {
    let start = |writer: u64| {
        let log = Arc::clone(&logs[usize::try_from(writer).expect("a small number") % logs.len()]);
        let stop = Arc::clone(stop);
        tokio::spawn(async move { write(&log, writer, &stop).await })
    };
    (0..writers).map(start).collect()
}

async fn write(log: &PostgresLog, writer: u64, stop: &AtomicBool) -> Told {
    let mut told = Told::default();
    for revision in 0.. {
        if stop.load(Ordering::Acquire) {
            break;
        }
        loop {
            match log.append(append(writer, revision, 1)).await {
                Ok(appended) => {
                    let before = told.acknowledged.insert(event(writer, revision).id, appended.position);
                    assert_eq!(before, None, "it was acknowledged twice");
                    break;
                }
                Err(AppendError::Unavailable(_)) => told.unavailable += 1,
                Err(AppendError::OutcomeUnknown(_)) => told.unknown += 1,
                Err(error) => panic!("writer {writer} is alone on its stream: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    told
}
