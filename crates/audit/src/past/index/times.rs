use keyledger_domain::Timestamp;
use serde::{Deserialize, Serialize};

/// When the events of a segment happened: the earliest, the latest, and enough between them to guess how many are later
/// than a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Times(Vec<i64>);

/// How many of a segment's times are kept.
const KEPT: usize = 65;

impl Times {
    /// The times of events in any order.
    pub(super) fn of(times: impl Iterator<Item = Timestamp>) -> Self {
        let mut all: Vec<_> = times.map(Timestamp::millis).collect();
        all.sort_unstable();
        if all.len() <= KEPT {
            return Self(all);
        }
        let at = |number: usize| all[number * (all.len() - 1) / (KEPT - 1)];
        Self((0..KEPT).map(at).collect())
    }

    /// Whether some event happened at a moment or before it.
    pub(super) fn begin_by(&self, time: Timestamp) -> bool {
        self.0.first().is_some_and(|first| *first <= time.millis())
    }

    /// Whether some event happened after a moment.
    pub(super) fn end_after(&self, time: Timestamp) -> bool {
        self.0.last().is_some_and(|last| *last > time.millis())
    }

    /// About how many of `events` happened after a moment: none only where none did.
    pub(super) fn later_than(&self, time: Timestamp, events: usize) -> usize {
        let later = self.0.len() - self.0.partition_point(|kept| *kept <= time.millis());
        events * later / self.0.len().max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_time_are_kept_and_those_between_are_guessed_from() {
        let times = Times::of((0..10_000).rev().map(Timestamp::from_millis));
        let at = Timestamp::from_millis;
        assert_eq!((times.0.first(), times.0.last(), times.0.len()), (Some(&0), Some(&9_999), KEPT));
        assert!(times.begin_by(at(0)) && times.end_after(at(9_998)) && !times.end_after(at(9_999)));
        assert_eq!(times.later_than(at(9_999), 10_000), 0);
        assert!(times.later_than(at(9_998), 10_000) > 0);
        assert!((4_500..5_500).contains(&times.later_than(at(5_000), 10_000)));
        assert!(!Times::of((5..9).map(at)).begin_by(at(4)));
    }
}
