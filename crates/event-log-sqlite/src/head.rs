use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    time::Duration,
};

use keyledger_event_log::Position;
use rusqlite::Connection;
use tokio::sync::watch;

use crate::{connection, read, worker::Worker};

/// How often the file is asked for what another process appended.
const PERIOD: Duration = Duration::from_millis(10);

/// The newest head that this process knows of; who waits for events waits for it.
#[derive(Clone)]
pub(crate) struct Head(Arc<watch::Sender<Position>>);

impl Head {
    pub(crate) fn new(position: Position) -> Self {
        Self(Arc::new(watch::Sender::new(position)))
    }

    /// Wakes those who wait for `position` or one before it. Late news of an earlier one change nothing.
    pub(crate) fn advance(&self, position: Position) {
        self.0.send_if_modified(|head| {
            let advances = position > *head;
            *head = position.max(*head);
            advances
        });
    }

    /// Takes in where the file ended when it was asked, after the head was `known`. What was known was in the file, so
    /// that less of it now is no late news: its end was cut off. Whoever waits then is answered by the file itself.
    fn found(&self, known: Position, found: Position) {
        if found >= known {
            return self.advance(found);
        }
        self.0.send_if_modified(|head| {
            let stands = *head == known;
            if stands {
                *head = found;
            }
            stands
        });
    }

    fn known(&self) -> Position {
        *self.0.borrow()
    }

    /// The head once it lies after `position`; none where `patience` ran out first.
    pub(crate) async fn past(&self, position: Position, patience: Duration) -> Option<Position> {
        let mut head = self.0.subscribe();
        let head = tokio::time::timeout(patience, head.wait_for(|head| *head > position)).await.ok()?.ok()?;
        Some(*head)
    }
}

/// A thread that looks for the appends of other processes; the writer of this one tells of its own at once.
pub(crate) struct Watcher {
    #[expect(dead_code, reason = "dropping it ends the thread")]
    stop: mpsc::Sender<()>,
    #[expect(dead_code, reason = "dropping it waits for the end")]
    thread: Worker,
}

impl Watcher {
    pub(crate) fn start(path: PathBuf, head: Head) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let watch = move || {
            let mut db = None;
            while stopped.recv_timeout(PERIOD) == Err(mpsc::RecvTimeoutError::Timeout) {
                // An error has no reader here: whoever waits asks the log itself when its patience has run out.
                db = look(db.take(), &path, &head).ok();
            }
        };
        Ok(Self { stop, thread: Worker::start("log-watcher", watch)? })
    }
}

fn look(db: Option<Connection>, path: &Path, head: &Head) -> rusqlite::Result<Connection> {
    let db = db.map_or_else(|| connection::to_read(path), Ok)?;
    let known = head.known();
    head.found(known, read::head(&db)?);
    Ok(db)
}
