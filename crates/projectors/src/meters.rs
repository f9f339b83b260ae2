use std::time::Duration;

use keyledger_domain::event::Body;
use keyledger_event_log::Position;
use metrics::{Counter, Gauge, counter, gauge};

use crate::CheckedEvent;

/// What is measured of one projection.
pub(crate) struct Meters {
    projection: &'static str,
    position: Gauge,
    lag_events: Gauge,
    lag_seconds: Gauge,
    unreadable: Counter,
}

impl Meters {
    pub(crate) fn new(projection: &'static str) -> Self {
        Self {
            projection,
            position: gauge!("keyledger_projectors_position", "projection" => projection),
            lag_events: gauge!("keyledger_projectors_lag_events", "projection" => projection),
            lag_seconds: gauge!("keyledger_projectors_lag_seconds", "projection" => projection),
            unreadable: counter!("keyledger_projectors_unreadable_events", "projection" => projection),
        }
    }

    /// The last position the projection holds.
    pub(crate) fn position(&self, position: Position) {
        self.position.set(position.get() as f64);
    }

    /// How many events the projection lacks, as far as the log has told.
    pub(crate) fn lag_events(&self, events: u64) {
        self.lag_events.set(events as f64);
    }

    /// How long ago the projection last held everything.
    pub(crate) fn lag_seconds(&self, lag: Duration) {
        self.lag_seconds.set(lag.as_secs_f64());
    }

    /// Raises the alarm for every event that this build cannot read.
    pub(crate) fn alarm(&self, events: &[CheckedEvent]) {
        for CheckedEvent { position, event, .. } in events {
            if let Body::Unreadable(unreadable) = &event.body {
                self.unreadable.increment(1);
                tracing::error!(
                    projection = self.projection,
                    position = position.get(),
                    stream = %event.stream,
                    event_type = unreadable.event_type,
                    schema_version = unreadable.schema_version,
                    why = unreadable.why,
                    "this build cannot read an event: what it is about is denied until a newer build runs"
                );
            }
        }
    }
}
