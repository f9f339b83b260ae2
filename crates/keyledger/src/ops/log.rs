use super::Role;
use crate::running::past::Past;

/// The log of a process that appends or projects. It answers, or the roles that need it are not ready; that somebody
/// changed its past is told.
pub(crate) fn log_role(past: &Past) -> Role {
    let alarm = match past {
        Past::Changed(reason) => Some(format!("the log was changed: {reason}")),
        Past::Reading | Past::Sound => None,
    };
    Role { alarm, ..Role::new("log", None, None) }
}
