use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;

use super::connection;

/// How many connections are kept for the next question. More are opened where more is asked at once.
const KEPT: usize = 4;

/// Connections that read one file. Clones share them.
#[derive(Clone)]
pub(crate) struct Pool {
    path: Arc<PathBuf>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Pool {
    /// Of the file at `path`, which is opened when it is asked something.
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: Arc::new(path.to_owned()), idle: Arc::default() }
    }

    /// Adds a connection that was opened already.
    pub(crate) fn with(self, db: Connection) -> Self {
        self.keep(db);
        self
    }

    /// Asks on a connection of its own.
    pub(crate) fn ask<T, E: From<rusqlite::Error>>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let db = kept.map_or_else(|| connection::to_read(&self.path), Ok)?;
        let answer = question(&db)?;
        // Only a connection that answered is asked again.
        self.keep(db);
        Ok(answer)
    }

    fn keep(&self, db: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(db);
        }
    }
}
