use keyledger_event_log::{Append, Checkpoint, Outcome};
use rusqlite::{Connection, TransactionBehavior};

use crate::{append, fault::Fault, read};

/// A group that was committed.
pub(crate) struct Committed {
    /// What became of each append, in their order; acknowledged ones are durable.
    pub(crate) outcomes: Vec<Outcome>,
    /// The last event of the log.
    pub(crate) end: Checkpoint,
    /// How many events the group added.
    pub(crate) events: u64,
}

/// A group of which nothing was acknowledged.
pub(crate) struct Aborted {
    pub(crate) fault: Fault,
    /// Whether the events may be found in the log later all the same.
    pub(crate) outcome_unknown: bool,
}

/// Judges appends one after the other in one transaction and makes those that stand durable by one commit. `known` is
/// the last event that was committed before: where the log ends otherwise, somebody else wrote to it, and nothing is
/// recorded. A position given twice would be passed over by every reader that holds its first event.
pub(crate) fn commit<'a>(
    db: &mut Connection,
    known: &Checkpoint,
    appends: impl Iterator<Item = &'a Append>,
) -> Result<Committed, Aborted> {
    let nothing_recorded = |error: rusqlite::Error| Aborted { fault: error.into(), outcome_unknown: false };
    let transaction =
        db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(nothing_recorded)?;
    let mut end = read::end(&transaction).map_err(nothing_recorded)?;
    if end != *known {
        return Err(Aborted { fault: Fault::Changed, outcome_unknown: false });
    }
    let outcomes = appends
        .map(|append| append::record(&transaction, append, &mut end))
        .collect::<rusqlite::Result<_>>()
        .map_err(nothing_recorded)?;
    match transaction.commit().map_err(Fault::from) {
        Ok(()) => Ok(Committed { outcomes, events: end.position.since(known.position), end }),
        Err(fault) => Err(Aborted { outcome_unknown: !fault.leaves_nothing(), fault }),
    }
}
