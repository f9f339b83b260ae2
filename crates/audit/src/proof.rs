//! Proofs that a tree holds a leaf, and that a tree has grown out of a smaller one. They are made from a logarithm of hashes,
//! checked before they are given out, and written as other tools read them.

use std::{cell::RefCell, collections::HashMap, fmt::Write as _};

use tlog_tiles::{
    Hash, HashReader, check_record, check_tree, prove_record, prove_tree, split_stored_hash_index, tree_hash,
};

use crate::tree::{Checkpoint, TileKind, TileName, Tiles, hashes_in, perfect};

/// That a tree holds a leaf.
#[derive(Clone, Debug)]
pub struct Inclusion {
    /// The leaf.
    pub index: u64,
    /// The hashes beside the way from the leaf to the root.
    pub hashes: Vec<Hash>,
}

/// That a tree has grown out of a smaller one.
#[derive(Clone, Debug)]
pub struct Consistency {
    /// How large the smaller one is.
    pub from: u64,
    /// Its root.
    pub root: Hash,
    /// The hashes by which both roots are made.
    pub hashes: Vec<Hash>,
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The checkpoint does not reach so far.
    #[error("the newest checkpoint covers {size} events: wait until it covers what is to be proved")]
    NotCovered {
        /// How many it covers.
        size: u64,
    },
    /// The tree's files cannot be read.
    #[error("the tree cannot be read: {0}")]
    Unreadable(String),
    /// The tree's files do not hold what was signed.
    #[error("the tree's files do not prove it: {0}; see what `keyledger audit verify` says")]
    Unproven(String),
}

/// Proves that the tree of a checkpoint holds a leaf with this hash.
///
/// # Errors
/// [`ProofError`]
pub async fn prove_inclusion(
    tiles: &dyn Tiles,
    checkpoint: &Checkpoint,
    index: u64,
    leaf: Hash,
) -> Result<Inclusion, ProofError> {
    let Checkpoint { size, root, .. } = *checkpoint;
    if index >= size {
        return Err(ProofError::NotCovered { size });
    }
    let hashes = with_hashes(tiles, size, |hashes| prove_record(size, index, hashes)).await?;
    check_record(&hashes, size, root, index, leaf)
        .map_err(|error| ProofError::Unproven(error.to_string()))?;
    Ok(Inclusion { index, hashes })
}

/// Proves that the tree of a checkpoint has grown out of the one of its first `from` leaves.
///
/// # Errors
/// [`ProofError`]
pub async fn prove_consistency(
    tiles: &dyn Tiles,
    checkpoint: &Checkpoint,
    from: u64,
) -> Result<Consistency, ProofError> {
    let Checkpoint { size, root, .. } = *checkpoint;
    if from == 0 || from > size {
        return Err(ProofError::NotCovered { size });
    }
    let before = with_hashes(tiles, size, |hashes| tree_hash(from, hashes)).await?;
    let hashes = with_hashes(tiles, size, |hashes| prove_tree(size, from, hashes)).await?;
    check_tree(&hashes, size, root, from, before).map_err(|error| ProofError::Unproven(error.to_string()))?;
    Ok(Consistency { from, root: before, hashes })
}

impl Inclusion {
    /// The proof with its checkpoint, as C2SP `tlog-proof` writes it.
    #[must_use]
    pub fn to_text(&self, note: &str) -> String {
        let mut text = format!("c2sp.org/tlog-proof@v1\nindex {}\n", self.index);
        lines(&mut text, &self.hashes);
        text + "\n" + note
    }
}

impl Consistency {
    /// The proof with its checkpoint, as C2SP `tlog-witness` takes it.
    #[must_use]
    pub fn to_text(&self, note: &str) -> String {
        let mut text = format!("old {}\n", self.from);
        lines(&mut text, &self.hashes);
        text + "\n" + note
    }
}

fn lines(text: &mut String, hashes: &[Hash]) {
    hashes.iter().for_each(|hash| {
        let _ = writeln!(text, "{hash}");
    });
}

/// Hashes of a tree by their numbers, as far as they were fetched.
struct Fetched<'a> {
    known: &'a HashMap<u64, Hash>,
    missing: RefCell<Vec<u64>>,
}

impl HashReader for Fetched<'_> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        let missing = indexes.iter().filter(|index| !self.known.contains_key(index));
        self.missing.borrow_mut().extend(missing);
        let found = indexes.iter().map(|index| self.known.get(index).copied());
        found.collect::<Option<_>>().ok_or(tlog_tiles::Error::InvalidTile)
    }
}

