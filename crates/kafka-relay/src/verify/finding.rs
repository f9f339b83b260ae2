use std::fmt;

use serde::Serialize;

use super::Report;

/// Something in the topics that the log does not bear out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Finding {
    /// The topics say they hold more than the log does.
    Ahead {
        /// Up to where they say they go.
        published: u64,
        /// Where the log ends.
        head: u64,
    },
    /// An event has no record.
    Gap {
        /// Its position.
        position: u64,
    },
    /// A record stands twice.
    Duplicate {
        /// The record.
        #[serde(flatten)]
        record: Place,
        /// The position it tells of.
        position: u64,
    },
    /// A record stands behind one of a later event.
    Order {
        /// The record.
        #[serde(flatten)]
        record: Place,
        /// The position it tells of.
        position: u64,
    },
    /// A record says something else than the log.
    Difference {
        /// The record.
        #[serde(flatten)]
        record: Place,
        /// The position it tells of.
        position: u64,
        /// What differs: `key`, `body`, or the name of a header.
        what: String,
    },
    /// A record tells of nothing that the log holds.
    Unknown {
        /// The record.
        #[serde(flatten)]
        record: Place,
    },
    /// A key of the log is not in the compacted topic.
    KeyMissing {
        /// The key.
        key_id: String,
    },
    /// The compacted topic tells what a key was before its last event.
    KeyStale {
        /// The key.
        key_id: String,
        /// The position that its record tells of.
        position: u64,
        /// The position of a later event of it.
        log: u64,
    },
}

/// Where a record stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset there.
    pub offset: i64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} at offset {}", self.topic, self.partition, self.offset)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ahead { published, head } => {
                write!(
                    f,
                    "ahead: the topics say they hold everything up to position {published}, and the log ends at {head}"
                )
            }
            Self::Gap { position } => write!(f, "gap: the event at position {position} has no record"),
            Self::Duplicate { record, position } => {
                write!(f, "duplicate: {record} tells of position {position} once more")
            }
            Self::Order { record, position } => {
                write!(f, "order: {record} tells of position {position}, behind one of a later position")
            }
            Self::Difference { record, position, what } => {
                write!(
                    f,
                    "difference: {record} tells of position {position}, and its {what} is not what the log says"
                )
            }
            Self::Unknown { record } => write!(f, "unknown: {record} tells of nothing that the log holds"),
            Self::KeyMissing { key_id } => write!(f, "key missing: no record tells of key {key_id}"),
            Self::KeyStale { key_id, position, log } => {
                write!(
                    f,
                    "key stale: key {key_id} is told as of position {position}, and the log has an event at {log}"
                )
            }
        }
    }
}

/// What was found, as much of it as is kept.
#[derive(Default)]
pub(super) struct Findings {
    kept: Vec<Finding>,
    number: u64,
}

impl Findings {
    pub(super) fn add(&mut self, finding: Finding) {
        self.number += 1;
        if self.kept.len() < Report::SHOWN {
            self.kept.push(finding);
        }
    }

    pub(super) fn into_parts(self) -> (Vec<Finding>, u64) {
        (self.kept, self.number)
    }
}
