use uuid::Uuid;

use crate::{Claim, NewEvent, Position, Revision, StreamName};

/// Events of one stream, to be recorded together or not at all.
#[derive(Clone, Debug)]
pub struct Append {
    /// The stream they belong to.
    pub stream: StreamName,
    /// The events, with consecutive revisions; the first one's revision says how long the writer believes the stream
    /// to be, and the append is refused where it is not.
    pub events: Vec<NewEvent>,
    /// What must be unique over all streams, taken in the same transaction.
    pub claims: Vec<Claim>,
    /// Which queue it waits in.
    pub lane: Lane,
}

/// The queue an append waits in: when writers are many, what takes a right away goes before what gives one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lane {
    /// For everything else.
    #[default]
    Ordinary,
    /// For revocations: ahead of the others, and allowed into the space kept for them on a full disk.
    Urgent,
}

/// A durable append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The position of the last of its events.
    pub position: Position,
}

/// Why an append was not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Another writer was faster: the stream does not end where the writer believed. Load again and decide again.
    #[error("stream {stream} ends at {}, the append was decided for revision {decided_for}", fmt_end(*last))]
    Conflict {
        /// The stream.
        stream: StreamName,
        /// The revision of the first event of the append.
        decided_for: Revision,
        /// The stream's last revision, none where it is empty.
        last: Option<Revision>,
    },
    /// Another stream holds the claim.
    #[error("the claim {0} is taken")]
    ClaimTaken(Claim),
    /// The log holds another event under this id: another request with the same idempotency key was recorded.
    #[error("the event id {0} is taken by another event")]
    EventIdTaken(Uuid),
    /// The append is not one: no events, revisions that do not follow one another, one id twice, a part over its limit.
    #[error("not an append: {0}")]
    Malformed(&'static str),
    /// Nothing was recorded, and nothing will be.
    #[error("the log is unavailable: {0}")]
    Unavailable(String),
    /// It may or may not have been recorded. Appending the same bytes again, or looking for the event id, finds out.
    #[error("the outcome of the append is unknown: {0}")]
    OutcomeUnknown(String),
}

fn fmt_end(last: Option<Revision>) -> String {
    last.map_or_else(|| "nothing".to_owned(), |revision| format!("revision {revision}"))
}

impl Append {
    /// The largest public part, in bytes.
    pub const MAX_PUBLIC: usize = 16 * 1024;

    /// The most events in one append.
    pub const MAX_EVENTS: usize = 100;

    /// What every adapter checks before it writes.
    ///
    /// # Errors
    /// [`AppendError::Malformed`], saying what is wrong.
    pub fn check(&self) -> Result<(), AppendError> {
        let first = self.events.first().ok_or(AppendError::Malformed("it holds no events"))?;
        if self.events.len() > Self::MAX_EVENTS {
            return Err(AppendError::Malformed("it holds more than 100 events"));
        }
        let mut revision = first.revision;
        for (index, event) in self.events.iter().enumerate() {
            if event.revision != revision {
                return Err(AppendError::Malformed("its revisions do not follow one another"));
            }
            if self.events[..index].iter().any(|earlier| earlier.id == event.id) {
                return Err(AppendError::Malformed("two of its events have one id"));
            }
            if event.public.len() > Self::MAX_PUBLIC {
                return Err(AppendError::Malformed("a public part is larger than 16 KiB"));
            }
            revision = revision.next();
        }
        Ok(())
    }

    /// The revision the stream must end with for this append to be accepted; none: it must be empty.
    ///
    /// # Panics
    /// Never after [`Append::check`].
    #[must_use]
    pub fn expected(&self) -> Option<Revision> {
        let first = self.events.first().expect("a checked append holds an event").revision.get();
        first.checked_sub(1).map(Revision::new)
    }
}
