use std::fmt;

/// How many hashes, or entries, a full tile holds: tiles of `tlog-tiles` are eight levels high.
pub const TILE_WIDTH: u16 = 256;

/// No tree has more tile levels: 256 to the seventh is more than there are positions.
const LEVELS: u8 = 7;

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TileKind {
    /// The leaves themselves, each behind its length.
    Entries,
    /// Hashes: of leaves at level 0, of full tiles of the level below at every other.
    Hashes(u8),
}

/// A tile, by its place in the tree; and where it lies, relative to the tree's own place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileName {
    /// What it holds.
    pub kind: TileKind,
    /// Which one of its level, from 0.
    pub index: u64,
    /// How much it holds: 256, or less at the end of a tree.
    pub width: u16,
}

impl TileName {
    /// The full tile at a place.
    #[must_use]
    pub fn full(kind: TileKind, index: u64) -> Self {
        Self { kind, index, width: TILE_WIDTH }
    }

    /// The tile at a place as it is in a tree of `size` leaves; none where that tree does not reach it.
    #[must_use]
    pub fn in_tree(kind: TileKind, index: u64, size: u64) -> Option<Self> {
        let held = size.checked_shr(u32::from(level_of(kind)) * 8).unwrap_or_default();
        let width = held.saturating_sub(index.checked_mul(u64::from(TILE_WIDTH))?).min(u64::from(TILE_WIDTH));
        let width = u16::try_from(width).ok().filter(|width| *width > 0)?;
        Some(Self { kind, index, width })
    }

    /// Every tile at the right end of a tree that is not full.
    pub fn partial_ones(size: u64) -> impl Iterator<Item = Self> {
        let levels = (0..LEVELS).map(TileKind::Hashes);
        std::iter::once(TileKind::Entries).chain(levels).filter_map(move |kind| {
            let held = size >> (u32::from(level_of(kind)) * 8);
            Self::in_tree(kind, held / u64::from(TILE_WIDTH), size).filter(|tile| !tile.is_full())
        })
    }

    /// Whether it holds all that it ever will.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// The least size of a tree that has it; none where no tree is so large.
    #[must_use]
    pub fn needs(&self) -> Option<u64> {
        let held = self.index.checked_mul(u64::from(TILE_WIDTH))?.checked_add(u64::from(self.width))?;
        held.checked_mul(1 << (u32::from(level_of(self.kind)) * 8))
    }

    /// Reads the path of a tile, as [`Display`](fmt::Display) writes it.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let (kind, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let kind = match kind {
            "entries" => TileKind::Entries,
            level => TileKind::Hashes(level.parse().ok().filter(|level| *level < LEVELS)?),
        };
        let (place, width) = match rest.split_once(".p/") {
            Some((place, width)) => {
                (place, width.parse().ok().filter(|width| (1..TILE_WIDTH).contains(width))?)
            }
            None => (rest, TILE_WIDTH),
        };
        let mut index = 0_u64;
        for digits in place.split('/') {
            let digits: u64 = digits.strip_prefix('x').unwrap_or(digits).parse().ok()?;
            index = index.checked_mul(1_000)?.checked_add(digits)?;
        }
        let name = Self { kind, index, width };
        // One tile has one path: other spellings of it are not it.
        (name.to_string() == path && name.needs().is_some()).then_some(name)
    }
}

fn level_of(kind: TileKind) -> u8 {
    match kind {
        TileKind::Entries => 0,
        TileKind::Hashes(level) => level,
    }
}

impl fmt::Display for TileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Entries => f.write_str("tile/entries/")?,
            TileKind::Hashes(level) => write!(f, "tile/{level}/")?,
        }
        let (mut thousands, mut rest) = (Vec::new(), self.index / 1_000);
        while rest > 0 {
            thousands.push(rest % 1_000);
            rest /= 1_000;
        }
        for group in thousands.iter().rev() {
            write!(f, "x{group:03}/")?;
        }
        write!(f, "{:03}", self.index % 1_000)?;
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let tile = |kind, index, width| TileName { kind, index, width }.to_string();
        assert_eq!(tile(TileKind::Hashes(0), 0, 256), "tile/0/000");
        assert_eq!(tile(TileKind::Hashes(4), 1_234_067, 1), "tile/4/x001/x234/067.p/1");
        assert_eq!(tile(TileKind::Entries, 999_999, 255), "tile/entries/x999/999.p/255");
    }

    #[test]
    fn what_is_no_path_of_a_tile_is_none_however_much_it_looks_like_one() {
        for wrong in [
            "tile/0/0",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/00/000",
            "tile/7/000",
            "tile/99/000",
            "tile/0/x000/000",
            "tile/0/001/000",
            "tile/0/../checkpoint",
            "tile/0/x999/x999/x999/x999/x999/x999/999",
            "tile/entries/+01",
            "tile/data/000",
            "tile/0/000/",
            "tile//000",
            "",
        ] {
            assert_eq!(TileName::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_end_of_a_tree_is_made_of_tiles_that_are_not_full() {
        let names = |size| TileName::partial_ones(size).map(|tile| tile.to_string()).collect::<Vec<_>>();
        assert_eq!(names(0), [""; 0]);
        assert_eq!(names(1), ["tile/entries/000.p/1", "tile/0/000.p/1"]);
        assert_eq!(names(256), ["tile/1/000.p/1"]);
        assert_eq!(
            names(70_000),
            ["tile/entries/273.p/112", "tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]
        );
    }

    proptest! {
        #[test]
        fn a_path_leads_back_to_its_tile(level in 0..7_u8, index in 0..1_u64 << 40, width in 1..=256_u16, entries: bool) {
            let kind = if entries { TileKind::Entries } else { TileKind::Hashes(level) };
            let tile = TileName { kind, index, width };
            let parsed = TileName::parse(&tile.to_string());
            prop_assert_eq!(parsed, tile.needs().is_some().then_some(tile));
            if let Some(needs) = tile.needs() {
                prop_assert_eq!(TileName::in_tree(kind, index, needs), Some(tile));
            }
        }
    }
}
