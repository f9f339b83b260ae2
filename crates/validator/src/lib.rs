//! Judges every request from memory: key index, throttle buckets, verdicts, the authentication API.
//!
//! [`KeyIndex`] is a projection of the log: [`KeyIndex::apply`] pushes it forward, [`KeyIndex::authenticate`] asks it, and
//! [`snapshot`] writes it down. [`configure`] serves it over HTTP. Nothing here is cached with a lifetime: what is known is
//! what the log said, and how long the log has been silent is part of every answer.

mod bucket;
mod freshness;
mod http;
mod index;
mod meters;
mod routes;
mod sampled;
pub mod snapshot;
mod time;

pub use bucket::Level;
pub use freshness::Bounds;
pub use http::{Settings, Validator};
pub use index::{
    ApplyError, Bearer, CannotKnow, Config, Demand, Identified, KeyIndex, Told, Unidentified, Used, Verdict,
    WorkingKey,
};
pub use routes::configure;
pub use time::{Clocks, Monotonic};
