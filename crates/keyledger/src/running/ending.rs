use std::{future, io, sync::Arc};

use anyhow::bail;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

/// What ends a process that runs a role.
pub(crate) struct Ending {
    terminate: Signal,
    interrupt: Signal,
    /// Why the log takes no more events; none where this process appends nothing.
    log_failed: Option<watch::Receiver<Option<Arc<str>>>>,
}

impl Ending {
    /// Looks for signals, and for the end of the log that a process appends to.
    ///
    /// # Errors
    /// Whatever the system says.
    pub(crate) fn watch(log_failed: Option<watch::Receiver<Option<Arc<str>>>>) -> io::Result<Self> {
        let [terminate, interrupt] = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
        Ok(Self { terminate: terminate?, interrupt: interrupt?, log_failed })
    }

    /// Waits until it was asked to end (SIGTERM, SIGINT).
    ///
    /// # Errors
    /// One sentence, where it must end because the log failed.
    pub(crate) async fn wait(&mut self) -> anyhow::Result<()> {
        let failed = async {
            let Some(log_failed) = &mut self.log_failed else { return future::pending().await };
            match log_failed.wait_for(Option::is_some).await {
                Ok(why) => why.clone(),
                Err(_) => future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => Ok(()),
            _ = self.interrupt.recv() => Ok(()),
            why = failed => bail!(
                "the log failed and takes no more events, so the process ends: {}; mend the cause, then start again",
                why.as_deref().unwrap_or_default()
            ),
        }
    }
}
