//! The parameter by which what can be shown is shown as it was.

use keyledger_domain::{Catalogue, Moment};
use serde_json::Value;

use super::{
    fields::Faults,
    problem::{FieldFault, Problem},
    read_values::text,
};
use crate::{CommandService, NotThen, Then};

/// What the parameter means.
pub(super) const AT: &str = "As it was at a moment (RFC 3339), or at a position of the log; what only a clock decides is then \
                             judged at the time of the event there";

/// A moment, or a position.
pub(super) fn moment(value: &Value, field: &str, faults: &mut Faults) -> Option<Moment> {
    text(Moment::parse)(value, field, faults)
}

/// The scopes that there were; none where they cannot be read, and then no scope is called lost.
pub(super) async fn scopes_then(service: &CommandService, then: Then) -> Option<Catalogue> {
    let catalogue = service.catalogue_then(then).await.ok()?;
    Some(catalogue.map(|(catalogue, _)| catalogue).unwrap_or_default())
}

impl From<NotThen> for Problem {
    fn from(error: NotThen) -> Self {
        match error {
            NotThen::NotYet => Self::invalid(vec![FieldFault::new("at", error)]),
            NotThen::Failed(failure) => failure.into(),
        }
    }
}
