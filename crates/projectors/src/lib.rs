//! Catch-up loops: follow the log, check each event, move state and checkpoint together.
//!
//! A [`Projection`] is the function from events to a read model; a [`Projector`] runs one. It confirms that the log
//! still holds what the projection has read, catches up, and is live from there without a seam. Every event passes
//! [`open`](CheckedEvent::open) first: what is forged, moved or of another log stops the projector, loudly and for
//! good, and what a later build wrote marks its key and raises an alarm while the others go on.

mod checked_event;
mod follow;
mod intake;
mod meters;
mod progress;
mod projection;
mod projector;
mod publisher;
mod rebuild;

use std::{sync::Arc, time::Instant};

use keyledger_domain::envelope::MacKeys;

pub use checked_event::{CheckedEvent, Distrust, Unbelievable};
pub use intake::Intake;
pub use progress::{Progress, State, StopReason};
pub use projection::{Projection, ProjectionError};
pub use projector::Projector;
pub use rebuild::{Rebuilt, rebuild};

/// Where the MAC keys come from. It is asked once for each batch, so that a keyring may be reloaded at any time.
pub type MacKeysSource = Arc<dyn Fn() -> Arc<MacKeys> + Send + Sync>;

/// Where monotonic time comes from.
pub type MonotonicClock = Arc<dyn Fn() -> Instant + Send + Sync>;
