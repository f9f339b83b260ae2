use std::collections::BTreeMap;

use crate::tree::{
    Edge, Hash, TILE_WIDTH, TileKind, TileName, Tiles, directory::bytes_of, entries, leaf_hash,
};

use super::{
    Finding,
    alignment::{Leaf, Passed, Signed},
};

/// The two trees that are grown beside each other: over the events of the log, and over the leaves that were signed. They are
/// one for as long as both say the same.
pub(super) struct Trees {
    /// Over the log.
    log: Edge,
    /// Over what was signed, once it is another.
    signed: Option<Edge>,
    /// How many leaves were signed.
    size: u64,
    /// Roots of the tree over the log, at the sizes that somebody asked for.
    wanted: BTreeMap<u64, Option<Hash>>,
    /// The root of what was signed, once all of it was seen.
    pub(super) signed_root: Option<Hash>,
    /// Tiles to be looked at.
    due: Vec<Due>,
    /// The lowest level of them that is to be looked at.
    lowest: u8,
    entries: EntriesSeen,
}

/// A tile to be looked at.
enum Due {
    /// One that must hold these hashes.
    Hashes(TileName, Vec<u8>),
    /// One that must hold entries with these hashes, and these very bytes where they are the log's.
    Entries(TileName, EntriesSeen),
}

/// What was seen of a tile of entries.
#[derive(Default)]
struct EntriesSeen {
    hashes: Vec<Option<Hash>>,
    /// The events of the log in the tile's form; none where one of them is not what was signed.
    bundle: Option<Vec<u8>>,
}

impl Trees {
    pub(super) fn new(size: u64, wanted: impl IntoIterator<Item = u64>) -> Self {
        let wanted = wanted.into_iter().map(|size| (size, None)).collect();
        let entries = EntriesSeen { hashes: Vec::new(), bundle: Some(Vec::new()) };
        Self {
            log: Edge::default(),
            signed: None,
            size,
            wanted,
            signed_root: None,
            due: Vec::new(),
            // Those of the lowest level are what everything is held against.
            lowest: 1,
            entries,
        }
    }

    /// A tree over the log that is what was signed: all its tiles are to be looked at, and the log is never wrong.
    pub(super) fn of_true_log(size: u64) -> Self {
        Self { lowest: 0, ..Self::new(size, []) }
    }

    /// How many events the log has.
    pub(super) fn events(&self) -> u64 {
        self.log.size()
    }

    /// The root over the first so many events of the log, where it was asked for and there are so many.
    pub(super) fn root_at(&self, size: u64) -> Option<Hash> {
        if size == 0 { Some(Edge::default().root()) } else { self.wanted.get(&size).copied().flatten() }
    }

    /// Takes in what was gone past.
    pub(super) fn pass(&mut self, passed: &Passed<'_>) {
        match passed {
            Passed::Same(event, signed) => {
                let hash = signed.1.unwrap_or(event.hash);
                if self.signed.is_none() {
                    self.grow_both(hash);
                } else {
                    self.grow_log(event.hash);
                    self.grow_signed(hash);
                }
                self.see(Some(event), *signed);
            }
            Passed::Different(event, signed) => {
                self.part();
                event.iter().for_each(|event| self.grow_log(event.hash));
                if let Some(signed) = signed {
                    self.grow_signed(signed.1.unwrap_or_default());
                    self.see(None, *signed);
                }
            }
            Passed::CutOff(signed) => {
                self.part();
                self.grow_signed(signed.1.unwrap_or_default());
                self.see(None, *signed);
            }
            Passed::Unsigned(event) => {
                self.part();
                self.grow_log(event.hash);
            }
        }
    }

    /// From here on there are two trees.
    fn part(&mut self) {
        if self.signed.is_none() {
            self.signed = Some(self.log.clone());
        }
    }

    fn grow_both(&mut self, hash: Hash) {
        let (due, lowest) = (&mut self.due, self.lowest);
        self.log.push(hash, &mut |name, hashes| look_later(due, lowest, name, hashes));
        self.note_root();
        if self.log.size() == self.size {
            self.end_signed(&self.log.clone());
        }
    }

