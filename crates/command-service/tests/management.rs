//! The management API, in process over the log in memory, with a projection that folds the log whenever it is asked.

#[path = "management/authority.rs"]
mod authority;
#[path = "management/catalogue.rs"]
mod catalogue;
#[path = "management/commands.rs"]
mod commands;
#[path = "management/conflicts.rs"]
mod conflicts;
#[path = "management/emergency.rs"]
mod emergency;
#[path = "management/events.rs"]
mod events;
#[path = "management/idempotency.rs"]
mod idempotency;
#[path = "management/openapi.rs"]
mod openapi;
#[path = "management/past.rs"]
mod past;
#[path = "management/projection.rs"]
mod projection;
#[path = "management/properties.rs"]
mod properties;
#[path = "management/refusals.rs"]
mod refusals;
#[path = "management/secrets.rs"]
mod secrets;
#[path = "management/strange_logs.rs"]
mod strange_logs;
#[path = "management/troubled_log.rs"]
mod troubled_log;
#[path = "management/world.rs"]
mod world;
