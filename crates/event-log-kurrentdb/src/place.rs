//! How positions of the port stand for positions of `$all`.
//!
//! KurrentDB reads from the place where a record begins, that record included, and refuses every other place. The port
//! reads behind a position, and who wants the event at a position reads behind the number before it. So an event whose
//! record begins at C has the position 2C + 2: an even number is read from its own record on, which is left out, and an
//! odd one from the record that the next number means. Both begin where a record does.

use eventstore::Position as Recorded;
use keyledger_event_log::Position;

/// The position of an event; none where the store says none, or one that cannot be told in a number below 2^53.
///
/// An event's own record is also its commit wherever one stream is written by one call, as here.
pub(crate) fn position(recorded: Recorded) -> Option<Position> {
    let number = recorded.commit.checked_mul(2)?.checked_add(2)?;
    (recorded.prepare == recorded.commit && number <= Position::MAX.get()).then(|| Position::new(number))
}

/// Where a read of everything behind `after` begins. It may find `after` itself first.
pub(crate) fn from(after: Position) -> Recorded {
    // Of 0 and 1 alone a half less one is none: everything lies behind them.
    let commit = (after.get().div_ceil(2)).saturating_sub(1);
    Recorded { commit, prepare: commit }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(commit: u64) -> Recorded {
        Recorded { commit, prepare: commit }
    }

    #[test]
    fn what_lies_behind_a_position_and_behind_the_number_before_it_is_read_from_where_the_record_begins() {
        for commit in [1, 57, 1_397, (1 << 52) - 3] {
            let place = position(recorded(commit)).expect("a position");
            assert!(place > Position::START && place < Position::MAX);
            assert_eq!(from(place), recorded(commit));
            assert_eq!(from(Position::new(place.get() - 1)), recorded(commit));
        }
        assert_eq!(from(Position::START), recorded(0));
    }

    #[test]
    fn an_event_without_a_place_of_its_own_has_no_position() {
        // What servers before 22.10 say of an event that was read from its stream.
        assert_eq!(position(recorded(u64::MAX)), None);
        assert_eq!(position(recorded(1 << 52)), None);
        assert_eq!(position(Recorded { commit: 90, prepare: 80 }), None);
    }
}
