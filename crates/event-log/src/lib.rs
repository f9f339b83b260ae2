//! The port to the event log: everything the registry asks of the place where its events are kept.
//!
//! An event log is one order of events ([`Position`]) made of many streams ([`StreamName`]), each with dense
//! revisions ([`Revision`]). It stores bytes and understands none of them: what an event means is the business of
//! the domain, and which store keeps it is the business of an adapter. [`MemoryLog`] is the adapter in memory;
//! every adapter passes the same contract suite (feature `contract-suite`).
//!
//! The trait was tried on paper against two writers on PostgreSQL and against KurrentDB before it was fixed; see
//! `docs/adr/0003-event-log-port.md`.

mod append;
mod checkpoint;
mod claim;
mod event;
mod head;
mod identity;
mod lanes;
mod log;
mod memory;
mod position;
mod public_log;
mod read;
mod stream;
mod subscription;

#[cfg(feature = "contract-suite")]
pub mod contract;

pub use append::{Append, AppendError, Appended, Lane};
pub use checkpoint::{Checkpoint, CheckpointLost};
pub use claim::Claim;
pub use event::{NewEvent, RecordedEvent};
pub use head::Head;
pub use identity::LogIdentity;
pub use lanes::{Entrance, Exit, Outcome, Waiting, lanes};
pub use log::EventLog;
pub use memory::MemoryLog;
pub use position::{Position, PositionOrder};
pub use public_log::PublicLog;
pub use read::ReadError;
pub use stream::{Revision, StreamName};
pub use subscription::Subscription;
