use std::sync::Arc;

use keyledger_event_log::{EventLog, Position, ReadError, RecordedEvent};
use tokio::sync::mpsc;

/// How many events are asked for at once.
const BATCH: usize = 1_000;

/// How many places in a row that cannot be read are gone past before the rest is given up.
const PATIENCE: u64 = 16;

/// What the log gives.
pub(super) enum Read {
    /// Events, in the order in which they came.
    Events(Vec<RecordedEvent>),
    /// Something that cannot be read behind a position.
    Broken(Position, String),
}

/// Reads a log to its end, ahead of whoever judges it. Unlike a subscription it goes past what is missing.
pub(super) fn read_ahead(log: Arc<dyn EventLog>) -> mpsc::Receiver<Result<Read, ReadError>> {
    let (sender, receiver) = mpsc::channel(2);
    tokio::spawn(async move {
        let outcome = read(&*log, &sender).await;
        if let Err(error) = outcome {
            // Whoever went away need not know.
            let _ = sender.send(Err(error)).await;
        }
    });
    receiver
}

async fn read(log: &dyn EventLog, to: &mpsc::Sender<Result<Read, ReadError>>) -> Result<(), ReadError> {
    let (mut after, mut limit, mut broken) = (Position::START, BATCH, 0);
    loop {
        let read = match log.read(after, limit).await {
            Ok(events) => {
                let Some(last) = events.last() else {
                    if log.head().await.is_ok_and(|head| head > after) && broken < PATIENCE && limit == 1 {
                        // What cannot be read is gone past one place at a time.
                        broken += 1;
                        after = after.next();
                        continue;
                    }
                    return Ok(());
                };
                // A store that gives what was not asked for would be read for ever.
                let forward = last.position > after;
                after = last.position.max(after);
                (limit, broken) = (BATCH, 0);
                if !forward {
                    let why = "the store gives events again that it gave before".to_owned();
                    let _ = to.send(Ok(Read::Broken(after, why))).await;
                    return Ok(());
                }
                Read::Events(events)
            }
            Err(error @ ReadError::Unavailable(_)) => return Err(error),
            // It is found by asking for one event at a time.
            Err(_) if limit > 1 => {
                limit = 1;
                continue;
            }
            Err(error) => {
                let at = after;
                after = after.next();
                broken += 1;
                if broken > PATIENCE {
                    let why = format!("{error}; the rest was not read");
                    let _ = to.send(Ok(Read::Broken(at, why))).await;
                    return Ok(());
                }
                Read::Broken(at, error.to_string())
            }
        };
        if to.send(Ok(read)).await.is_err() {
            return Ok(());
        }
    }
}
