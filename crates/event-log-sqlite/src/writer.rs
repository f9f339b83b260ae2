use std::{io, sync::Arc, thread};

use keyledger_event_log::{AppendError, Checkpoint, Exit, Head, Waiting};
use metrics::{gauge, histogram};
use rusqlite::{Connection, config::DbConfig};
use tokio::{runtime, sync::watch};

use crate::{
    fault::Fault,
    group::{self, Aborted, Committed},
    reserve::Reserve,
    worker::Worker,
};

/// How many pages may wait in the write-ahead log before they are copied to the database: 4 MiB.
const CHECKPOINT_PAGES: i64 = 1_000;

/// Why the log failed for good, where it did; readable from every thread.
pub(crate) type Failure = watch::Sender<Option<Arc<str>>>;

/// The one that writes: takes groups out of the lanes until nobody can append any more.
pub(crate) struct Writer {
    pub(crate) db: Connection,
    /// The last event of the log, as this process left it.
    pub(crate) end: Checkpoint,
    pub(crate) reserve: Reserve,
    pub(crate) lanes: Exit,
    pub(crate) head: Head,
    pub(crate) failure: Failure,
}

impl Writer {
    /// Starts the writer on a thread of its own.
    pub(crate) fn start(mut self) -> io::Result<Worker> {
        // Something to park the thread on while the lanes are empty.
        let runtime = runtime::Builder::new_current_thread().build()?;
        Worker::start("log-writer", move || {
            while let Some(group) = runtime.block_on(self.lanes.next_group()) {
                self.record(group);
                self.copy_when_due();
            }
            self.close();
        })
    }

    fn record(&mut self, group: Vec<Waiting>) {
        if let Some(why) = self.failed() {
            return refuse(group, &why);
        }
        let (urgent, ordinary): (Vec<_>, Vec<_>) = group.into_iter().partition(Waiting::is_urgent);
        let mut group = urgent;
        if self.reserve.restore() {
            group.extend(ordinary);
        } else {
            refuse(ordinary, &Fault::Full.to_string());
        }
        match self.commit(&group) {
            Ok(committed) => self.acknowledge(group, committed),
            Err(Aborted { fault: Fault::Full, .. }) => self.record_on_a_full_disk(group),
            Err(aborted) => self.abandon(group, aborted),
        }
    }

    /// Refuses what is not urgent and gives up the reserve for what is.
    fn record_on_a_full_disk(&mut self, group: Vec<Waiting>) {
        let (urgent, ordinary): (Vec<_>, Vec<_>) = group.into_iter().partition(Waiting::is_urgent);
        refuse(ordinary, &Fault::Full.to_string());
        if urgent.is_empty() {
            return;
        }
        self.reserve.give_up();
        match self.commit(&urgent) {
            Ok(committed) => self.acknowledge(urgent, committed),
            Err(aborted) => self.abandon(urgent, aborted),
        }
    }

    fn commit(&mut self, group: &[Waiting]) -> Result<Committed, Aborted> {
        group::commit(&mut self.db, &self.end, group.iter().map(|waiting| &waiting.append))
    }

    /// Readers first: the answer to a revocation waits for the validator, and everything here is durable.
    fn acknowledge(&mut self, group: Vec<Waiting>, committed: Committed) {
        self.end = committed.end;
        self.head.advance(self.end.position);
        if committed.events > 0 {
            histogram!("keyledger_event_log_sqlite_append_batch_events").record(committed.events as f64);
            gauge!("keyledger_event_log_sqlite_head_position").set(self.end.position.get() as f64);
        }
        for (waiting, outcome) in group.into_iter().zip(committed.outcomes) {
            waiting.answer(outcome);
        }
    }

    /// Answers a group of which nothing can be acknowledged.
    fn abandon(&self, group: Vec<Waiting>, aborted: Aborted) {
        let why = aborted.fault.to_string();
        // Who does not know where the log ends cannot tell whether somebody else wrote to it.
        if aborted.fault.is_final() || aborted.outcome_unknown {
            self.fail(&why);
        }
        if !aborted.outcome_unknown {
            return refuse(group, &why);
        }
        for waiting in group {
            waiting.answer(Err(AppendError::OutcomeUnknown(why.clone())));
        }
    }

    /// Copies the write-ahead log into the database when it has grown, after the callers were answered.
    fn copy_when_due(&self) {
        if self.failed().is_some() {
            return;
        }
        let waiting = "PRAGMA wal_checkpoint(NOOP)";
        let pages = |row: &rusqlite::Row<'_>| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?);
        let due = self.db.prepare_cached(waiting).and_then(|mut statement| statement.query_row((), pages));
        let copied =
            due.and_then(|pages| if pages < CHECKPOINT_PAGES { Ok(()) } else { copy(&self.db, "PASSIVE") });
        if let Err(fault) = copied.map_err(Fault::from)
            && fault.is_final()
        {
            self.fail(&fault.to_string());
        }
    }

    /// Leaves one file behind where all went well; after a failure, what lies there is for the next start to judge.
    fn close(&self) {
        if self.failed().is_some() {
            return;
        }
        let closed = copy(&self.db, "TRUNCATE").and_then(|()| {
            // Nothing is left to copy: all that closing does now is to remove the empty write-ahead log.
            self.db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
        });
        if let Err(error) = closed {
            tracing::warn!(%error, "the log was not copied into one file; the next start does it");
        }
    }

    fn failed(&self) -> Option<Arc<str>> {
        self.failure.borrow().clone()
    }

    /// Nothing is written any more; the first reason stands.
    fn fail(&self, why: &str) {
        if self.failed().is_none() {
            tracing::error!(why, "the log cannot be written any more");
            self.failure.send_replace(Some(why.into()));
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if thread::panicking() {
            self.fail("its writer panicked");
        }
    }
}

/// Copies the write-ahead log into the database; readers may hold some of it back.
pub(crate) fn copy(db: &Connection, mode: &str) -> rusqlite::Result<()> {
    db.query_row(&format!("PRAGMA wal_checkpoint({mode})"), (), |_| Ok(()))
}

fn refuse(group: Vec<Waiting>, why: &str) {
    for waiting in group {
        waiting.answer(Err(AppendError::Unavailable(why.to_owned())));
    }
}
