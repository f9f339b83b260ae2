//! The clocks of this process, as the binary gives them to the key index.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use keyledger_domain::{Clock, Timestamp};
use keyledger_validator::{Clocks, Monotonic};

/// The machine's calendar, and a stopwatch that began when it was made.
#[derive(Clone, Copy)]
pub(crate) struct Machine(Instant);

impl Machine {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn nanos_at(self, moment: Instant) -> u64 {
        u64::try_from(moment.saturating_duration_since(self.0).as_nanos()).unwrap_or(u64::MAX)
    }

    pub(crate) fn clocks(self) -> Clocks {
        Clocks { wall: Arc::new(self), monotonic: Arc::new(self) }
    }
}

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
    }
}

impl Monotonic for Machine {
    fn nanos(&self) -> u64 {
        self.nanos_at(Instant::now())
    }
}
