use super::Contents;
use crate::{Append, AppendError, Appended, Position, RecordedEvent};

impl Contents {
    pub(super) fn append(&mut self, append: Append) -> Result<Appended, AppendError> {
        append.check()?;
        if let Some(position) = self.recorded_before(&append)? {
            return Ok(Appended { position });
        }
        let last = self.streams.get(&append.stream).and_then(|indices| self.events.get(*indices.last()?));
        let last = last.map(|event| event.revision);
        if last != append.expected() {
            return Err(AppendError::Conflict {
                decided_for: append.events[0].revision,
                stream: append.stream,
                last,
            });
        }
        for claim in &append.claims {
            if self.claims.get(claim).is_some_and(|holder| *holder != append.stream) {
                return Err(AppendError::ClaimTaken(claim.clone()));
            }
        }
        Ok(self.record(append))
    }

    /// The position of the append's last event where exactly this append was recorded before.
    fn recorded_before(&self, append: &Append) -> Result<Option<Position>, AppendError> {
        let known = append.events.iter().find_map(|event| Some((self.ids.get(&event.id)?, event)));
        let Some((_, clash)) = known else { return Ok(None) };
        let mut position = Position::START;
        for event in &append.events {
            match self.ids.get(&event.id).map(|index| &self.events[*index]) {
                Some(recorded) if recorded.is(&append.stream, event) => position = recorded.position,
                _ => return Err(AppendError::EventIdTaken(clash.id)),
            }
        }
        Ok(Some(position))
    }

    fn record(&mut self, append: Append) -> Appended {
        for claim in append.claims {
            self.claims.insert(claim, append.stream.clone());
        }
        for event in append.events {
            let index = self.events.len();
            self.ids.insert(event.id, index);
            self.streams.entry(append.stream.clone()).or_default().push(index);
            self.events.push(RecordedEvent {
                position: Position::new(index as u64 + 1),
                id: event.id,
                stream: append.stream.clone(),
                revision: event.revision,
                public: event.public,
                private: event.private,
                mac: event.mac,
            });
        }
        Appended { position: self.head() }
    }
}
