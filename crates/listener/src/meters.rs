//! What a listener counts.

use metrics::{Counter, Gauge, counter, describe_counter, describe_gauge, gauge};

use crate::refusal::Refusal;

const OPEN: &str = "keyledger_listener_open_connections";
const ACCEPTED: &str = "keyledger_listener_accepted_connections_total";
const CLOSED: &str = "keyledger_listener_closed_connections_total";
const REFUSED: &str = "keyledger_listener_refused_requests_total";

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The client left, or an answer said that it was the last one.
    Done,
    /// The TLS handshake failed or took too long.
    Handshake,
    /// Nothing was asked for too long.
    Idle,
    /// A head was too slow.
    Head,
    /// A head was too large.
    HeadTooLarge,
    /// A body was too slow.
    Body,
    /// The client did not take its answer.
    StalledReader,
    /// It was quiet, and another needed its place.
    MadeRoom,
    /// There was no place for it.
    NoRoom,
}

impl End {
    const ALL: [Self; 9] = [
        Self::Done,
        Self::Handshake,
        Self::Idle,
        Self::Head,
        Self::HeadTooLarge,
        Self::Body,
        Self::StalledReader,
        Self::MadeRoom,
        Self::NoRoom,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Handshake => "handshake",
            Self::Idle => "idle",
            Self::Head => "slow-head",
            Self::HeadTooLarge => "head-too-large",
            Self::Body => "slow-body",
            Self::StalledReader => "stalled-reader",
            Self::MadeRoom => "made-room",
            Self::NoRoom => "no-room",
        }
    }
}

/// Handles of one listener's metrics, looked up once: the recorder has to be installed before the listener starts.
pub(crate) struct Meters {
    open: Gauge,
    accepted: Counter,
    closed: [Counter; End::ALL.len()],
    refused: [Counter; Refusal::ALL.len()],
}

impl Meters {
    pub(crate) fn new(listener: &'static str) -> Self {
        describe_gauge!(OPEN, "Connections that are open now");
        describe_counter!(ACCEPTED, "Connections accepted");
        describe_counter!(CLOSED, "Connections closed, by reason");
        describe_counter!(
            REFUSED,
            "Requests that the listener refused itself, by reason; overload is load that was shed"
        );
        Self {
            open: gauge!(OPEN, "listener" => listener),
            accepted: counter!(ACCEPTED, "listener" => listener),
            closed: End::ALL.map(|end| counter!(CLOSED, "listener" => listener, "reason" => end.label())),
            refused: Refusal::ALL
                .map(|refusal| counter!(REFUSED, "listener" => listener, "reason" => refusal.label())),
        }
    }

    pub(crate) fn opened(&self) {
        self.accepted.increment(1);
        self.open.increment(1);
    }

    pub(crate) fn closed(&self, end: End) {
        self.closed[end as usize].increment(1);
        self.open.decrement(1);
    }

    pub(crate) fn refused(&self, refusal: Refusal) {
        self.refused[refusal as usize].increment(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_counts_in_its_own_place() {
        for (place, end) in End::ALL.into_iter().enumerate() {
            assert_eq!(end as usize, place);
        }
        for (place, refusal) in Refusal::ALL.into_iter().enumerate() {
            assert_eq!(refusal as usize, place);
        }
    }
}
