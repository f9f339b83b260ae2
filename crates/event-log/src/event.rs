use uuid::Uuid;

use crate::{Position, Revision, StreamName};

/// An event to be appended: opaque bytes, and what the log must know to order them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Unique in the whole log. The same id with the same bytes is the same event.
    pub id: Uuid,
    /// The revision this event was decided for. It is signed with the event, so the log never chooses it.
    pub revision: Revision,
    /// The public part, at most 16 KiB of JSON, kept byte for byte for ever.
    pub public: Vec<u8>,
    /// The private part, kept byte for byte; it may be purged (emptied) later.
    pub private: Vec<u8>,
    /// The authentication code over the public part.
    pub mac: Vec<u8>,
}

/// An event as the log holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Its place in the one order; given by the log.
    pub position: Position,
    /// Its id.
    pub id: Uuid,
    /// The stream it belongs to.
    pub stream: StreamName,
    /// Its place in that stream.
    pub revision: Revision,
    /// The public part, as it was appended.
    pub public: Vec<u8>,
    /// The private part, as it was appended; empty once it was purged.
    pub private: Vec<u8>,
    /// The authentication code, as it was appended.
    pub mac: Vec<u8>,
}

impl RecordedEvent {
    /// Whether this is `event`: the same id at the same revision with the same public part. The private part may
    /// have been purged since, and the code follows from the public part.
    #[must_use]
    pub fn is(&self, stream: &StreamName, event: &NewEvent) -> bool {
        self.id == event.id
            && self.stream == *stream
            && self.revision == event.revision
            && self.public == event.public
    }
}
