use std::fmt;

/// A place in the one order of all events. Positions strictly increase along the log and stay below 2^53, so that
/// every JSON reader can hold one. [`Position::START`] is the place before the first event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(u64);

impl Position {
    /// Before the first event.
    pub const START: Self = Self(0);

    /// The largest position there can be: 2^53 − 1.
    pub const MAX: Self = Self((1 << 53) - 1);

    /// A position from its number; numbers above [`Position::MAX`] are cut down to it.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        if number > Self::MAX.0 { Self::MAX } else { Self(number) }
    }

    /// The number of this position.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The position that follows in a dense order.
    #[must_use]
    pub const fn next(self) -> Self {
        Self::new(self.0 + 1)
    }

    /// How many events lie between `earlier` and this position in a dense order; an upper bound in a sparse one.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether a store numbers its events without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PositionOrder {
    /// Dense from 1: a reader that sees a gap has lost an event and stops.
    Dense,
    /// Increasing and otherwise opaque (KurrentDB): a loss shows as a missing revision of a stream.
    Sparse,
}