    fn grow_log(&mut self, hash: Hash) {
        self.log.push(hash, &mut |_, _| {});
        self.note_root();
    }

    fn grow_signed(&mut self, hash: Hash) {
        let Some(mut signed) = self.signed.take() else { return };
        let (due, lowest) = (&mut self.due, self.lowest);
        signed.push(hash, &mut |name, hashes| look_later(due, lowest, name, hashes));
        if signed.size() == self.size {
            self.end_signed(&signed);
        }
        self.signed = Some(signed);
    }

    fn note_root(&mut self) {
        if let Some(root) = self.wanted.get_mut(&self.log.size()) {
            *root = Some(self.log.root());
        }
    }

    /// All that was signed was seen.
    fn end_signed(&mut self, edge: &Edge) {
        self.signed_root = Some(edge.root());
        for name in TileName::partial_ones(self.size) {
            if let TileKind::Hashes(level) = name.kind
                && level >= self.lowest
            {
                self.due.push(Due::Hashes(name, bytes_of(edge.unfinished(level))));
            }
        }
    }

    /// Puts a leaf into the tile of entries that it belongs to, with its event where it is what was signed.
    fn see(&mut self, event: Option<&Leaf>, (leaf, hash): Signed) {
        let seen = &mut self.entries;
        seen.hashes.push(hash);
        seen.bundle = match (seen.bundle.take(), event) {
            (Some(mut bundle), Some(event)) => {
                entries::push(&mut bundle, &event.public);
                Some(bundle)
            }
            _ => None,
        };
        let (index, within) = (leaf / u64::from(TILE_WIDTH), leaf % u64::from(TILE_WIDTH));
        if within + 1 < u64::from(TILE_WIDTH) && leaf + 1 < self.size {
            return;
        }
        let whole = EntriesSeen { hashes: Vec::new(), bundle: Some(Vec::new()) };
        let seen = std::mem::replace(seen, whole);
        if let Some(name) = TileName::in_tree(TileKind::Entries, index, self.size) {
            self.due.push(Due::Entries(name, seen));
        }
    }

    /// Looks at the tiles that are due.
    pub(super) async fn look(
        &mut self,
        tiles: &dyn Tiles,
        found: &mut impl FnMut(Finding),
    ) -> Result<(), String> {
        for due in std::mem::take(&mut self.due) {
            let name = match &due {
                Due::Hashes(name, _) | Due::Entries(name, _) => *name,
            };
            let tile = name.to_string();
            let Some(bytes) = tiles.tile(name).await? else {
                found(Finding::TileMissing { tile });
                continue;
            };
            match due {
                Due::Hashes(_, expected) if bytes != expected => {
                    let at = (bytes.len() == expected.len()).then(|| {
                        bytes.chunks(32).zip(expected.chunks(32)).position(|(one, other)| one != other)
                    });
                    found(Finding::TileDiffers { tile, at: at.flatten().map(|at| at as u64) });
                }
                Due::Entries(_, seen) if seen.bundle.as_ref() != Some(&bytes) => {
                    if let Some(finding) = seen.judge(&bytes, tile) {
                        found(finding);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn look_later(due: &mut Vec<Due>, lowest: u8, name: TileName, hashes: &[Hash]) {
    if matches!(name.kind, TileKind::Hashes(level) if level >= lowest) {
        due.push(Due::Hashes(name, bytes_of(hashes)));
    }
}

impl EntriesSeen {
    /// What is wrong with a tile of entries that is not the log's.
    fn judge(&self, bytes: &[u8], tile: String) -> Option<Finding> {
        let Some(leaves) = entries::split(bytes).filter(|leaves| leaves.len() == self.hashes.len()) else {
            return Some(Finding::TileDiffers { tile, at: None });
        };
        let differs =
            |(leaf, hash): (&&[u8], &Option<Hash>)| hash.is_some_and(|hash| leaf_hash(leaf) != hash);
        let at = leaves.iter().zip(&self.hashes).position(differs)?;
        Some(Finding::TileDiffers { tile, at: Some(at as u64) })
    }
}
