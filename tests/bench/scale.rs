//! How much is measured.

use std::time::Duration;

/// How much is measured.
pub(crate) struct Scale {
    /// How many keys the three worlds have, from the smallest to the largest.
    pub(crate) keys: [usize; 3],
    /// How often everything is measured; what is told is the median.
    pub(crate) rounds: usize,
    /// How long one side of one round takes where it can be chosen.
    pub(crate) slice: Duration,
    /// How many keys are revoked.
    pub(crate) revocations: usize,
}

impl Scale {
    /// What `docs/performance.md` shows.
    pub(crate) const WHOLE: Self = Self {
        keys: [1_000, 100_000, 1_000_000],
        rounds: 5,
        slice: Duration::from_millis(1_500),
        revocations: 300,
    };

    /// Enough to see that it works.
    pub(crate) const QUICK: Self = Self {
        keys: [1_000, 10_000, 100_000],
        rounds: 2,
        slice: Duration::from_millis(300),
        revocations: 20,
    };
}
