use std::{sync::Arc, time::Duration};

use keyledger_event_log::{Append, AppendError, Checkpoint, Exit, Head, LogIdentity, Waiting};
use metrics::{gauge, histogram};
use sqlx::PgConnection;
use tokio::{sync::watch, time::Instant};

use crate::{
    DatabaseUrl,
    connection::{must_be_durable, to_write},
    fault::Fault,
    group::{self, Aborted, Committed},
    schema,
};

/// How long a group is tried again while the database is away. A restart or a change of the primary takes about as long.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long is waited between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// How long one try may take, the wait for the lock included. Whoever waits for longer is cut off from the database.
const TRY: Duration = Duration::from_secs(15);

/// Which part of the time that a commit took is waited for those whom it answered: they come back at once, and would else
/// make two groups of a half each, which follow one another for ever.
const RETURN: u32 = 10;

/// The longest such wait.
const LONGEST_RETURN: Duration = Duration::from_millis(2);

/// Why the log failed for good, where it did.
pub(crate) type Failure = watch::Sender<Option<Arc<str>>>;

/// The one of this process that writes: takes groups out of the lanes until nobody can append any more.
pub(crate) struct Writer {
    pub(crate) url: DatabaseUrl,
    /// Which log the database must say that it holds; none: a copy that is not finished.
    pub(crate) written_down: Option<LogIdentity>,
    /// None: a new one is made for the next group.
    pub(crate) db: Option<PgConnection>,
    /// The last event that this process saw committed.
    pub(crate) end: Checkpoint,
    pub(crate) lanes: Exit,
    pub(crate) head: Head,
    pub(crate) failure: Failure,
    /// Whether the last group found no database: then none waits for one, until it is back.
    pub(crate) away: bool,
}

impl Writer {
    /// Records what comes out of the lanes, to their end.
    pub(crate) async fn run(mut self) {
        while let Some(group) = self.lanes.next_group().await {
            let (several, begun) = (group.len() > 1, Instant::now());
            self.record(group).await;
            if several {
                tokio::time::sleep((begun.elapsed() / RETURN).min(LONGEST_RETURN)).await;
            }
        }
    }

    async fn record(&mut self, group: Vec<Waiting>) {
        let deadline = Instant::now() + if self.away { Duration::ZERO } else { PATIENCE };
        let mut outcome_unknown = false;
        loop {
            if let Some(why) = self.failed() {
                return answer(group, &why, outcome_unknown);
            }
            let aborted = match self.commit(&group).await {
                Ok(committed) => return self.acknowledge(group, committed),
                Err(aborted) => aborted,
            };
            self.db = None;
            outcome_unknown |= aborted.outcome_unknown;
            let why = aborted.fault.to_string();
            if aborted.fault.is_final() {
                self.fail(&why);
            } else if !aborted.fault.is_passing() || Instant::now() >= deadline {
                self.away = aborted.fault.is_passing();
                tracing::warn!(why, outcome_unknown, "a group of appends was not acknowledged");
                return answer(group, &why, outcome_unknown);
            } else {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn commit(&mut self, group: &[Waiting]) -> Result<Committed, Aborted> {
        let appends: Vec<&Append> = group.iter().map(|waiting| &waiting.append).collect();
        let tried = async {
            let db = match &mut self.db {
                Some(db) => db,
                none => {
                    let connected = connect(&self.url, self.written_down).await;
                    none.insert(connected.map_err(|fault| Aborted { fault, outcome_unknown: false })?)
                }
            };
            group::commit(db, &self.end, &appends).await
        };
        let silent = |_| Err(Aborted { fault: Fault::Silent, outcome_unknown: true });
        tokio::time::timeout(TRY, tried).await.unwrap_or_else(silent)
    }

    /// Readers first: the answer to a revocation waits for the validator, and everything here is durable.
    fn acknowledge(&mut self, group: Vec<Waiting>, committed: Committed) {
        self.away = false;
        self.end = committed.end;
        self.head.advance(self.end.position);
        if committed.events > 0 {
            histogram!("keyledger_event_log_postgres_append_batch_events").record(committed.events as f64);
            gauge!("keyledger_event_log_postgres_head_position").set(self.end.position.get() as f64);
        }
        for (waiting, outcome) in group.into_iter().zip(committed.outcomes) {
            waiting.answer(outcome);
        }
    }

    fn failed(&self) -> Option<Arc<str>> {
        self.failure.borrow().clone()
    }

    /// Nothing is written any more; the first reason stands.
    fn fail(&self, why: &str) {
        tracing::error!(why, "the log cannot be written any more");
        self.failure.send_replace(Some(why.into()));
    }
}

/// A connection to this very log, on which a commit is durable.
pub(crate) async fn connect(
    url: &DatabaseUrl,
    written_down: Option<LogIdentity>,
) -> Result<PgConnection, Fault> {
    let mut db = to_write(url).await?;
    must_be_durable(&mut db).await?;
    match schema::identity(&mut db).await? {
        found if found == written_down => Ok(db),
        Some(found) => Err(Fault::Other(found)),
        None => Err(Fault::Changed),
    }
}

fn answer(group: Vec<Waiting>, why: &str, outcome_unknown: bool) {
    for waiting in group {
        let why = why.to_owned();
        waiting.answer(Err(if outcome_unknown {
            AppendError::OutcomeUnknown(why)
        } else {
            AppendError::Unavailable(why)
        }));
    }
}
