use std::collections::{HashMap, VecDeque};

use keyledger_domain::Timestamp;

use crate::tree::Hash;

use super::Finding;

/// How far is looked ahead for where the log and what was signed go on together.
pub(super) const WINDOW: usize = 512;

/// An event of the log, as far as it matters for what was signed.
pub(super) struct Leaf {
    pub(super) position: u64,
    pub(super) hash: Hash,
    pub(super) public: Vec<u8>,
    /// When it happened, where it can be read.
    pub(super) happened: Option<Timestamp>,
}

/// A leaf that was signed: its index, and its hash where its tile is there.
pub(super) type Signed = (u64, Option<Hash>);

/// What was gone past.
pub(super) enum Passed<'a> {
    /// An event that was signed, or may have been, where the tile is not there.
    Same(&'a Leaf, Signed),
    /// An event, a signed leaf, or both, that do not belong together.
    Different(Option<&'a Leaf>, Option<Signed>),
    /// A leaf behind the end of the log.
    CutOff(Signed),
    /// An event behind the end of what was signed.
    Unsigned(&'a Leaf),
}

/// What the log and the signed leaves have in common, and what not, found as both are read.
#[derive(Default)]
pub(super) struct Alignment {
    pub(super) log: VecDeque<Leaf>,
    pub(super) signed: VecDeque<Option<Hash>>,
    /// The leaf that comes next.
    next_leaf: u64,
    differences: Vec<Difference>,
    /// How many differences there were besides.
    pub(super) not_kept: u64,
}

/// How many differences are kept.
const KEPT: usize = 1_000;

/// A place where the log is not what was signed.
pub(super) struct Difference {
    /// The event, by its position, and its hash.
    pub(super) event: Option<(u64, Hash)>,
    /// The leaf that was signed, and its hash.
    pub(super) leaf: Option<(u64, Hash)>,
}

impl Alignment {
    /// Goes on as far as can be told with what was read; whether the log and the leaves have ended is said by `ended`. What
    /// is gone past is given to `passed`.
    pub(super) fn go_on(&mut self, ended: [bool; 2], passed: &mut impl FnMut(Passed<'_>)) {
        while let (Some(event), Some(signed)) = (self.log.front(), self.signed.front()) {
            if signed.is_none_or(|signed| signed == event.hash) {
                passed(Passed::Same(event, (self.next_leaf, *signed)));
                self.log.pop_front();
                self.signed.pop_front();
                self.next_leaf += 1;
                continue;
            }
            let waits = |known: usize, ended: bool| known < WINDOW && !ended;
            if waits(self.log.len(), ended[0]) || waits(self.signed.len(), ended[1]) {
                return;
            }
            let (events, leaves) = self.meet();
            self.skip(events, leaves, passed);
        }
        // What is left of one stands against nothing of the other.
        if self.log.is_empty() && ended[0] {
            while let Some(signed) = self.signed.pop_front() {
                passed(Passed::CutOff((self.next_leaf, signed)));
                self.next_leaf += 1;
            }
        }
        if self.signed.is_empty() && ended[1] {
            while let Some(event) = self.log.pop_front() {
                passed(Passed::Unsigned(&event));
            }
        }
    }

    /// How many events and leaves have to be passed over until both go on together.
    fn meet(&self) -> (usize, usize) {
        let leaves = self.signed.iter().take(WINDOW).enumerate();
        let mut at: HashMap<[u8; 32], usize> = HashMap::new();
        for (index, leaf) in leaves {
            if let Some(leaf) = leaf {
                at.entry(leaf.0).or_insert(index);
            }
        }
        let events = self.log.iter().take(WINDOW).enumerate();
        let meetings = events.filter_map(|(index, event)| Some((index, *at.get(&event.hash.0)?)));
        let nearest = meetings.min_by_key(|(event, leaf)| (event + leaf, event.abs_diff(*leaf)));
        nearest.unwrap_or_else(|| {
            let both = self.log.len().min(self.signed.len()).min(WINDOW);
            (both, both)
        })
    }

    fn skip(&mut self, events: usize, leaves: usize, passed: &mut impl FnMut(Passed<'_>)) {
        for index in 0..events.max(leaves) {
            let event = if index < events { self.log.pop_front() } else { None };
            let leaf = if index < leaves { self.signed.pop_front() } else { None };
            let leaf = leaf.map(|hash| {
                self.next_leaf += 1;
                (self.next_leaf - 1, hash)
            });
            self.differ(Difference {
                event: event.as_ref().map(|event| (event.position, event.hash)),
                leaf: leaf.and_then(|(leaf, hash)| Some((leaf, hash?))),
            });
            passed(Passed::Different(event.as_ref(), leaf));
        }
    }

    fn differ(&mut self, difference: Difference) {
        if self.differences.len() < KEPT {
            self.differences.push(difference);
        } else {
            self.not_kept += 1;
        }
    }

    /// The differences, told as what happened to the log. An event that is missing in one place and too many in another was
    /// moved.
    pub(super) fn changes_of_the_log(self) -> Vec<Finding> {
        let place = |difference: &Difference| Some((difference.leaf?.1.0, difference.leaf?.0));
        let missing: HashMap<_, _> = self.differences.iter().filter_map(place).collect();
        let is_event = |difference: &Difference| difference.event.map(|(_, hash)| hash.0);
        let there: std::collections::HashSet<_> = self.differences.iter().filter_map(is_event).collect();
        let mut findings = Vec::new();
        for Difference { event, leaf } in self.differences {
            let moved = event.and_then(|(position, hash)| Some((position, *missing.get(&hash.0)?)));
            let gone = leaf.filter(|(_, hash)| !there.contains(&hash.0));
            match (moved, event, gone) {
                (Some((position, leaf)), ..) => findings.push(Finding::Moved { position, leaf }),
                (None, Some((position, _)), Some((leaf, _))) => {
                    findings.push(Finding::Edited { position, leaf });
                    continue;
                }
                (None, Some((position, _)), None) => findings.push(Finding::Inserted { position }),
                (None, None, _) => {}
            }
            if let Some((leaf, _)) = gone {
                findings.push(Finding::Deleted { leaf });
            }
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::leaf_hash;

    /// What is found where letters were signed and others stand in the log.
    fn found(signed: &str, log: &str) -> Vec<Finding> {
        let mut alignment = Alignment::default();
        alignment.signed.extend(signed.bytes().map(|letter| Some(leaf_hash(&[letter]))));
        alignment.log.extend((1..).zip(log.bytes()).map(|(position, letter)| Leaf {
            position,
            hash: leaf_hash(&[letter]),
            public: Vec::new(),
            happened: None,
        }));
        alignment.go_on([true; 2], &mut |_| {});
        alignment.changes_of_the_log()
    }

    #[test]
    fn what_happened_to_a_log_is_named_and_nothing_else() {
        assert_eq!(found("abcdef", "abcdef"), []);
        assert_eq!(found("abcdef", "abXdef"), [Finding::Edited { position: 3, leaf: 2 }]);
        assert_eq!(
            found("abcdef", "abcdXY"),
            [Finding::Edited { position: 5, leaf: 4 }, Finding::Edited { position: 6, leaf: 5 }]
        );
        assert_eq!(found("abcdef", "abdef"), [Finding::Deleted { leaf: 2 }]);
        assert_eq!(found("abcdef", "abXcdef"), [Finding::Inserted { position: 3 }]);
        assert_eq!(found("abcdef", "adbcef"), [Finding::Moved { position: 2, leaf: 3 }]);
        assert_eq!(
            found("abcdef", "acbdXf"),
            [Finding::Moved { position: 3, leaf: 1 }, Finding::Edited { position: 5, leaf: 4 }]
        );
        assert_eq!(found("ab", "abcd"), [], "what was not signed yet is no difference");
        assert_eq!(found("abcd", "ab"), [], "a log that was cut off is told as such");
    }

    #[test]
    fn nothing_is_said_of_leaves_of_which_nothing_is_known() {
        let mut alignment = Alignment::default();
        alignment.signed.extend([None, None, Some(leaf_hash(b"c"))]);
        alignment.log.extend((1..).zip(b"abc").map(|(position, letter)| Leaf {
            position,
            hash: leaf_hash(&[*letter]),
            public: Vec::new(),
            happened: None,
        }));
        let mut passed = 0;
        alignment.go_on([true; 2], &mut |gone| passed += u32::from(matches!(gone, Passed::Same(..))));
        assert_eq!((passed, alignment.differences.len()), (3, 0));
    }
}
