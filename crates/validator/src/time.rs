//! What time it is: of the calendar for expiries, and of a stopwatch for buckets and bounds.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::Relaxed},
};

use keyledger_domain::{Clock, Timestamp};

/// A stopwatch that only ever goes forward, whatever happens to the calendar. A coarse one will do: buckets count in
/// tenths of a millisecond.
pub trait Monotonic: Send + Sync {
    /// Nanoseconds since some fixed moment of this process.
    fn nanos(&self) -> u64;
}

/// The two clocks of a validator.
#[derive(Clone)]
pub struct Clocks {
    /// The calendar, by which keys expire and overlaps end.
    pub wall: Arc<dyn Clock>,
    /// The stopwatch, by which buckets fill and silence is measured.
    pub monotonic: Arc<dyn Monotonic>,
}

/// Reads the clocks, and never lets the calendar fall: what has expired once stays expired, also when somebody turns
/// the machine's clock back. Only for the life of the process: a clock that was wrongly ahead heals with a restart.
pub(crate) struct Time {
    clocks: Clocks,
    latest: AtomicI64,
}

impl Time {
    pub(crate) fn new(clocks: Clocks) -> Self {
        Self { clocks, latest: AtomicI64::new(0) }
    }

    /// The latest moment the calendar has shown.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.clocks.wall.now().millis();
        let latest = self.latest.load(Relaxed);
        // Written at most once a millisecond, so that cores do not fight for it.
        let latest = if now > latest { self.latest.fetch_max(now, Relaxed).max(now) } else { latest };
        Timestamp::from_millis(latest)
    }

    pub(crate) fn nanos(&self) -> u64 {
        self.clocks.monotonic.nanos()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering::SeqCst;

    use super::*;

    #[derive(Default)]
    struct Hands(AtomicI64);

    impl Clock for Hands {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(SeqCst))
        }
    }

    impl Monotonic for Hands {
        fn nanos(&self) -> u64 {
            0
        }
    }

    #[test]
    fn the_calendar_never_falls() {
        let hands = Arc::new(Hands::default());
        let time = Time::new(Clocks { wall: hands.clone(), monotonic: hands.clone() });
        let shown = |millis| {
            hands.0.store(millis, SeqCst);
            time.now().millis()
        };
        assert_eq!([5_000, 1_000, 4_999, 6_000].map(shown), [5_000, 5_000, 5_000, 6_000]);
    }
}
