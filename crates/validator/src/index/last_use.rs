//! When each secret was last used, to the minute, and what was used since somebody last looked.
//!
//! The minute lies in the secret's own slot, which a request that is allowed has just read. Nobody is told of a use and
//! none is queued: who wants to keep the minutes comes for them, once a minute, and looks at every slot. For a million
//! secrets that is a tenth of a second or so of one core, off the path of requests, and nothing at all while no secret is
//! used. A list of what changed would be shorter than a walk only where few secrets are used, and every first request of a
//! minute would have to wait for its place in it.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use keyledger_domain::{Prefix, Timestamp};

use super::{KeyIndex, facts::Slot};

/// How long a request may take, in seconds, between reading the clock and leaving its minute: one that read it just
/// before a minute ended may come to its slot when a walk has already passed there.
const GRACE: i64 = 5;

/// The minute of a last use, counted since 1970; 0 for never.
#[derive(Default)]
pub(crate) struct LastUse(AtomicU32);

impl LastUse {
    /// Takes a minute in, unless it knows as late a one. Says whether it was news.
    fn mark(&self, minute: u32) -> bool {
        // Only the first request of a minute writes, or cores that judge the same key would fight for its memory.
        if minute <= self.0.load(Relaxed) {
            return false;
        }
        // Not a store: somebody who read the clock before the minute ended must not take it back.
        self.0.fetch_max(minute, Relaxed);
        true
    }

    fn minute(&self) -> Option<u32> {
        let minute = self.0.load(Relaxed);
        (minute > 0).then_some(minute)
    }
}

/// What was used since a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// Each secret that was, in no order, with the minute of its last use.
    pub secrets: Vec<(Prefix, Timestamp)>,
    /// The moment to ask with next time: nothing that happens from now on is left out then. Some of what is told now may
    /// be told again.
    pub next: Timestamp,
}

impl KeyIndex {
    /// The minute of the last request that was allowed with the secret of this prefix, since this process began. A look
    /// that takes no token is no use, and neither is a refusal.
    #[must_use]
    pub fn last_used(&self, prefix: Prefix) -> Option<Timestamp> {
        self.slots.pin().get(&prefix)?.last_use.minute().map(Timestamp::from_minutes)
    }

    /// What was used in the minute of `since` or later. Holds up neither requests nor the writer; looks at every secret
    /// there is, so it is for once a minute and for a thread that may block.
    #[must_use]
    pub fn used_since(&self, since: Timestamp) -> Used {
        let next = Timestamp::from_millis(self.time.now().millis() - GRACE * 1_000);
        let since = since.minutes();
        let is_due = |last_use: &LastUse| last_use.minute().filter(|minute| *minute >= since);
        if is_due(&self.newest_use).is_none() {
            return Used { secrets: Vec::new(), next };
        }
        let used = |(prefix, slot): (&Prefix, &Slot)| {
            is_due(&slot.last_use).map(|minute| (*prefix, Timestamp::from_minutes(minute)))
        };
        Used { secrets: self.slots.pin().iter().filter_map(used).collect(), next }
    }

    /// A request was allowed with the secret of this slot, at this moment.
    pub(super) fn used(&self, slot: &Slot, now: Timestamp) {
        let minute = now.minutes();
        if slot.last_use.mark(minute) {
            self.newest_use.mark(minute);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_minute_stays_whoever_comes_late() {
        let last_use = LastUse::default();
        assert_eq!(last_use.minute(), None);
        let told = [7, 7, 6, 8].map(|minute| (last_use.mark(minute), last_use.minute()));
        assert_eq!(told, [(true, Some(7)), (false, Some(7)), (false, Some(7)), (true, Some(8))]);
    }
}
