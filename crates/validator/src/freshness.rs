//! How long the log has not been heard, and what may still be answered then.

use std::{
    sync::atomic::{
        AtomicBool, AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
    },
    time::Duration,
};

/// How long a validator may go on without hearing from the log.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Up to here everything is answered as ever. After it, a secret that matches nothing may be newer than what the
    /// validator knows, so it is neither let through nor called unknown.
    pub soft: Duration,
    /// Up to here keys that work go on working; a revocation that has not arrived costs at most this long. Below the
    /// soft bound it counts as the soft bound, so 0 makes it strict: after the soft bound nothing is let through.
    pub hard: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { soft: Duration::from_secs(5), hard: Duration::from_secs(60) }
    }
}

/// How far the index may be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contact {
    /// Up to the soft bound.
    Fresh,
    /// Past the soft bound.
    Late,
    /// Past the hard bound, or the log was never read to its end: only what no event can undo is certain.
    Lost,
}

/// When the index last held all that the log had.
pub(crate) struct Freshness {
    soft: u64,
    hard: u64,
    caught_up: AtomicBool,
    heard_at: AtomicU64,
}

impl Freshness {
    pub(crate) fn new(bounds: Bounds) -> Self {
        let nanos = |bound: Duration| u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
        Self {
            soft: nanos(bounds.soft),
            hard: nanos(bounds.hard).max(nanos(bounds.soft)),
            caught_up: AtomicBool::new(false),
            heard_at: AtomicU64::new(0),
        }
    }

    pub(crate) fn heard(&self, nanos: u64) {
        self.heard_at.fetch_max(nanos, Relaxed);
        // After the moment, so that whoever sees the one sees the other.
        self.caught_up.store(true, Release);
    }

    /// How many nanoseconds ago the index held all that the log had; none where it never did.
    pub(crate) fn age(&self, nanos: u64) -> Option<u64> {
        self.caught_up.load(Acquire).then(|| nanos.saturating_sub(self.heard_at.load(Relaxed)))
    }

    pub(crate) fn contact(&self, nanos: u64) -> Contact {
        match self.age(nanos) {
            Some(age) if age <= self.soft => Contact::Fresh,
            Some(age) if age <= self.hard => Contact::Late,
            Some(_) | None => Contact::Lost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn the_bounds_hold_to_the_nanosecond() {
        let freshness = Freshness::new(Bounds::default());
        assert_eq!(freshness.contact(0), Contact::Lost, "the log was never heard");
        freshness.heard(SECOND);
        for (nanos, contact) in [
            (0, Contact::Fresh),
            (6 * SECOND, Contact::Fresh),
            (6 * SECOND + 1, Contact::Late),
            (61 * SECOND, Contact::Late),
            (61 * SECOND + 1, Contact::Lost),
        ] {
            assert_eq!(freshness.contact(nanos), contact, "{nanos}");
        }
        freshness.heard(SECOND / 2);
        assert_eq!(freshness.age(2 * SECOND), Some(SECOND), "an older word does not count");
    }

    #[test]
    fn a_hard_bound_of_nothing_is_the_soft_one() {
        let freshness = Freshness::new(Bounds { hard: Duration::ZERO, ..Bounds::default() });
        freshness.heard(0);
        assert_eq!(freshness.contact(5 * SECOND), Contact::Fresh);
        assert_eq!(freshness.contact(5 * SECOND + 1), Contact::Lost);
    }
}
