//! A place in the past.

use std::fmt;

use crate::Timestamp;

/// A place in the past to which an answer belongs: a position of the log, or a moment.
///
/// At a position there is what the log says up to it. At a moment there is, of each stream, what its own events say that
/// had happened by then: within a stream the time never falls, and from one stream to the next it may, where several
/// command services write or a clock was set. So the answer at a position never changes, and the answer at a moment no
/// more once every clock that writes has passed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Up to this position and with the event there.
    Position(u64),
    /// Up to this time, and with what happened in its millisecond.
    Time(Timestamp),
}

/// The text is no place in the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMoment {
    /// A day is a day long.
    #[error(
        "is a day, of which the beginning or the end could be meant: give a moment, for example 2026-03-01T00:00:00Z"
    )]
    Day,
    /// It is something else.
    #[error(
        "is neither a moment nor a position: give RFC 3339, for example 2026-03-01T12:00:00Z, or the position of an event"
    )]
    Other,
}

impl Moment {
    /// Above every position: the numbers below 2^53 are what every JSON reader can hold.
    const POSITIONS: u64 = 1 << 53;

    /// A position in digits, or a moment in RFC 3339.
    ///
    /// # Errors
    /// [`InvalidMoment`]
    pub fn parse(text: &str) -> Result<Self, InvalidMoment> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let position = text.parse().ok().filter(|position| *position < Self::POSITIONS);
            return position.map(Self::Position).ok_or(InvalidMoment::Other);
        }
        Timestamp::parse(text).map(Self::Time).map_err(|_| {
            let is_day = Timestamp::parse(&format!("{text}T00:00:00Z")).is_ok();
            if is_day { InvalidMoment::Day } else { InvalidMoment::Other }
        })
    }

    /// Whether the event at a position had happened by then.
    #[must_use]
    pub fn includes(self, position: u64, occurred_at: Timestamp) -> bool {
        match self {
            Self::Position(last) => position <= last,
            Self::Time(time) => occurred_at <= time,
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Position(position) => write!(f, "position {position}"),
            Self::Time(time) => time.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_a_position_and_rfc_3339_is_a_moment() {
        assert_eq!(Moment::parse("0"), Ok(Moment::Position(0)));
        assert_eq!(Moment::parse("4711"), Ok(Moment::Position(4711)));
        let noon = Timestamp::parse("2026-03-01T12:00:00Z").expect("a moment");
        assert_eq!(Moment::parse("2026-03-01T14:00:00+02:00"), Ok(Moment::Time(noon)));
        for bad in ["", "now", "-1", "1.5", "9007199254740992", "99999999999999999999", "2026-02-30"] {
            assert_eq!(Moment::parse(bad), Err(InvalidMoment::Other), "{bad}");
        }
    }

    #[test]
    fn a_day_alone_could_mean_its_beginning_or_its_end_and_is_refused() {
        let refused = Moment::parse("2026-03-01").expect_err("a day");
        assert!(refused.to_string().contains("T00:00:00Z"), "{refused}");
    }

    #[test]
    fn what_happened_at_the_moment_itself_has_happened() {
        let [before, then, after] = [1, 2, 3].map(Timestamp::from_millis);
        for (moment, seen) in [(before, true), (then, true), (after, false)] {
            assert_eq!(Moment::Time(then).includes(9, moment), seen);
        }
        for (position, seen) in [(6, true), (7, true), (8, false)] {
            assert_eq!(Moment::Position(7).includes(position, then), seen);
        }
    }
}
