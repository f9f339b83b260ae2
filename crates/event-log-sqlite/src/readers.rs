use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use keyledger_event_log::ReadError;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::{connection, fault};

/// How many reads run at once; more wait. Each holds a thread of the runtime's blocking pool.
const AT_ONCE: usize = 4;

/// Connections that only read, each used by one read at a time.
pub(crate) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    turns: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, idle: Arc::default(), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Runs one query away from the async threads.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, ReadError> {
        // The turn goes along: a caller that stops waiting does not stop the query.
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|error| unavailable(&error))?;
        let (idle, path) = (Arc::clone(&self.idle), self.path.clone());
        let task = move || {
            let _turn = turn;
            let free = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let db = free.map_or_else(|| connection::to_read(&path), Ok)?;
            let answer = query(&db)?;
            // Only a connection that answered is used again.
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(db);
            Ok(answer)
        };
        let answer = tokio::task::spawn_blocking(task).await.map_err(|error| unavailable(&error))?;
        answer.map_err(|error: rusqlite::Error| fault::read_error(&error))
    }
}

fn unavailable(error: &dyn std::error::Error) -> ReadError {
    ReadError::Unavailable(error.to_string())
}
