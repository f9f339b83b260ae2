use std::{io, sync::Arc, thread, time::Duration};

use keyledger_event_log::{EventLog, Position, PublicLog};
use keyledger_projectors::{MacKeysSource, MonotonicClock};
use tokio::{runtime::Handle, sync::watch};
use uuid::Uuid;

use crate::{
    Cluster, Progress, State, StopReason,
    checkpoint::{Publisher, Signature},
    meters::Meters,
    progress::Teller,
    publish::{Batch, Publishing, Source, Waiting},
    read_ahead::FAR_BEHIND,
    stop_reason::Trouble,
};

/// How long is waited before what went wrong is tried again: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How often a transaction is begun at most, while there is little to publish. What a transaction costs the brokers does
/// not depend on what is in it: the first event of a while goes out at once, and those that follow it go together.
const PACE: Duration = Duration::from_millis(50);

/// How far behind everything else the relay's threads stand when cores are few, of 19.
const POLITENESS: i32 = 10;

/// For how long Kafka may keep silent before that is told.
const SILENCE: Duration = Duration::from_secs(1);

/// A relay that publishes a log. Dropping it asks it to end.
pub struct Relay {
    progress: watch::Receiver<Progress>,
    stop: watch::Sender<bool>,
}

/// What a relay works with.
pub struct RelayParts {
    /// What is published: a log without its private parts.
    pub log: PublicLog,
    /// What its events are checked with before anybody else sees them.
    pub keys: MacKeysSource,
    /// Where it is published.
    pub cluster: Cluster,
    /// Tells when everything was last published.
    pub clock: MonotonicClock,
    /// The id of this relay, drawn at random: by it, one that was fenced knows by whom.
    pub id: Uuid,
}

impl Relay {
    /// Lets a relay publish on a thread of its own, since the client of Kafka blocks; the present runtime gives it timers
    /// and reads the log.
    ///
    /// The runtime must outlive it: await [`Relay::stop`] before the runtime ends.
    ///
    /// # Errors
    /// Where the system gives no thread.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn spawn(parts: RelayParts) -> io::Result<Self> {
        let (stop, mut stopping) = watch::channel(false);
        let RelayParts { log, keys, cluster, clock, id } = parts;
        let (teller, progress) = Teller::new(clock());
        let signature = Signature { by: Publisher::Relay, relay: id, takeover: 0 };
        let source =
            Source { log: Arc::new(log), keys, from: Position::START.next(), signature, predecessor: None };
        let mut worker = Worker { source, cluster, clock, teller, meters: Meters::new() };
        let runtime = Handle::current();
        let run = move || {
            // Whoever answers commands goes first where cores are few. The client's own threads inherit it from this one.
            // It is a wish: where the system does not grant it, nothing depends on it.
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
                tracing::error!(%reason, "the relay stopped, and does not go on by itself");
            }
            worker.teller.over(outcome);
        };
        thread::Builder::new().name("relay".to_owned()).spawn(run)?;
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

    /// Ends it and waits. A transaction that is not committed by then is given up; the next relay finds out what became
    /// of it. The answer is the state it ended in.
    pub async fn stop(&self) -> State {
        self.stop.send_replace(true);
        let mut progress = self.progress.clone();
        // An error says that the thread has ended; its last word stands.
        let _ = progress.wait_for(|progress| progress.state.is_over()).await;
        progress.borrow().state.clone()
    }
}

/// What works on the relay's thread.
struct Worker {
    source: Source,
    cluster: Cluster,
    clock: MonotonicClock,
    teller: Teller,
    meters: Meters,
}

