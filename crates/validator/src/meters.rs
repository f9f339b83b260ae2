//! What is counted. Handles are taken once, so that a request costs one addition.

use std::cell::Cell;

use keyledger_domain::verdict::Code;
use metrics::{Counter, Gauge, Histogram};

use crate::sampled::Sampled;

thread_local! {
    /// Requests of one worker, counted for sampling; a counter a route, so that no pattern of one hides the other.
    static HEALTH: Cell<u32> = const { Cell::new(0) };
    static AUTHORIZE: Cell<u32> = const { Cell::new(0) };
}

/// The numbers of one validator.
pub(crate) struct Meters {
    verdicts: [Counter; Code::ALL.len()],
    missing: Counter,
    doubled: Counter,
    cannot_know: Counter,
    pub(crate) health: Sampled,
    pub(crate) authorize: Sampled,
    /// Each of them: one that waits for a position is rare, and is what this is for.
    pub(crate) verify_seconds: Histogram,
    pub(crate) position: Gauge,
    pub(crate) staleness: Gauge,
    pub(crate) keys: Gauge,
    pub(crate) secrets: Gauge,
    pub(crate) waiters: Gauge,
}

impl Meters {
    /// Registers with the recorder that is installed by now.
    pub(crate) fn new() -> Self {
        let verdicts =
            |code: &'static str| metrics::counter!("keyledger_validator_verdicts_total", "code" => code);
        let seconds = |route: &'static str| metrics::histogram!("keyledger_validator_request_seconds", "route" => route);
        Self {
            verdicts: Code::ALL.map(|code| verdicts(code.as_str())),
            missing: verdicts("MISSING"),
            doubled: verdicts("DOUBLED"),
            cannot_know: verdicts("CANNOT_KNOW"),
            health: Sampled::new(seconds("health"), &HEALTH),
            authorize: Sampled::new(seconds("authorize"), &AUTHORIZE),
            verify_seconds: seconds("verify"),
            position: metrics::gauge!("keyledger_validator_position"),
            staleness: metrics::gauge!("keyledger_validator_staleness_seconds"),
            keys: metrics::gauge!("keyledger_validator_keys"),
            secrets: metrics::gauge!("keyledger_validator_secrets"),
            waiters: metrics::gauge!("keyledger_validator_waiters"),
        }
    }

    pub(crate) fn verdict(&self, code: Code) {
        // The codes are numbered in the order of `Code::ALL`.
        self.verdicts[code as usize].increment(1);
    }

    pub(crate) fn missing(&self) {
        self.missing.increment(1);
    }

    pub(crate) fn doubled(&self) {
        self.doubled.increment(1);
    }

    pub(crate) fn cannot_know(&self) {
        self.cannot_know.increment(1);
    }
}
