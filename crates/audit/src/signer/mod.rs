//! Signs the tree: a reader of the log that makes leaves of events, keeps the tree's files, and signs its head.
//!
//! It never signs a smaller or another past than it has signed before. At each start it reads the whole log again and
//! compares; before each signature the files that it rests on are on the disk and read back, and what is about to be signed
//! is remembered beside the key. Killed at any moment, the next one signs the same tree with the same bytes.

mod growing;
mod memory;
mod meters;
mod progress;
mod stop_reason;
mod work;

use std::{io, path::PathBuf, thread, time::Duration};

use keyledger_event_log::PublicLog;
use keyledger_projectors::{MacKeysSource, MonotonicClock};
use tokio::{runtime::Handle, sync::watch};

use crate::tree::SigningKey;

pub use progress::{Progress, State};
pub use stop_reason::StopReason;

use progress::Teller;
use work::Worker;

/// How far behind everything else the signer's thread stands when cores are few, of 19.
const POLITENESS: i32 = 10;

/// A signer that follows a log. Dropping it asks it to end.
pub struct Signer {
    progress: watch::Receiver<Progress>,
    stop: watch::Sender<bool>,
}

/// What a signer works with.
pub struct SignerParts {
    /// What is signed: a log without its private parts.
    pub log: PublicLog,
    /// What its events are checked with before they become leaves.
    pub keys: MacKeysSource,
    /// What it signs with.
    pub key: SigningKey,
    /// The file in which it remembers what it signed last; it belongs beside the key.
    pub memory: PathBuf,
    /// Where the trees are kept, one directory for each life of the log.
    pub directory: PathBuf,
    /// How long an event may wait for a checkpoint that covers it.
    pub every: Duration,
    /// Tells when everything was last signed.
    pub clock: MonotonicClock,
}

impl Signer {
    /// Lets a signer work on a thread of its own, since it writes files and waits for the disk; the present runtime gives it
    /// timers and reads the log.
    ///
    /// The runtime must outlive it: await [`Signer::stop`] before the runtime ends.
    ///
    /// # Errors
    /// Where the system gives no thread.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn spawn(parts: SignerParts) -> io::Result<Self> {
        let (stop, mut stopping) = watch::channel(false);
        let (teller, progress) = Teller::new((parts.clock)());
        let mut worker = Worker::new(parts, teller);
        let runtime = Handle::current();
        let run = move || {
            // Whoever answers commands goes first. It is a wish: where the system does not grant it, nothing depends on it.
            let _ = rustix::process::nice(POLITENESS);
            let outcome = runtime.block_on(async {
                tokio::select! {
                    biased;
                    // An error says that the handle was dropped, which asks for the same.
                    _ = stopping.wait_for(|stop| *stop) => Ok(()),
                    reason = worker.work() => Err(reason),
                }
            });
            if let Err(reason) = &outcome {
                tracing::error!(%reason, "the signer stopped, and does not go on by itself");
            }
            worker.over(outcome);
        };
        thread::Builder::new().name("signer".to_owned()).spawn(run)?;
        Ok(Self { progress, stop })
    }

    /// How far it has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// How far it comes, to be followed.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// Ends it between two checkpoints and waits. The answer is the state it ended in.
    pub async fn stop(&self) -> State {
        self.stop.send_replace(true);
        let mut progress = self.progress.clone();
        // An error says that the thread has ended; its last word stands.
        let _ = progress.wait_for(|progress| progress.state.is_over()).await;
        progress.borrow().state.clone()
    }
}
