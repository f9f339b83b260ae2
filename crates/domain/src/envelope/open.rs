use uuid::Uuid;

use super::{
    Event, MacKeys, Private, Purpose, Stream, WrongMac,
    private::seal_of,
    public::{Public, read_body},
};
use crate::event::{Body, Unreadable};

/// An event as a log holds it: its parts, and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// The id under which the log holds it.
    pub id: Uuid,
    /// The stream in which the log holds it.
    pub stream: &'a str,
    /// The revision at which the log holds it.
    pub revision: u64,
    /// The public part.
    pub public: &'a [u8],
    /// The private part; empty once it was purged.
    pub private: &'a [u8],
    /// The authentication code.
    pub mac: &'a [u8],
}

/// Why an event is not to be believed. Whoever meets one stops there, loudly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Its code is wrong, or of a key that the keyring lacks.
    #[error(transparent)]
    Mac(#[from] WrongMac),
    /// It is authentic and belongs somewhere else: events were swapped, moved or renamed.
    #[error(
        "it says it is event {id}, revision {revision} of {stream}, and stands elsewhere: events were moved"
    )]
    Misplaced {
        /// The id it says it has.
        id: Uuid,
        /// The stream it says it is of.
        stream: String,
        /// The revision it says it has.
        revision: u64,
    },
    /// It is authentic and of another log.
    #[error("it belongs to another log, {0}")]
    ForeignLog(Uuid),
    /// Its private part is not the one that was sealed.
    #[error("its private part was altered")]
    PrivateAltered,
    /// It is authentic and is no event of any release.
    #[error("it is no event: {0}")]
    Malformed(String),
}

/// Checks an event and reads it.
///
/// # Errors
/// [`OpenError`]. An authentic event that this build cannot read is no error but [`Body::Unreadable`].
pub fn open(parts: Parts<'_>, log: Uuid, keys: &MacKeys) -> Result<Event, OpenError> {
    keys.verify(Purpose::Event, &[parts.public], parts.mac)?;
    read(parts, log)
}

/// Reads an event without asking whether it is authentic: for whoever lacks the keyring, and knows by other means that
/// nobody edited it, or wants to find that out. Everything else is checked as [`open()`] does.
///
/// # Errors
/// [`OpenError`], never of its code.
pub fn read(parts: Parts<'_>, log: Uuid) -> Result<Event, OpenError> {
    let public: Public<'_> =
        serde_json::from_slice(parts.public).map_err(|error| OpenError::Malformed(error.to_string()))?;
    if public.log != log {
        return Err(OpenError::ForeignLog(public.log));
    }
    if public.id != parts.id || public.stream != parts.stream || public.revision != parts.revision {
        let (id, revision) = (public.id, public.revision);
        return Err(OpenError::Misplaced { id, stream: public.stream.into_owned(), revision });
    }
    let private = if parts.private.is_empty() {
        None
    } else if seal_of(parts.private) == public.sealed {
        Private::from_bytes(parts.private)
    } else {
        return Err(OpenError::PrivateAltered);
    };
    let stream = Stream::parse(parts.stream)
        .ok_or_else(|| OpenError::Malformed(format!("there is no stream {}", parts.stream)))?;
    let body = read_body(&public.event_type, public.schema_version, &public.data);
    let body = fitting(stream, &public, body);
    Ok(Event {
        id: public.id,
        epoch: public.epoch,
        stream,
        revision: public.revision,
        occurred_at: public.occurred_at,
        actor: public.actor,
        request_id: public.request_id.into_owned(),
        schema_version: public.schema_version,
        body,
        private,
    })
}

/// A body only in a stream of its kind: an event of a key says nothing about the catalogue.
fn fitting(stream: Stream, public: &Public<'_>, body: Body) -> Body {
    match (stream, &body) {
        (Stream::Key(_), Body::Catalogue(_)) | (Stream::Catalogue, Body::Key(_)) => {
            Body::Unreadable(Unreadable {
                event_type: public.event_type.clone().into_owned(),
                schema_version: public.schema_version,
                why: format!("it does not belong into the stream {stream}"),
            })
        }
        _ => body,
    }
}
