use std::collections::HashMap;

use uuid::Uuid;

/// Where the first record begins: a real server has written some of its own before it lets anybody in.
const BEGINNING: u64 = 1_397;

/// What a record takes up besides what is in it.
const FRAME: u64 = 71;

/// What a client wants recorded.
#[derive(Clone)]
pub(crate) struct Proposed {
    pub(crate) id: Uuid,
    /// Its type and content type.
    pub(crate) properties: HashMap<String, String>,
    pub(crate) data: Vec<u8>,
    pub(crate) metadata: Vec<u8>,
}

/// What is recorded.
#[derive(Clone)]
pub(crate) struct Record {
    pub(crate) position: u64,
    pub(crate) stream: String,
    pub(crate) revision: u64,
    pub(crate) event: Proposed,
}

/// How a writer believes its stream to end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    Any,
    Exists,
    NoStream,
    Revision(u64),
}

/// What became of an append.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    /// It is in the database, now or since earlier.
    Recorded { revision: u64, position: u64 },
    /// The stream ends elsewhere.
    Wrong { current: Option<u64> },
}

/// Everything that is recorded, in one order.
#[derive(Clone, Default)]
pub(crate) struct Database {
    records: Vec<Record>,
    streams: HashMap<String, Vec<usize>>,
}

impl Database {
    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }

    /// The records of a stream; none: there is no such stream.
    pub(crate) fn stream(&self, name: &str) -> Option<Vec<&Record>> {
        Some(self.streams.get(name)?.iter().map(|at| &self.records[*at]).collect())
    }

    /// Cuts off the end, as an older copy lacks it.
    pub(crate) fn truncate(&mut self, keep: usize) {
        self.records.truncate(keep);
        for places in self.streams.values_mut() {
            places.retain(|at| *at < keep);
        }
        self.streams.retain(|_, places| !places.is_empty());
    }

    /// Loses one revision of a stream.
    pub(crate) fn lose(&mut self, stream: &str, revision: usize) {
        if let Some(places) = self.streams.get_mut(stream) {
            places.remove(revision);
        }
    }

    /// The place of the first record from a position on. None: no record begins there, and it is not behind the last.
    pub(crate) fn from(&self, position: u64) -> Option<usize> {
        if position == 0 {
            return Some(0);
        }
        let at = self.records.partition_point(|record| record.position < position);
        let begins = self.records.get(at).is_none_or(|record| record.position == position);
        begins.then_some(at)
    }

    /// Judges as the server does: what would change the past is recorded already, id by id, or wrong; what goes on at the
    /// end is recorded, whatever its ids are.
    pub(crate) fn append(&mut self, stream: &str, expected: Expected, events: Vec<Proposed>) -> Judged {
        let held = self.stream(stream).unwrap_or_default();
        let current = held.last().map(|last| last.revision);
        let wrong = Judged::Wrong { current };
        let again_from = match expected {
            Expected::Exists if current.is_none() => return wrong,
            Expected::Any | Expected::Exists => {
                let first = events
                    .first()
                    .and_then(|first| held.iter().position(|record| record.event.id == first.id));
                match first {
                    Some(at) => at,
                    None => return self.record(stream, current, events),
                }
            }
            Expected::NoStream if current.is_none() => return self.record(stream, current, events),
            Expected::NoStream => 0,
            Expected::Revision(revision) if current == Some(revision) => {
                return self.record(stream, current, events);
            }
            Expected::Revision(revision) if current.is_some_and(|current| revision < current) => {
                revision as usize + 1
            }
            Expected::Revision(_) => return wrong,
        };
        let mut last = None;
        for (place, event) in events.iter().enumerate() {
            match held.get(again_from + place) {
                Some(record) if record.event.id == event.id => last = Some(*record),
                _ => return wrong,
            }
        }
        last.map_or(wrong, |last| Judged::Recorded { revision: last.revision, position: last.position })
    }

    fn record(&mut self, stream: &str, current: Option<u64>, events: Vec<Proposed>) -> Judged {
        let mut judged = Judged::Wrong { current };
        for (revision, event) in (current.map_or(0, |current| current + 1)..).zip(events) {
            let position = self.records.last().map_or(BEGINNING, |last| last.position + last.size());
            judged = Judged::Recorded { revision, position };
            self.streams.entry(stream.to_owned()).or_default().push(self.records.len());
            self.records.push(Record { position, stream: stream.to_owned(), revision, event });
        }
        judged
    }
}

impl Record {
    fn size(&self) -> u64 {
        let properties: usize =
            self.event.properties.iter().map(|(name, value)| name.len() + value.len()).sum();
        FRAME + (self.stream.len() + properties + self.event.data.len() + self.event.metadata.len()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: u128, data: &str) -> Proposed {
        Proposed {
            id: Uuid::from_u128(id),
            properties: HashMap::new(),
            data: data.into(),
            metadata: Vec::new(),
        }
    }

    fn revision(judged: &Judged) -> Option<u64> {
        match judged {
            Judged::Recorded { revision, .. } => Some(*revision),
            Judged::Wrong { .. } => None,
        }
    }

    #[test]
    fn an_id_at_its_own_revision_is_acknowledged_again_whatever_its_bytes_are() {
        let mut database = Database::default();
        let first = database.append("key-1", Expected::NoStream, vec![event(1, "a"), event(2, "b")]);
        assert_eq!(database.append("key-1", Expected::NoStream, vec![event(1, "x"), event(2, "y")]), first);
        assert_eq!(revision(&database.append("key-1", Expected::Revision(0), vec![event(2, "z")])), Some(1));
        assert_eq!(database.records().len(), 2);
    }

    #[test]
    fn an_id_at_the_end_is_recorded_a_second_time() {
        let mut database = Database::default();
        database.append("key-1", Expected::NoStream, vec![event(1, "a")]);
        assert_eq!(revision(&database.append("key-1", Expected::Revision(0), vec![event(1, "a")])), Some(1));
    }

    #[test]
    fn what_does_not_go_on_at_the_end_is_wrong_and_told_where_the_end_is() {
        let mut database = Database::default();
        assert_eq!(
            database.append("key-1", Expected::Revision(0), vec![event(1, "")]),
            Judged::Wrong { current: None }
        );
        database.append("key-1", Expected::NoStream, vec![event(1, ""), event(2, "")]);
        for (expected, id) in
            [(Expected::NoStream, 9), (Expected::Revision(0), 9), (Expected::Revision(7), 9)]
        {
            assert_eq!(
                database.append("key-1", expected, vec![event(id, "")]),
                Judged::Wrong { current: Some(1) }
            );
        }
        // A part of it is recorded, and a part is not.
        let half = database.append("key-1", Expected::Revision(0), vec![event(2, ""), event(3, "")]);
        assert_eq!(half, Judged::Wrong { current: Some(1) });
    }

    #[test]
    fn positions_are_sparse_and_only_the_beginning_of_a_record_is_a_place_to_read_from() {
        let mut database = Database::default();
        database.append("key-1", Expected::NoStream, vec![event(1, "a"), event(2, "bb")]);
        let [first, second] = [0, 1].map(|at| database.records()[at].position);
        assert!(second > first + 1);
        assert_eq!(
            [0, first, second, second + 1].map(|from| database.from(from)),
            [Some(0), Some(0), Some(1), Some(2)]
        );
        assert_eq!([first - 1, first + 1, second - 1].map(|from| database.from(from)), [None; 3]);
    }
}
