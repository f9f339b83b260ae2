//! Load, decide, append: the only place where keys change, and its management API.
//!
//! [`CommandService`] holds the use cases, one operation a file ([`CreateKey`], [`RevokePrefix`] …), free of any transport:
//! the HTTP surface ([`routes`]), the root crate's `init` and the portal call the same functions. What it asks of the
//! rest of the house stands in [`ports`].
//!
//! A command on a key goes one way: load its stream → open and fold → decide → mint → seal → append. Where another writer
//! was faster it is decided again on the new state; see `change.rs`. Within a process the commands on one key take turns.

mod append;
mod catalogue;
mod change;
mod change_catalogue;
mod claims;
mod create_key;
mod edit_key;
mod end_overlap;
mod error;
mod force;
mod http;
mod in_flight;
mod load;
mod offline;
mod past;
pub mod ports;
mod read_events;
mod regenerate_key;
mod request;
mod revoke_key;
mod revoke_partner;
mod revoke_prefix;
pub mod routes;
mod service;
mod show_key;
mod turns;
pub mod validators;

pub use change::{Changed, KeyRef, Minted};
pub use change_catalogue::{CatalogueChanged, ChangeCatalogue, Losing};
pub use claims::claims_of;
pub use create_key::CreateKey;
pub use edit_key::EditKey;
pub use end_overlap::EndOverlap;
pub use error::{CommandError, Failure, Refusal};
pub use http::{KeyBody, openapi};
pub use offline::Offline;
pub use past::{NotThen, Then};
pub use read_events::ShownEvent;
pub use regenerate_key::RegenerateKey;
pub use request::{IdempotencyKey, Request, Revisions};
pub use revoke_key::RevokeKey;
pub use revoke_partner::RevokePartner;
pub use revoke_prefix::{Match, Revocation, RevokePrefix};
pub use service::{CommandService, Parts};
