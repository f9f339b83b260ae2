use std::borrow::Cow;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

use crate::{
    Actor, Timestamp,
    event::{Body, KeyEvent, Unreadable},
};

/// The public part, in the order in which its fields are written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Public<'a> {
    pub(super) id: Uuid,
    pub(super) log: Uuid,
    pub(super) epoch: u32,
    #[serde(borrow)]
    pub(super) stream: Cow<'a, str>,
    pub(super) revision: u64,
    #[serde(borrow, rename = "type")]
    pub(super) event_type: Cow<'a, str>,
    pub(super) schema_version: u32,
    pub(super) occurred_at: Timestamp,
    pub(super) actor: Actor,
    #[serde(borrow)]
    pub(super) request_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) data: Cow<'a, RawValue>,
    #[serde(borrow)]
    pub(super) sealed: Cow<'a, str>,
}

/// Makes the two directions between events and their type names from one table, so that neither can lack a row.
macro_rules! types {
    ($($variant:ident: $name:literal, $version:literal;)+) => {
        /// The type, schema version and data of an event of a key.
        fn write_key_event(event: &KeyEvent) -> serde_json::Result<(&'static str, u32, Box<RawValue>)> {
            match event {
                $(KeyEvent::$variant(data) => Ok(($name, $version, to_raw_value(data)?)),)+
            }
        }

        /// The type of an event of a key.
        fn type_of(event: &KeyEvent) -> &'static str {
            match event {
                $(KeyEvent::$variant(_) => $name,)+
            }
        }

        /// The event of a key of this type and schema version; none where this build knows no such.
        fn read_key_event(event_type: &str, version: u32, data: &RawValue) -> Option<serde_json::Result<KeyEvent>> {
            match (event_type, version) {
                $(($name, $version) => Some(read(data).map(KeyEvent::$variant)),)+
                _ => None,
            }
        }

        /// Every type of event of a key, with its schema version.
        #[cfg(test)]
        pub(super) const KEY_EVENTS: &[(&str, u32)] = &[$(($name, $version)),+];
    };
}

types! {
    Created: "KeyCreated", 1;
    Regenerated: "KeyRegenerated", 1;
    Revoked: "KeyRevoked", 1;
    OverlapEnded: "KeyOverlapEnded", 1;
    ScopesChanged: "KeyScopesChanged", 1;
    ThrottleChanged: "KeyThrottleChanged", 1;
    Renamed: "KeyRenamed", 1;
    ExpirationChanged: "KeyExpirationChanged", 1;
}

/// The type of a change of the catalogue, and its schema version.
pub(super) const CATALOGUE_EVENT: (&str, u32) = ("ScopeCatalogueChanged", 1);

impl Body {
    /// The name of its type.
    #[must_use]
    pub fn event_type(&self) -> &str {
        match self {
            Self::Key(event) => type_of(event),
            Self::Catalogue(_) => CATALOGUE_EVENT.0,
            Self::Unreadable(unreadable) => &unreadable.event_type,
        }
    }
}

/// The type, schema version and data of what is to be recorded. An unreadable event is only ever read.
pub(super) fn write(body: &Body) -> Option<(&'static str, u32, Box<RawValue>)> {
    match body {
        Body::Key(event) => write_key_event(event).ok(),
        Body::Catalogue(event) => Some((CATALOGUE_EVENT.0, CATALOGUE_EVENT.1, to_raw_value(event).ok()?)),
        Body::Unreadable(_) => None,
    }
}

/// What an event says, or that this build cannot tell.
pub(super) fn read_body(event_type: &str, schema_version: u32, data: &RawValue) -> Body {
    let known = if (event_type, schema_version) == CATALOGUE_EVENT {
        Some(read(data).map(Body::Catalogue))
    } else {
        read_key_event(event_type, schema_version, data).map(|event| event.map(Body::Key))
    };
    let unreadable =
        |why| Body::Unreadable(Unreadable { event_type: event_type.to_owned(), schema_version, why });
    match known {
        Some(Ok(body)) => body,
        Some(Err(error)) => unreadable(error.to_string()),
        None => unreadable("this release does not know this type and schema version".to_owned()),
    }
}

fn read<T: DeserializeOwned>(data: &RawValue) -> serde_json::Result<T> {
    serde_json::from_str(data.get())
}
