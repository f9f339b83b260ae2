use std::{io, sync::Arc, thread, time::Duration};

use keyledger_event_log::{EventLog, Position};
use tokio::{runtime::Handle, sync::watch};

use crate::{
    MacKeysSource, MonotonicClock, Progress, Projection, State, follow::Follower, meters::Meters,
    publisher::Publisher,
};

/// A projection that follows a log. Dropping it asks the projection to end.
pub struct Projector {
    name: &'static str,
    progress: watch::Receiver<Progress>,
    stop: watch::Sender<bool>,
}

impl Projector {
    /// Lets `projection` follow `log` on a thread of its own, which uses the present runtime for timers and for what
    /// the log needs: applying a batch blocks, on disk or on a lock, and must neither hold up the runtime's workers
    /// nor wait in the queue of its blocking pool, which is in the way of every answer that waits for the projection.
    ///
    /// The runtime must outlive it: await [`Projector::stop`] before the runtime ends.
    ///
    /// # Errors
    /// Where the system gives no thread.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn spawn<P: Projection>(
        log: Arc<dyn EventLog>,
        keys: MacKeysSource,
        clock: MonotonicClock,
        projection: P,
    ) -> io::Result<Self> {
        let name = projection.name();
        let (publisher, progress) = Publisher::new(name, projection.checkpoint().position);
        let (stop, mut stopping) = watch::channel(false);
        let meters = Meters::new(name);
        let mut follower = Follower { projection, log, keys, clock, publisher, meters };
        let runtime = Handle::current();
        let run = move || {
            let outcome = runtime.block_on(async {
                tokio::select! {
                    biased;
                    // An error says that the handle was dropped, which asks for the same.
                    _ = stopping.wait_for(|stop| *stop) => Ok(()),
                    reason = follower.follow() => Err(reason),
                }
            });
            if let Err(reason) = &outcome {
                tracing::error!(projection = name, %reason, "the projection stopped, and does not go on by itself");
            }
            // The model is let go before its end is told: whoever waited may open it.
            let Follower { projection, publisher, .. } = follower;
            drop(projection);
            publisher.over(outcome);
        };
        thread::Builder::new().name(format!("projector {name}")).spawn(run)?;
        Ok(Self { name, progress, stop })
    }

    /// What the projection is called.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
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

    /// Waits until the projection holds the event at `position`, at most for `patience`. False where it does not by
    /// then, or where nothing more will come.
    pub async fn applied(&self, position: Position, patience: Duration) -> bool {
        let mut progress = self.progress.clone();
        let reached = progress.wait_for(|progress| progress.position >= position || progress.state.is_over());
        match tokio::time::timeout(patience, reached).await {
            Ok(Ok(progress)) => progress.position >= position,
            _ => self.progress.borrow().position >= position,
        }
    }

    /// Ends it between two batches and waits until the projection was let go. The answer is the state it ended in.
    pub async fn stop(&self) -> State {
        self.stop.send_replace(true);
        let mut progress = self.progress.clone();
        // An error says that the thread has ended; its last word stands.
        let _ = progress.wait_for(|progress| progress.state.is_over()).await;
        progress.borrow().state.clone()
    }
}
