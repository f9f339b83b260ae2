use std::{sync::Arc, time::Duration};

use keyledger_event_log::{Position, PublicLog};
use keyledger_projectors::MacKeysSource;
use tokio::{runtime::Handle, task};
use uuid::Uuid;

use crate::{
    Cluster, StopReason,
    checkpoint::{Publisher, Signature},
    publish::{Publishing, Source, Waiting},
    stop_reason::Trouble,
};

/// For how long nothing may be published before a replay gives up. Started again, it goes on where it was.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was published anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The position of the last event that the topics hold now.
    pub up_to: Position,
    /// How many events this run published.
    pub events: u64,
    /// Where it went on, if an earlier one had begun.
    pub resumed_after: Option<Position>,
}

/// Publishes the events from a position up to the present head, and a few that came meanwhile, to the topics of `cluster`, each once, as the relay would
/// have. A replay that was interrupted goes on where it was. `on_progress` is told the position reached and the goal.
///
/// # Errors
/// [`StopReason`], also where the topics were begun from another position.
pub async fn replay(
    log: PublicLog,
    keys: MacKeysSource,
    cluster: Cluster,
    from: Position,
    id: Uuid,
    on_progress: impl FnMut(Position, Position) + Send + 'static,
) -> Result<Replay, StopReason> {
    let runtime = Handle::current();
    let signature = Signature { by: Publisher::Replay, relay: id, takeover: 0 };
    let source = Source { log: Arc::new(log), keys, from, signature, predecessor: None };
    // The client of Kafka blocks.
    let work = task::spawn_blocking(move || runtime.block_on(to_the_head(source, &cluster, on_progress)));
    work.await.unwrap_or(Err(StopReason::Panicked))
}

async fn to_the_head(
    mut source: Source,
    cluster: &Cluster,
    mut on_progress: impl FnMut(Position, Position),
) -> Result<Replay, StopReason> {
    let head = source.log.head().await.map_err(keyledger_projectors::StopReason::from)?;
    if source.from > head {
        let from = source.from;
        return Err(StopReason::GaveUp(format!(
            "the log ends at position {head}, and nothing stands at {from}"
        )));
    }
    let mut so_far = Replay { up_to: Position::START, events: 0, resumed_after: None };
    let mut last_progress = tokio::time::Instant::now();
    loop {
        let before = so_far.events;
        let trouble = match attempt(&mut source, cluster, head, &mut so_far, &mut on_progress).await {
            Ok(()) => return Ok(so_far),
            Err(trouble) => trouble,
        };
        if so_far.events > before {
            last_progress = tokio::time::Instant::now();
        }
        match trouble {
            Trouble::Stop(reason) => return Err(reason),
            Trouble::Passing(why) if last_progress.elapsed() >= PATIENCE => {
                return Err(StopReason::GaveUp(why));
            }
            Trouble::Passing(why) => tracing::warn!(why, "cannot publish; trying again"),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn attempt(
    source: &mut Source,
    cluster: &Cluster,
    head: Position,
    so_far: &mut Replay,
    on_progress: &mut impl FnMut(Position, Position),
) -> Result<(), Trouble> {
    let mut publishing = Publishing::begin(source, cluster, Some(PATIENCE), &mut Patiently).await?;
    if so_far.events == 0 && publishing.position() >= source.from {
        so_far.resumed_after = Some(publishing.position());
    }
    while publishing.position() < head {
        so_far.events += publishing.next(&mut Patiently).await?.events as u64;
        on_progress(publishing.position(), head);
    }
    so_far.up_to = publishing.position();
    Ok(())
}

/// Waits, and has nobody to tell.
struct Patiently;

impl Waiting for Patiently {
    async fn waited(&mut self, _: &str, _: Duration, _: Option<&str>) {}
}