/// Does something with the hashes of a tree of `size` leaves. The library asks for hashes and does not wait for them, so it
/// is asked again once those it wanted are there.
async fn with_hashes<T>(
    tiles: &dyn Tiles,
    size: u64,
    work: impl Fn(&Fetched<'_>) -> Result<T, tlog_tiles::Error>,
) -> Result<T, ProofError> {
    let mut known = HashMap::new();
    loop {
        let missing = {
            let fetched = Fetched { known: &known, missing: RefCell::default() };
            match work(&fetched) {
                Ok(done) => return Ok(done),
                Err(error) => {
                    let missing = fetched.missing.into_inner();
                    if missing.is_empty() {
                        return Err(ProofError::Unproven(error.to_string()));
                    }
                    missing
                }
            }
        };
        for index in missing {
            known.insert(index, fetch(tiles, size, index).await?);
        }
    }
}

/// The hash with this number, from the tile that it is in or follows from.
async fn fetch(tiles: &dyn Tiles, size: u64, index: u64) -> Result<Hash, ProofError> {
    let (level, number) = split_stored_hash_index(index);
    let (tile_level, within) = (level / 8, level % 8);
    let first = number << within;
    let name = TileName::in_tree(TileKind::Hashes(tile_level), first >> 8, size);
    let unproven = |what: String| ProofError::Unproven(what);
    let name = name.ok_or_else(|| unproven("a hash was asked for that the tree does not have".to_owned()))?;
    let bytes = tiles.tile(name).await.map_err(ProofError::Unreadable)?;
    let hashes = bytes.and_then(|bytes| hashes_in(&bytes, name.width));
    let hashes = hashes.ok_or_else(|| unproven(format!("{name} is not there, or is no such tile")))?;
    let first = usize::try_from(first & 255).unwrap_or_default();
    let under = hashes.get(first..first + (1 << within));
    under.map(perfect).ok_or_else(|| unproven(format!("{name} does not reach so far")))
}

#[cfg(test)]
mod tests {
    use keyledger_event_log::LogIdentity;
    use uuid::Uuid;

    use super::*;
    use crate::tree::{
        Directory, Edge, Origin, SigningKey,
        directory::{Unsynced, bytes_of},
        leaf_hash,
    };

    const ORIGIN: Origin = Origin(LogIdentity { log: Uuid::nil(), epoch: 1 });

    fn leaf(number: u64) -> Hash {
        leaf_hash(&number.to_be_bytes())
    }

    /// A tree of so many leaves, in files.
    fn tree(size: u64) -> (tempfile::TempDir, Directory, Checkpoint) {
        let home = tempfile::tempdir().expect("a directory");
        let directory = Directory::of(home.path(), ORIGIN);
        let mut edge = Edge::default();
        for number in 0..size {
            edge.push(leaf(number), &mut |name, hashes| {
                directory.keep_tile(name, &bytes_of(hashes), &mut Unsynced::default()).expect("kept");
            });
        }
        for name in TileName::partial_ones(size) {
            if let TileKind::Hashes(level) = name.kind {
                let content = bytes_of(edge.unfinished(level));
                directory.keep_tile(name, &content, &mut Unsynced::default()).expect("kept");
            }
        }
        let checkpoint = Checkpoint { origin: ORIGIN, size, root: edge.root() };
        (home, directory, checkpoint)
    }

    #[tokio::test]
    async fn every_leaf_and_every_smaller_tree_is_proved() {
        for size in [1, 2, 3, 255, 256, 257, 700] {
            let (_home, directory, checkpoint) = tree(size);
            for index in (0..size).filter(|index| size < 10 || index % 41 == 0 || index + 3 > size) {
                let proof =
                    prove_inclusion(&directory, &checkpoint, index, leaf(index)).await.expect("a proof");
                assert!(prove_inclusion(&directory, &checkpoint, index, leaf(size)).await.is_err());
                assert!(proof.hashes.len() <= 10);
                let from = index + 1;
                let proof = prove_consistency(&directory, &checkpoint, from).await.expect("a proof");
                assert_eq!(proof.root, tree(from).2.root);
            }
            assert!(matches!(
                prove_inclusion(&directory, &checkpoint, size, leaf(size)).await,
                Err(ProofError::NotCovered { .. })
            ));
            assert!(prove_consistency(&directory, &checkpoint, 0).await.is_err());
            assert!(prove_consistency(&directory, &checkpoint, size + 1).await.is_err());
        }
    }

    #[tokio::test]
    async fn a_tree_that_was_changed_proves_nothing() {
        let (_home, directory, checkpoint) = tree(300);
        let path = directory.path().join("tile/0/000");
        let mut bytes = std::fs::read(&path).expect("a tile");
        bytes[32 * 7] ^= 1;
        std::fs::write(&path, bytes).expect("written");
        let refused = prove_inclusion(&directory, &checkpoint, 6, leaf(6)).await.expect_err("no proof");
        assert!(refused.to_string().contains("audit verify"), "{refused}");
        prove_inclusion(&directory, &checkpoint, 299, leaf(299)).await.expect("nothing of it is changed");
    }

    #[tokio::test]
    async fn proofs_are_written_as_their_specifications_say() {
        let (_home, directory, checkpoint) = tree(3);
        let note = String::from_utf8(checkpoint.sign(&SigningKey::from_seed([1; 32]))).expect("text");
        let inclusion =
            prove_inclusion(&directory, &checkpoint, 2, leaf(2)).await.expect("a proof").to_text(&note);
        let [head, index, hash, empty, origin, ..] = inclusion.lines().collect::<Vec<_>>()[..] else {
            panic!("{inclusion}")
        };
        assert_eq!((head, index, empty), ("c2sp.org/tlog-proof@v1", "index 2", ""));
        assert_eq!((hash.len(), origin), (44, ORIGIN.to_string().as_str()));
        let consistency =
            prove_consistency(&directory, &checkpoint, 2).await.expect("a proof").to_text(&note);
        assert!(consistency.starts_with("old 2\n") && consistency.ends_with(&note), "{consistency}");
    }
}
