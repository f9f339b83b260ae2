use uuid::Uuid;

use super::Contents;
use crate::{Position, RecordedEvent, Revision, StreamName};

impl Contents {
    pub(super) fn head(&self) -> Position {
        Position::new(self.events.len() as u64)
    }

    pub(super) fn read(&self, after: Position, limit: usize) -> Vec<RecordedEvent> {
        let start = usize::try_from(after.get()).unwrap_or(usize::MAX);
        self.events.iter().skip(start).take(limit).cloned().collect()
    }

    pub(super) fn read_stream(&self, stream: &StreamName, from: Revision) -> Vec<RecordedEvent> {
        let indices = self.streams.get(stream).map_or(&[][..], Vec::as_slice);
        indices
            .iter()
            .map(|index| &self.events[*index])
            .filter(|event| event.revision >= from)
            .cloned()
            .collect()
    }

    pub(super) fn find(&self, id: Uuid) -> Option<RecordedEvent> {
        self.ids.get(&id).map(|index| self.events[*index].clone())
    }
}
