//! Keys, scopes, their catalogue and events: what may happen to a key, and what it means.
//!
//! Pure: no clock, no randomness, no input or output. A command goes through `decide` (state + command → events or a
//! [`Rejection`](key::Rejection)), an event through `evolve` (state + event → state); [`envelope`] turns events into
//! the bytes that are kept for ever, and back; [`verdict`] holds the rules by which a request is judged.

pub mod actor;
pub mod authority;
pub mod catalogue;
pub mod envelope;
pub mod event;
pub mod ids;
pub mod key;
pub mod moment;
pub mod scope;
pub mod text;
pub mod throttle;
pub mod time;
pub mod verdict;

pub use actor::Actor;
pub use authority::Authority;
pub use catalogue::Catalogue;
pub use ids::{KeyId, PartnerId, Prefix};
pub use moment::Moment;
pub use scope::{Scope, Scopes};
pub use text::{KeyName, Reason};
pub use throttle::Throttle;
pub use time::{Clock, Timestamp};