impl Worker {
    /// Publishes until trying again does not help.
    async fn work(&mut self) -> StopReason {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.publish(&mut pause).await {
                Trouble::Stop(reason) => return reason,
                Trouble::Passing(why) => self.cut_off(&why).await,
            }
            tokio::time::sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// One attempt; its end.
    async fn publish(&mut self, pause: &mut Duration) -> Trouble {
        let log = Arc::clone(&self.source.log);
        let mut watcher = Watcher {
            teller: &self.teller,
            meters: &self.meters,
            log: &*log,
            clock: &self.clock,
            mark: None,
        };
        let mut publishing =
            match Publishing::begin(&mut self.source, &self.cluster, None, &mut watcher).await {
                Ok(publishing) => publishing,
                Err(trouble) => return trouble,
            };
        watcher.meters.takeovers.increment(1);
        tracing::info!(position = publishing.position().get(), relay = %self.source.signature.relay, "publishing to Kafka");
        watcher.published(publishing.position(), 0);
        loop {
            if let Err(trouble) = step(&mut publishing, &mut watcher).await {
                return trouble;
            }
            *pause = FIRST_PAUSE;
        }
    }

    async fn cut_off(&self, why: &str) {
        tracing::warn!(why, "cannot publish to Kafka; trying again");
        self.teller.cut_off(why);
        let watcher = Watcher {
            teller: &self.teller,
            meters: &self.meters,
            log: &*self.source.log,
            clock: &self.clock,
            mark: None,
        };
        watcher.measure_lag().await;
    }
}

/// Publishes one batch, or hears that there is nothing new.
async fn step(publishing: &mut Publishing, watcher: &mut Watcher<'_>) -> Result<(), Trouble> {
    let Batch { since, events, unreadable } = publishing.next(watcher).await?;
    if events > 0 {
        watcher.meters.transaction_events.record(events as f64);
        watcher.meters.transaction_seconds(since.elapsed());
        watcher.published(publishing.position(), unreadable);
    }
    // Under steady load the log always holds more by the time it is asked: what counts is when it last held no more than
    // what is published now.
    let asked = (watcher.clock)();
    let lag = publishing.lag().await?;
    let position = publishing.position();
    watcher.meters.lag_events.set(lag as f64);
    watcher.teller.lag(lag);
    if lag == 0 {
        watcher.mark = None;
        watcher.teller.heard(asked);
    } else if let Some((held_at, _)) = watcher.mark.take_if(|(_, head)| *head <= position) {
        watcher.teller.heard(held_at);
    }
    if lag > 0 && watcher.mark.is_none() {
        watcher.mark = Some((asked, Position::new(position.get() + lag)));
    }
    watcher.measure_age();
    if events > 0 && lag < FAR_BEHIND {
        tokio::time::sleep(PACE.saturating_sub(since.elapsed())).await;
    }
    Ok(())
}

/// Sees to it that others know how far the relay is, also while it waits.
struct Watcher<'a> {
    teller: &'a Teller,
    meters: &'a Meters,
    log: &'a dyn EventLog,
    clock: &'a MonotonicClock,
    /// When the log was asked, and what its head was then, where that is not published yet.
    mark: Option<(std::time::Instant, Position)>,
}

impl Watcher<'_> {
    fn published(&self, position: Position, unreadable: u64) {
        self.teller.published(position, unreadable);
        self.meters.position.set(position.get() as f64);
        if unreadable > 0 {
            self.meters.unreadable.increment(unreadable);
            tracing::error!(
                unreadable,
                up_to = position.get(),
                "events of a later release were published; what their keys are is told as it was before them, until a newer relay runs and they are changed again"
            );
        }
    }

    /// How far the log is ahead, as far as it answers.
    async fn measure_lag(&self) {
        if let Ok(head) = self.log.head().await {
            let lag = head.since(self.teller.now().position);
            self.teller.lag(lag);
            self.meters.lag_events.set(lag as f64);
        }
        self.measure_age();
    }

    fn measure_age(&self) {
        self.meters.lag_seconds((self.clock)().saturating_duration_since(self.teller.now().heard_at));
    }
}

impl Waiting for Watcher<'_> {
    async fn waited(&mut self, what: &str, waited: Duration, complaint: Option<&str>) {
        if waited >= SILENCE {
            let why = complaint.map(|complaint| format!(" ({complaint})")).unwrap_or_default();
            self.teller.cut_off(&format!("Kafka takes {} s {what}{why}", waited.as_secs()));
        }
        self.measure_lag().await;
    }
}
