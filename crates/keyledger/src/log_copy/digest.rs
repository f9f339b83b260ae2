use keyledger_event_log::RecordedEvent;

/// A digest over everything a log holds, in its order: two logs with the same one are the same, byte for byte, wherever
/// their stores put the events.
pub(super) struct Digest(blake3::Hasher);

impl Digest {
    pub(super) fn new() -> Self {
        Self(blake3::Hasher::new_derive_key("keyledger log digest v1"))
    }

    /// Takes the next event in, each part after its length, so that no two lists of parts make one digest. `number` counts
    /// events from 1, as positions do where they have no gaps.
    pub(super) fn take_in(&mut self, number: u64, event: &RecordedEvent) {
        self.0.update(&number.to_be_bytes());
        self.0.update(&event.revision.get().to_be_bytes());
        self.0.update(event.id.as_bytes());
        for part in [event.stream.as_str().as_bytes(), &event.public, &event.private, &event.mac] {
            self.0.update(&(part.len() as u64).to_be_bytes());
            self.0.update(part);
        }
    }

    /// The digest of what was taken in so far, in hexadecimal.
    pub(super) fn so_far(&self) -> String {
        self.0.finalize().to_hex().to_string()
    }
}
