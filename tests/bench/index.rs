//! The key index in this process, as the projection that it is in the binary.

use std::sync::Arc;
use std::time::{Duration, Instant};

use keyledger_event_log::Checkpoint;
use keyledger_projectors::{CheckedEvent, Projection, ProjectionError};
use keyledger_secret::Marker;
use keyledger_validator::{Bounds, Config, KeyIndex, Monotonic as _};

use crate::clock::Machine;
use crate::machine;
use crate::replay;
use crate::world::World;

/// Longer than any run: nobody tells these indices that the log is quiet.
const ALWAYS: Duration = Duration::from_secs(86_400);

/// The index of a world.
pub(crate) struct Loaded {
    pub(crate) index: Arc<KeyIndex>,
    /// By how much the memory of this process grew for it.
    pub(crate) bytes: usize,
}

/// The index of each world. The largest is made first, so that none finds memory that another gave back.
pub(crate) fn load(worlds: &[World]) -> anyhow::Result<Vec<Loaded>> {
    let mut indices = Vec::new();
    for world in worlds.iter().rev() {
        let before = machine::resident();
        let (index, _) = replay::once(world)?;
        indices.push(Loaded { index, bytes: machine::resident().saturating_sub(before) });
    }
    indices.reverse();
    Ok(indices)
}

/// An index that follows a log.
pub(crate) struct Following {
    pub(crate) index: Arc<KeyIndex>,
    machine: Machine,
}

impl Following {
    /// One that holds nothing yet.
    pub(crate) fn nothing_of(world: &World) -> Self {
        let machine = Machine::start();
        let config = Config {
            log: world.identity,
            marker: Marker::DEFAULT,
            bounds: Bounds { soft: ALWAYS, hard: ALWAYS },
            clocks: machine.clocks(),
        };
        let index = Arc::new(KeyIndex::new(config));
        index.set_peppers(vec![(world.keyring.pepper_id, world.keyring.pepper.clone())]);
        index.heard(machine.nanos());
        Self { index, machine }
    }
}

impl Projection for Following {
    fn name(&self) -> &'static str {
        "key_index"
    }

    fn checkpoint(&self) -> Checkpoint {
        self.index.checkpoint()
    }

    fn apply(&mut self, events: &[CheckedEvent]) -> Result<(), ProjectionError> {
        for CheckedEvent { position, mac, event, .. } in events {
            let applied = self.index.apply(*position, mac, event);
            applied.map_err(|error| ProjectionError::Failed(error.to_string()))?;
        }
        Ok(())
    }

    fn heard(&mut self, at: Instant) {
        self.index.heard(self.machine.nanos_at(at));
    }

    fn digest(&self) -> Result<[u8; 32], ProjectionError> {
        Ok(self.index.digest())
    }
}
