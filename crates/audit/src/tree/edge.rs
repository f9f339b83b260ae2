use tlog_tiles::{EMPTY_HASH, Hash, node_hash};

use super::{TILE_WIDTH, TileKind, TileName};

/// The right end of a growing tree: what of it is not in a full tile. That is all that is needed to grow it and to know its
/// root: less than 256 hashes a level.
#[derive(Clone, Debug, Default)]
pub struct Edge {
    levels: Vec<Vec<Hash>>,
    size: u64,
}

impl Edge {
    /// How many leaves the tree has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf by its hash; each tile that is full with it is given to `full`.
    pub fn push(&mut self, leaf: Hash, full: &mut impl FnMut(TileName, &[Hash])) {
        self.size += 1;
        let (mut level, mut hash) = (0_u8, leaf);
        loop {
            if self.levels.len() == usize::from(level) {
                self.levels.push(Vec::with_capacity(usize::from(TILE_WIDTH)));
            }
            let tile = &mut self.levels[usize::from(level)];
            tile.push(hash);
            if tile.len() < usize::from(TILE_WIDTH) {
                return;
            }
            let index = (self.size >> (8 * (u32::from(level) + 1))) - 1;
            full(TileName::full(TileKind::Hashes(level), index), tile);
            hash = perfect(tile);
            tile.clear();
            level += 1;
        }
    }

    /// The root of the tree, as RFC 6962 defines it.
    #[must_use]
    pub fn root(&self) -> Hash {
        let root = self.levels.iter().fold(None, |right, tile| joined(tile, right));
        root.unwrap_or(EMPTY_HASH)
    }

    /// What a tile at the end of the tree holds that is not full.
    #[must_use]
    pub fn unfinished(&self, level: u8) -> &[Hash] {
        self.levels.get(usize::from(level)).map_or(&[], Vec::as_slice)
    }
}

/// The hash over perfect subtrees of one size, and what lies to the right of them.
fn joined(tile: &[Hash], right: Option<Hash>) -> Option<Hash> {
    let (mut rest, mut right) = (tile, right);
    while !rest.is_empty() {
        let (left, last) = rest.split_at(rest.len() - (1 << rest.len().trailing_zeros()));
        let last = perfect(last);
        right = Some(right.map_or(last, |right| node_hash(last, right)));
        rest = left;
    }
    right
}

/// The hash over a power of two of hashes.
pub(crate) fn perfect(hashes: &[Hash]) -> Hash {
    match hashes {
        [one] => *one,
        _ => {
            let (left, right) = hashes.split_at(hashes.len() / 2);
            node_hash(perfect(left), perfect(right))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::tree::leaf_hash;

    /// The root by the words of RFC 6962, 2.1, and nothing else.
    fn by_definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => EMPTY_HASH,
            [one] => *one,
            _ => {
                let (left, right) =
                    leaves.split_at(1 << (usize::BITS - 1 - (leaves.len() - 1).leading_zeros()));
                node_hash(by_definition(left), by_definition(right))
            }
        }
    }

    #[test]
    fn the_root_is_the_one_of_the_rfc_at_every_size() {
        let mut edge = Edge::default();
        let mut leaves = Vec::new();
        assert_eq!(edge.root(), EMPTY_HASH);
        for number in 0..1_100_u32 {
            leaves.push(leaf_hash(&number.to_be_bytes()));
            edge.push(leaves[leaves.len() - 1], &mut |_, _| {});
            if number < 40 || number % 37 == 0 || (number + 2) % 256 < 4 {
                assert_eq!(edge.root(), by_definition(&leaves), "{number}");
            }
        }
        assert_eq!(edge.size(), 1_100);
    }

    #[test]
    fn full_tiles_come_out_once_and_hold_what_their_place_says() {
        let (mut edge, mut tiles) = (Edge::default(), HashMap::new());
        for number in 0..=70_000_u32 {
            edge.push(leaf_hash(&number.to_be_bytes()), &mut |name, hashes| {
                assert!(tiles.insert(name.to_string(), hashes.to_vec()).is_none(), "{name}");
            });
        }
        assert_eq!(tiles.len(), 70_000 / 256 + 1);
        assert_eq!(tiles["tile/0/272"][1], leaf_hash(&(272 * 256 + 1_u32).to_be_bytes()));
        assert_eq!(tiles["tile/1/000"][255], perfect(&tiles["tile/0/255"]));
        assert_eq!(edge.unfinished(2), [perfect(&tiles["tile/1/000"])]);
        assert_eq!(edge.unfinished(6), [] as [Hash; 0]);
    }
}
