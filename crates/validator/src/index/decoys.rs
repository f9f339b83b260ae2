//! What is looked up so that the time of a refusal does not tell whether anybody has a prefix.
//!
//! A wrong secret under a known prefix costs one look-up that finds a slot, and a comparison with what is in it. A prefix
//! that nobody has costs one that finds nothing. So each is made to cost the other's as well.

use std::sync::Arc;

use arc_swap::ArcSwap;
use keyledger_domain::Prefix;

/// How many prefixes are kept: so many that a decoy's slot is hardly warmer than the one it stands for. A prime, so that
/// every character of a prefix has a say in which one it gets.
const MOST: usize = 1_021;

/// The first prefixes that were ever used. A slot is never removed, so they are found for ever.
#[derive(Default)]
pub(super) struct Decoys(ArcSwap<Vec<Prefix>>);

impl Decoys {
    /// Keeps a prefix, while there are few. For the one writer.
    pub(super) fn offer(&self, prefix: Prefix) {
        let held = self.0.load();
        if held.len() < MOST {
            self.0.store(Arc::new([&held[..], &[prefix]].concat()));
        }
    }

    /// What to look up besides `prefix`: where that was found, a prefix that nobody has, and otherwise one that somebody
    /// has; the same one each time. Both are made in either case, for the sake of the time.
    pub(super) fn beside(&self, prefix: Prefix, found: bool) -> Prefix {
        let both = [self.somebodys(prefix), nobodys(prefix)];
        both[usize::from(found)]
    }

    /// One of the prefixes that are kept; `prefix` itself where none is.
    fn somebodys(&self, prefix: Prefix) -> Prefix {
        let held = self.0.load();
        let number = u64::from_be_bytes(prefix.to_bytes());
        let place = number.checked_rem(held.len() as u64).and_then(|place| usize::try_from(place).ok());
        place.map_or(prefix, |place| held[place])
    }
}

/// A prefix that nobody has, as good as certainly: this one with its other seven characters backwards.
fn nobodys(prefix: Prefix) -> Prefix {
    let mut bytes = prefix.to_bytes();
    bytes[1..].reverse();
    Prefix::parse(&bytes).unwrap_or(prefix)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn prefix(number: usize) -> Prefix {
        Prefix::parse(format!("P{number:07}").as_bytes()).expect("a prefix")
    }

    #[test]
    fn any_prefix_is_answered_with_one_of_those_that_were_offered_first() {
        let decoys = Decoys::default();
        assert_eq!(decoys.beside(prefix(7), false), prefix(7), "there is none yet");
        (0..2 * MOST).for_each(|number| decoys.offer(prefix(number)));
        let first: HashSet<_> = (0..MOST).map(prefix).collect();
        let named: HashSet<_> = (0..100_000).map(|number| decoys.beside(prefix(number), false)).collect();
        assert_eq!(named, first, "each of them, and no other");
    }

    #[test]
    fn a_prefix_that_was_found_is_answered_with_one_that_nobody_has() {
        let (decoys, known) = (Decoys::default(), Prefix::parse(b"hT4kQ9xZ").expect("a prefix"));
        decoys.offer(known);
        assert_eq!(decoys.beside(known, true).as_str(), "hZx9Qk4T");
    }
}
