//! Moments, to the millisecond.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A moment in UTC, in whole milliseconds. Its text is RFC 3339 with exactly three decimals and `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(with = "String", extend("format" = "date-time")))]
pub struct Timestamp(i64);

/// Where the time comes from: the machine in the product, a fixed hand in tests.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The text is no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a moment: give RFC 3339 between the years 1970 and 9999, for example 2027-01-31T12:00:00Z")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// The last millisecond of the year 9999, the last one RFC 3339 can write.
    const MAX_MILLIS: i64 = 253_402_300_799_999;

    /// A moment by its milliseconds since 1970, brought between the years 1970 and 9999.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        if millis < 0 {
            Self(0)
        } else if millis > Self::MAX_MILLIS {
            Self(Self::MAX_MILLIS)
        } else {
            Self(millis)
        }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The moment this many seconds later.
    #[must_use]
    pub const fn plus_seconds(self, seconds: u32) -> Self {
        Self::from_millis(self.0.saturating_add(seconds as i64 * 1_000))
    }

    /// Whole minutes since 1970; what is left over is cut off.
    #[must_use]
    pub fn minutes(self) -> u32 {
        u32::try_from(self.0 / 60_000).unwrap_or(u32::MAX)
    }

    /// The beginning of a minute, by its number since 1970.
    #[must_use]
    pub const fn from_minutes(minutes: u32) -> Self {
        Self::from_millis(minutes as i64 * 60_000)
    }

    /// A moment from RFC 3339 text with any offset; parts of a millisecond are cut off.
    ///
    /// # Errors
    /// [`InvalidTimestamp`] where the text is something else, or a year outside 1970 to 9999.
    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        let millis = DateTime::parse_from_rfc3339(text).map_err(|_| InvalidTimestamp)?.timestamp_millis();
        let moment = Self::from_millis(millis);
        if moment.0 == millis { Ok(moment) } else { Err(InvalidTimestamp) }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment: DateTime<Utc> = DateTime::from_timestamp_millis(self.0).unwrap_or_default();
        f.write_str(&moment.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Timestamp;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 moment")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                Timestamp::parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_in_utc_with_milliseconds() {
        let moment = Timestamp::parse("2026-03-01T14:30:00.1239+02:00").expect("a moment");
        assert_eq!(moment.to_string(), "2026-03-01T12:30:00.123Z");
        assert_eq!(Timestamp::parse(&moment.to_string()), Ok(moment));
    }

    #[test]
    fn a_moment_is_cut_off_to_the_minute_it_lies_in() {
        let floor = |moment: Timestamp| Timestamp::from_minutes(moment.minutes()).to_string();
        let moment = Timestamp::parse("2026-03-01T12:30:59.999Z").expect("a moment");
        assert_eq!(floor(moment), "2026-03-01T12:30:00.000Z");
        assert_eq!(floor(Timestamp::from_minutes(moment.minutes())), "2026-03-01T12:30:00.000Z");
        assert_eq!(floor(Timestamp::from_millis(i64::MAX)), "9999-12-31T23:59:00.000Z");
    }

    #[test]
    fn what_rfc_3339_cannot_write_is_no_moment() {
        for text in
            ["", "2026-03-01", "2026-03-01T12:00:00", "1969-12-31T23:59:59Z", "10000-01-01T00:00:00Z", "now"]
        {
            assert_eq!(Timestamp::parse(text), Err(InvalidTimestamp), "{text}");
        }
        assert_eq!(Timestamp::from_millis(i64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
    }
}
