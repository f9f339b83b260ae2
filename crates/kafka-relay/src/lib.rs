//! Publishes the log to Kafka: each event once, in order, without secrets.
//!
//! ```text
//! log (public parts) ─▶ Intake (MAC, place, order) ─▶ one transaction: ┬ <prefix>.key-events.v1       each event
//!                                                                       ├ <prefix>.keys.v1             its key's facts
//!                                                                       └ <prefix>.relay-checkpoint.v1 up to where
//! ```
//!
//! The relay keeps nothing on its own machine. Kafka is asked where it was, after the transactional id was taken over, so
//! that nobody else can write any more; what is asked is the checkpoint that was committed with the records. Whatever
//! went wrong, the answer is the same: let the producer go, take the id over again, and look.
//!
//! [`Relay`] runs it; [`verify`] compares the topics with the log, [`replay`] publishes history to other topics, [`go_on`]
//! lets topics go on with a log that was restored, and [`told`] reads what they tell of one that is lost.

mod asyncapi;
mod checkpoint;
mod client_context;
mod cloud_event;
mod cluster;
mod go_on;
mod golden;
mod key_states;
mod lives;
mod look;
mod meters;
mod producer;
mod progress;
mod publish;
mod read_ahead;
mod reading;
mod record;
mod relay;
mod replay;
mod stop_reason;
mod story;
mod tasks;
mod told;
mod topics;
mod verify;

pub use cluster::{Cluster, Misconfigured};
pub use go_on::{WentOn, go_on};
pub use progress::{Progress, State};
pub use relay::{Relay, RelayParts};
pub use replay::{Replay, replay};
pub use stop_reason::StopReason;
pub use told::{Heard, Said, told};
pub use topics::{InvalidPrefix, Topics};
pub use verify::{Finding, Report, verify};
