//! How much is measured.

use std::time::Duration;

/// How much is measured.
pub(crate) struct Scale {
    /// How many keys the three worlds have, from the smallest to the largest.
    pub(crate) keys: [usize; 3],
    /// How often is measured what takes as long as it takes; what is told is the median.
    pub(crate) rounds: usize,
    /// The same for what can be stopped at any time.
    pub(crate) slices: usize,
    /// How long one side of one of these takes: many short ones, so that what disturbs one side disturbs the other, too.
    pub(crate) slice: Duration,
    /// How many keys are revoked.
    pub(crate) revocations: usize,
    /// How many events are published to Kafka.
    pub(crate) published: usize,
    /// How many keys are created in a slice.
    pub(crate) creations: usize,
}

impl Scale {
    /// What `docs/performance.md` shows.
    pub(crate) const WHOLE: Self = Self {
        keys: [1_000, 100_000, 1_000_000],
        rounds: 5,
        slices: 15,
        slice: Duration::from_millis(500),
        revocations: 300,
        published: 200_000,
        creations: 20,
    };

    /// Enough to see that it works.
    pub(crate) const QUICK: Self = Self {
        keys: [1_000, 10_000, 100_000],
        rounds: 2,
        slices: 3,
        slice: Duration::from_millis(200),
        revocations: 20,
        published: 200_000,
        creations: 10,
    };
}
