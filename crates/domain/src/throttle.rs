//! How fast a key may call.

use serde::{Deserialize, Serialize};

/// A token bucket: it fills at a steady rate and holds a burst at most. All secrets of a key share its bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", try_from = "Unchecked")]
#[cfg_attr(test, schemars(!try_from))]
pub struct Throttle {
    #[cfg_attr(test, schemars(range(min = 1, max = 1_000_000)))]
    rate_per_second: u32,
    #[cfg_attr(test, schemars(range(min = 1, max = 1_000_000)))]
    burst: u32,
}

/// A rate or a burst is out of its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be between 1 and 1,000,000")]
pub struct InvalidThrottle;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Unchecked {
    rate_per_second: u32,
    burst: u32,
}

impl Throttle {
    /// The largest rate and the largest burst.
    pub const MAX: u32 = 1_000_000;

    /// The throttle of a key for which none was asked: 10 requests a second, 20 at once.
    pub const DEFAULT: Self = Self { rate_per_second: 10, burst: 20 };

    /// A throttle of so many requests a second, and so many at once.
    ///
    /// # Errors
    /// [`InvalidThrottle`] where either is 0 or above a million.
    pub const fn new(rate_per_second: u32, burst: u32) -> Result<Self, InvalidThrottle> {
        if rate_per_second == 0 || rate_per_second > Self::MAX || burst == 0 || burst > Self::MAX {
            return Err(InvalidThrottle);
        }
        Ok(Self { rate_per_second, burst })
    }

    /// Tokens that come back each second.
    #[must_use]
    pub const fn rate_per_second(self) -> u32 {
        self.rate_per_second
    }

    /// Tokens that a full bucket holds.
    #[must_use]
    pub const fn burst(self) -> u32 {
        self.burst
    }
}

impl TryFrom<Unchecked> for Throttle {
    type Error = InvalidThrottle;
    fn try_from(unchecked: Unchecked) -> Result<Self, InvalidThrottle> {
        Self::new(unchecked.rate_per_second, unchecked.burst)
    }
}
