//! What the operations listener of every process answers: is it alive, which roles are ready and why not, its metrics.

mod lists;
mod log;
mod projector;
mod relay;
mod routes;
mod signer;
mod validator;

use serde::Serialize;

pub(crate) use lists::lists_role;
pub(crate) use log::log_role;
pub(crate) use projector::projector_role;
pub(crate) use relay::relay_role;
pub(crate) use routes::{Reports, Roles, configure};
pub(crate) use signer::{signer_role, signer_role_beside};
pub(crate) use validator::validator_role;

/// A role, and why it is not ready.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Role {
    pub(crate) role: &'static str,
    pub(crate) ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) position: Option<u64>,
    /// How many events it is behind the log, and for how long it has been.
    #[serde(flatten)]
    pub(crate) lag: Option<Lag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// What a human must look at, though the role does its work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) alarm: Option<String>,
}

/// How far a role is behind the log.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Lag {
    lag_events: u64,
    lag_seconds: f64,
}

impl Role {
    pub(crate) fn new(role: &'static str, position: Option<u64>, reason: Option<String>) -> Self {
        Self { role, ready: reason.is_none(), position, lag: None, reason, alarm: None }
    }
}
