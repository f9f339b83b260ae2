use std::sync::Arc;

use keyledger_event_log::{EventLog, Position};
use tokio::{runtime::Handle, task};

use crate::{MacKeysSource, Projection, StopReason, intake::Intake, meters::Meters};

/// A projection that was brought to the head.
#[derive(Debug)]
pub struct Rebuilt<P> {
    /// The projection, with its checkpoint.
    pub projection: P,
    /// Its digest, which equals that of every other with the same checkpoint.
    pub digest: [u8; 32],
}

/// Brings `projection`, from nothing, to the head that the log has now. `on_progress` is told the position reached and
/// the head, after each batch. Nothing is tried again: whoever started it is there to start it again.
///
/// # Errors
/// The [`StopReason`]. The projection keeps what it has; another rebuild begins anew.
pub async fn rebuild<P: Projection>(
    log: Arc<dyn EventLog>,
    keys: MacKeysSource,
    projection: P,
    on_progress: impl FnMut(Position, Position) + Send + 'static,
) -> Result<Rebuilt<P>, StopReason> {
    let runtime = Handle::current();
    // Applying blocks; see `Projector::spawn`.
    let work =
        task::spawn_blocking(move || runtime.block_on(to_the_head(log, keys, projection, on_progress)));
    work.await.unwrap_or(Err(StopReason::Panicked))
}

async fn to_the_head<P: Projection>(
    log: Arc<dyn EventLog>,
    keys: MacKeysSource,
    mut projection: P,
    mut on_progress: impl FnMut(Position, Position),
) -> Result<Rebuilt<P>, StopReason> {
    let meters = Meters::new(projection.name());
    let mut intake = Intake::after(&projection.checkpoint(), log, keys).await?;
    let head = intake.head();
    while projection.checkpoint().position < head {
        let events = intake.next().await?;
        projection.apply(&events)?;
        meters.alarm(&events);
        on_progress(projection.checkpoint().position, head);
    }
    let digest = projection.digest()?;
    Ok(Rebuilt { projection, digest })
}
