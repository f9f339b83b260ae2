use std::num::NonZeroU32;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How often somebody may try at once, and then each minute: enough for a person who mistypes, and far too seldom for
/// whoever guesses.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
const EACH_MINUTE: NonZeroU32 = NonZeroU32::new(5).expect("not zero");

/// How many passwords are compared at once: each keeps a core busy and holds 19 MiB.
const COMPARED_AT_ONCE: usize = 2;

/// How many wait for that. More would only hold requests that others need, as those that revoke a key.
const WAITING: usize = 16;

/// How many names are remembered before those are forgotten that may try as often as any other.
const REMEMBERED: usize = 10_000;

/// Keeps guessing slow.
pub(crate) struct Attempts {
    names: DefaultKeyedRateLimiter<[u8; 32]>,
    comparing: Semaphore,
    waiting: Semaphore,
}

impl Default for Attempts {
    fn default() -> Self {
        let names = RateLimiter::keyed(Quota::per_minute(EACH_MINUTE).allow_burst(AT_ONCE));
        Self { names, comparing: Semaphore::new(COMPARED_AT_ONCE), waiting: Semaphore::new(WAITING) }
    }
}

impl Attempts {
    /// Whether somebody may try now under a name, whether or not it is anybody's.
    pub(crate) fn may_try(&self, name: &str) -> bool {
        if self.names.len() > REMEMBERED {
            self.names.retain_recent();
        }
        self.names.check_key(blake3::hash(name.to_ascii_lowercase().as_bytes()).as_bytes()).is_ok()
    }

    /// Waits until a password may be compared; none where too many wait already.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        let _waiting = self.waiting.try_acquire().ok()?;
        self.comparing.acquire().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_guesses_under_one_name_has_to_wait_and_others_do_not() {
        let attempts = Attempts::default();
        let tried = (0..100).filter(|_| attempts.may_try("ada")).count();
        assert_eq!(tried, 10);
        assert!(!attempts.may_try("ADA"), "capitals are no other name");
        assert!(attempts.may_try("grace"));
    }
}
