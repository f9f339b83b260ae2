use crate::tree::{Hash, TILE_WIDTH, TileKind, TileName, Tiles, hashes_in};

use super::Finding;

/// The hashes of the leaves that were signed, tile by tile.
pub(super) struct SignedLeaves {
    size: u64,
    /// How many were read.
    read: u64,
}

impl SignedLeaves {
    pub(super) fn of(size: u64) -> Self {
        Self { size, read: 0 }
    }

    pub(super) fn are_read(&self) -> bool {
        self.read >= self.size
    }

    /// Reads no more: what a checkpoint claims beyond the end of the log and of its tiles has no end.
    pub(super) fn give_up(&mut self) {
        self.read = self.size;
    }

    /// The hashes that come next; nothing is known of the leaves of a tile that is not there.
    pub(super) async fn next(
        &mut self,
        tiles: &dyn Tiles,
        found: &mut impl FnMut(Finding),
    ) -> Result<Vec<Option<Hash>>, String> {
        let index = self.read / u64::from(TILE_WIDTH);
        let Some(name) = TileName::in_tree(TileKind::Hashes(0), index, self.size) else {
            return Ok(Vec::new());
        };
        self.read += u64::from(name.width);
        let unknown = vec![None; usize::from(name.width)];
        let Some(bytes) = tiles.tile(name).await? else {
            found(Finding::TileMissing { tile: name.to_string() });
            return Ok(unknown);
        };
        match hashes_in(&bytes, name.width) {
            Some(hashes) => Ok(hashes.into_iter().map(Some).collect()),
            None => {
                found(Finding::TileDiffers { tile: name.to_string(), at: None });
                Ok(unknown)
            }
        }
    }
}
