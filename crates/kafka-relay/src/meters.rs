use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

/// What is measured of the relay.
pub(crate) struct Meters {
    pub(crate) position: Gauge,
    pub(crate) lag_events: Gauge,
    lag_seconds: Gauge,
    /// How many events one transaction held.
    pub(crate) transaction_events: Histogram,
    transaction_seconds: Histogram,
    /// How often the transactional id was taken over: once for each start, and after each trouble.
    pub(crate) takeovers: Counter,
    pub(crate) unreadable: Counter,
}

impl Meters {
    pub(crate) fn new() -> Self {
        Self {
            position: gauge!("keyledger_kafka_relay_position"),
            lag_events: gauge!("keyledger_kafka_relay_lag_events"),
            lag_seconds: gauge!("keyledger_kafka_relay_lag_seconds"),
            transaction_events: histogram!("keyledger_kafka_relay_transaction_events"),
            transaction_seconds: histogram!("keyledger_kafka_relay_transaction_seconds"),
            takeovers: counter!("keyledger_kafka_relay_takeovers_total"),
            unreadable: counter!("keyledger_kafka_relay_unreadable_events"),
        }
    }

    /// How long ago everything was last known to be published.
    pub(crate) fn lag_seconds(&self, lag: Duration) {
        self.lag_seconds.set(lag.as_secs_f64());
    }

    /// How long a transaction took: from when its events were there until it was committed.
    pub(crate) fn transaction_seconds(&self, took: Duration) {
        self.transaction_seconds.record(took.as_secs_f64());
    }
}
