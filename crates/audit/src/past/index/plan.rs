use keyledger_domain::{Moment, Timestamp};
use keyledger_event_log::Position;

use super::{Index, Segment};

/// How a state is found: so many whole segments, then the events of these parts of the log that had happened.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::past) struct Plan {
    pub(in crate::past) whole: usize,
    pub(in crate::past) scans: Vec<(Position, Position)>,
}

/// What it costs to read the stream of one key, in events that are read one after the other.
const STREAM: usize = 30;

impl Plan {
    /// Without an index: everything is read.
    pub(in crate::past) fn of_everything(moment: Moment, head: Position) -> Self {
        let mut scans = Vec::new();
        add(&mut scans, Position::START, end_for(moment, head));
        Self { whole: 0, scans }
    }
}

impl Index {
    /// How the state at a moment is found with the least work.
    pub(in crate::past) fn plan(&self, moment: Moment, head: Position) -> Plan {
        let mut scans = Vec::new();
        let whole = match moment {
            Moment::Position(position) => {
                self.segments.partition_point(|segment| segment.last.get() <= position)
            }
            Moment::Time(time) => {
                let whole = self.cheapest(time);
                for segment in self.segments[whole..].iter().filter(|segment| segment.times.begin_by(time)) {
                    add(&mut scans, segment.after, segment.last);
                }
                whole
            }
        };
        let rest = if matches!(moment, Moment::Time(_)) { self.segments.len() } else { whole };
        add(&mut scans, self.end_of(rest), end_for(moment, head));
        Plan { whole, scans }
    }

    /// The parts of the log that hold what happened after one moment and by another.
    pub(in crate::past) fn between(
        &self,
        from: Moment,
        to: Moment,
        head: Position,
    ) -> Vec<(Position, Position)> {
        let mut parts = Vec::new();
        match (from, to) {
            (Moment::Time(from), Moment::Time(to)) => {
                let holds = |s: &&Segment| s.times.begin_by(to) && s.times.end_after(from);
                for segment in self.segments.iter().filter(holds) {
                    add(&mut parts, segment.after, segment.last);
                }
                add(&mut parts, self.end(), head);
            }
            (Moment::Position(from), _) => add(&mut parts, Position::new(from), end_for(to, head)),
            (Moment::Time(_), Moment::Position(_)) => add(&mut parts, Position::START, end_for(to, head)),
        }
        parts
    }

    /// How many whole segments to begin with. What they hold that had not happened yet has to be folded anew, key by key;
    /// of those behind them every event has to be read where one of it may have happened. Clocks may have jumped, so
    /// either can be much.
    fn cheapest(&self, time: Timestamp) -> usize {
        let events = self.shape.events;
        let read = |segment: &Segment| if segment.times.begin_by(time) { events } else { 0 };
        let mut cost: usize = self.segments.iter().map(read).sum();
        let (mut best, mut least) = (0, cost);
        for (number, segment) in self.segments.iter().enumerate() {
            cost = cost - read(segment) + STREAM * segment.times.later_than(time, events);
            if cost <= least {
                (best, least) = (number + 1, cost);
            }
        }
        best
    }
}

/// Where the log ends, as far as a moment is concerned.
fn end_for(moment: Moment, head: Position) -> Position {
    match moment {
        Moment::Position(position) => head.min(Position::new(position)),
        Moment::Time(_) => head,
    }
}

/// Adds a part of the log, to the one before it where it goes on.
fn add(parts: &mut Vec<(Position, Position)>, after: Position, up_to: Position) {
    match parts.last_mut() {
        _ if after >= up_to => {}
        Some(last) if last.1 == after => last.1 = up_to,
        _ => parts.push((after, up_to)),
    }
}
