use std::borrow::Cow;

use uuid::Uuid;

use super::{MacKeys, Private, Purpose, Stream, private::seal_of, public};
use crate::{Actor, Timestamp, event::Body};

/// An event that is about to be recorded.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its id.
    pub id: Uuid,
    /// The log it is for.
    pub log: Uuid,
    /// The life of that log.
    pub epoch: u32,
    /// What it is about.
    pub stream: Stream,
    /// The revision it was decided for.
    pub revision: u64,
    /// When it happens; never before the stream's last event.
    pub occurred_at: Timestamp,
    /// Who causes it.
    pub actor: Actor,
    /// The request that causes it.
    pub request_id: String,
    /// What happens.
    pub body: Body,
    /// What never leaves the registry.
    pub private: Private,
}

/// The three parts of an event, as they are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The public part.
    pub public: Vec<u8>,
    /// The private part.
    pub private: Vec<u8>,
    /// The authentication code.
    pub mac: Vec<u8>,
}

/// An event that cannot be written: one that this build could only read as unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event that cannot be read cannot be written")]
pub struct SealError;

/// Makes the bytes of an event.
///
/// # Errors
/// [`SealError`] for [`Body::Unreadable`].
pub fn seal(draft: &Draft, keys: &MacKeys) -> Result<Sealed, SealError> {
    let private = draft.private.to_bytes();
    let (event_type, schema_version, data) = public::write(&draft.body).ok_or(SealError)?;
    let public = public::Public {
        id: draft.id,
        log: draft.log,
        epoch: draft.epoch,
        stream: Cow::Owned(draft.stream.to_string()),
        revision: draft.revision,
        event_type: Cow::Borrowed(event_type),
        schema_version,
        occurred_at: draft.occurred_at,
        actor: draft.actor.clone(),
        request_id: Cow::Borrowed(&draft.request_id),
        data: Cow::Owned(data),
        sealed: Cow::Owned(seal_of(&private)),
    };
    let public = serde_json::to_vec(&public).map_err(|_| SealError)?;
    let mac = keys.sign(Purpose::Event, &[&public]);
    Ok(Sealed { public, private, mac })
}
