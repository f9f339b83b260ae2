use std::io;

use keyledger_event_log::Checkpoint as LogCheckpoint;
use keyledger_projectors::CheckedEvent;

use super::StopReason;
use crate::tree::{
    Checkpoint, Directory, Edge, Hash, TILE_WIDTH, TileKind, TileName,
    directory::{Unsynced, bytes_of},
    entries, leaf_hash,
};

/// A tree as it is grown from the log: its edge, the leaves that are not in a full tile yet, and where in the log it stands.
pub(super) struct Growing {
    edge: Edge,
    /// The leaves of the tile of entries that is not full.
    bundle: Vec<u8>,
    /// The last event that became a leaf.
    pub(super) at: LogCheckpoint,
    /// Full tiles that are to be kept. They were not, where the disk refused.
    full: Vec<(TileName, Vec<u8>)>,
    /// What was written of it.
    unsynced: Unsynced,
}

impl Growing {
    pub(super) fn new() -> Self {
        Self {
            edge: Edge::default(),
            bundle: Vec::new(),
            at: LogCheckpoint::start(),
            full: Vec::new(),
            unsynced: Unsynced::default(),
        }
    }

    pub(super) fn size(&self) -> u64 {
        self.edge.size()
    }

    pub(super) fn root(&self) -> Hash {
        self.edge.root()
    }

    /// Makes a leaf of an event.
    pub(super) fn add(&mut self, event: CheckedEvent) {
        entries::push(&mut self.bundle, &event.public);
        let full = &mut self.full;
        self.edge.push(leaf_hash(&event.public), &mut |name, hashes| full.push((name, bytes_of(hashes))));
        if self.edge.size().is_multiple_of(u64::from(TILE_WIDTH)) {
            let index = self.edge.size() / u64::from(TILE_WIDTH) - 1;
            let bundle = std::mem::take(&mut self.bundle);
            self.full.push((TileName::full(TileKind::Entries, index), bundle));
        }
        self.at = LogCheckpoint { position: event.position, mac: event.mac };
    }

    /// Writes the full tiles.
    pub(super) fn keep_full(&mut self, directory: &Directory) -> io::Result<()> {
        while let Some((name, content)) = self.full.first() {
            directory.keep_tile(*name, content, &mut self.unsynced)?;
            self.full.remove(0);
        }
        Ok(())
    }

    /// Whether the full tiles lie on the disk as something else, or not at all. They are let go.
    pub(super) fn are_full_ones_unlike(&mut self, directory: &Directory) -> io::Result<bool> {
        let mut unlike = false;
        for (name, content) in std::mem::take(&mut self.full) {
            unlike = unlike || !directory.holds(name, &content)?;
        }
        Ok(unlike)
    }

    /// Refuses a tree that is another than the one that was signed at its size.
    pub(super) fn must_come_by(&self, signed: Option<&Checkpoint>) -> Result<(), StopReason> {
        match signed.filter(|signed| signed.size == self.size()) {
            Some(signed) if signed.root != self.root() => Err(StopReason::Different { signed: signed.size }),
            _ => Ok(()),
        }
    }

    /// Brings everything to the disk that a checkpoint over this tree rests on.
    pub(super) fn keep_all(&mut self, directory: &Directory) -> io::Result<()> {
        self.keep_full(directory)?;
        for name in TileName::partial_ones(self.size()) {
            match name.kind {
                TileKind::Entries => directory.keep_tile(name, &self.bundle, &mut self.unsynced)?,
                TileKind::Hashes(level) => {
                    let content = bytes_of(self.edge.unfinished(level));
                    directory.keep_tile(name, &content, &mut self.unsynced)?;
                }
            }
        }
        self.unsynced.sync()
    }
}
