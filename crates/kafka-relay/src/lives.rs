use keyledger_event_log::Position;
use serde::{Deserialize, Serialize};

use crate::{
    cloud_event::{EPOCH, POSITION, SOURCE},
    record::Record,
};

/// The end of a life of the log, as the topics know it: the log was restored, and what had been published of that life, or
/// of one before it, behind this position never happened in the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Life {
    /// The life that ended.
    pub(crate) epoch: u32,
    /// The last position of it that the next one has, too.
    pub(crate) up_to: u64,
    /// The life that came after it.
    pub(crate) next: u32,
}

/// Whether what a record tells of, in this life at this position, never happened.
pub(crate) fn undone(lives: &[Life], epoch: u32, position: Position) -> bool {
    lives.iter().any(|life| epoch <= life.epoch && position.get() > life.up_to)
}

/// The type of the record by which consumers are told.
pub(crate) const RESTORED: &str = "keyledger.LogRestored.v1";

/// The key of that record.
const KEY: &str = "log";

impl Record {
    /// Says in a partition of events that the log goes on behind a position in a new life.
    pub(crate) fn of_restored(source: String, life: Life) -> Self {
        let Life { up_to, next, .. } = life;
        let headers = vec![
            ("ce_specversion", "1.0".to_owned()),
            ("ce_id", format!("restored:{next}")),
            (SOURCE, source),
            ("ce_type", RESTORED.to_owned()),
            ("ce_subject", KEY.to_owned()),
            ("content-type", "application/json".to_owned()),
            (POSITION, up_to.to_string()),
            (EPOCH, next.to_string()),
        ];
        let value = format!("{{\"epoch\":{next},\"after\":{up_to}}}").into_bytes();
        Self { key: KEY.to_owned(), headers, value }
    }

    /// The headers of the record without a value that takes a key out of the compacted topic: it never was in the new life.
    pub(crate) fn of_gone(source: String, key: &str, life: Life) -> Self {
        let headers = vec![(SOURCE, source), (POSITION, "0".to_owned()), (EPOCH, life.next.to_string())];
        Self { key: key.to_owned(), headers, value: Vec::new() }
    }

    /// The facts of a key once more, said in a later life: what had been said of it since never happened there.
    pub(crate) fn again(&self, epoch: u32) -> Self {
        let headers = self.headers.iter().map(|(name, value)| match *name {
            "ce_id" => ("ce_id", format!("{value}@{epoch}")),
            EPOCH => (EPOCH, epoch.to_string()),
            name => (name, value.clone()),
        });
        Self { key: self.key.clone(), headers: headers.collect(), value: self.value.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_behind_the_end_of_a_life_never_happened_whatever_came_after() {
        let lives = [Life { epoch: 1, up_to: 10, next: 2 }, Life { epoch: 2, up_to: 7, next: 3 }];
        let undone = |epoch, position| undone(&lives, epoch, Position::new(position));
        assert!(!undone(1, 7) && !undone(2, 7) && !undone(3, 8));
        assert!(undone(1, 11), "the first restore lost it");
        assert!(undone(1, 8) && undone(2, 8), "the second one did, which had an older backup");
    }
}
