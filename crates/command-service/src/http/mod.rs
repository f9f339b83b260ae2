//! The management API over HTTP, one operation a file. Every answer goes through [`finish`]; everything that is judged
//! before an operation's own body (who asks, whose path it is, which right it needs) through [`entrance::Entrance`].

mod at;
mod body;
mod change_catalogue;
mod command;
mod create_key;
mod doc;
mod edit_key;
mod end_overlap;
mod entrance;
mod fields;
mod finish;
mod headers;
mod key_body;
mod key_history;
mod list_keys;
mod list_validators;
mod problem;
mod query;
mod read_events;
mod read_values;
mod receipt;
mod regenerate_key;
mod revoke;
mod revoke_key;
mod secrets;
mod show_catalogue;
mod show_key;
mod show_log;
mod show_openapi;
mod show_projections;
mod transparency;
mod validator_calls;

use std::sync::Arc;

pub(crate) use change_catalogue::change_catalogue;
pub(crate) use create_key::create_key;
pub use doc::openapi;
pub(crate) use edit_key::edit_key;
pub(crate) use end_overlap::end_overlap;
pub(crate) use entrance::{not_found, nothing_here, wrong_method};
pub(crate) use finish::finish;
pub use key_body::KeyBody;
pub(crate) use key_history::key_history;
pub(crate) use list_keys::list_keys;
pub(crate) use list_validators::list_validators;
pub(crate) use read_events::read_events;
pub(crate) use regenerate_key::regenerate_key;
pub(crate) use revoke::revoke;
pub(crate) use revoke_key::revoke_key;
pub(crate) use show_catalogue::show_catalogue;
pub(crate) use show_key::show_key;
pub(crate) use show_log::show_log;
pub(crate) use show_openapi::{only_described, show_openapi};
pub(crate) use show_projections::{read_projection, show_projections};
pub(crate) use transparency::{only_shown, show_checkpoint, show_entries, show_hash_tile, show_verifier_key};
pub(crate) use validator_calls::{report_validator, snapshot_for_validator};

use crate::{
    CommandService,
    ports::{Gatekeeper, Projections, Snapshots, Transparency},
};

/// What every operation works with.
pub(crate) struct Api {
    pub(crate) service: CommandService,
    pub(crate) gatekeeper: Arc<dyn Gatekeeper>,
    pub(crate) snapshots: Arc<dyn Snapshots>,
    pub(crate) projections: Arc<dyn Projections>,
    pub(crate) transparency: Arc<dyn Transparency>,
}
