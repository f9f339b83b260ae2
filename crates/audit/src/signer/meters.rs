use std::time::Duration;

use metrics::{Gauge, gauge};

/// What is measured of the signer.
pub(super) struct Meters {
    pub(super) signed: Gauge,
    pub(super) lag_events: Gauge,
    lag_seconds: Gauge,
    /// 1 once the signer stopped by itself: the alarm for somebody to look.
    pub(super) stopped: Gauge,
}

impl Meters {
    pub(super) fn new() -> Self {
        let stopped = gauge!("keyledger_audit_signer_stopped");
        stopped.set(0.0);
        Self {
            signed: gauge!("keyledger_audit_signer_signed_events"),
            lag_events: gauge!("keyledger_audit_signer_lag_events"),
            lag_seconds: gauge!("keyledger_audit_signer_lag_seconds"),
            stopped,
        }
    }

    /// How long ago everything was last known to be signed.
    pub(super) fn lag(&self, lag: Duration) {
        self.lag_seconds.set(lag.as_secs_f64());
    }
}
