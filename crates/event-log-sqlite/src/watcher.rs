use std::{
    io,
    path::{Path, PathBuf},
    sync::mpsc,
    time::Duration,
};

use keyledger_event_log::Head;
use rusqlite::Connection;

use crate::{connection, read, worker::Worker};

/// How often the file is asked for what another process appended.
const PERIOD: Duration = Duration::from_millis(10);

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
