use keyledger_event_log::{LogIdentity, Position};

use super::Finding;
use crate::tree::Checkpoint;

/// How many findings are kept; the others are counted.
const KEPT: usize = 200;

/// What a verification found.
#[derive(Clone, Debug)]
pub struct Report {
    /// Which log it was.
    pub log: LogIdentity,
    /// How many events were read.
    pub events: u64,
    /// The position of the last one.
    pub up_to: Position,
    /// Whether their codes were checked, for which it takes the keyring.
    pub codes: bool,
    /// The newest checkpoint, where it can be believed.
    pub signed: Option<Checkpoint>,
    /// The note that it came in.
    pub note: Option<Vec<u8>>,
    /// By whose key it is believed.
    pub key: KeySource,
    /// The auditor's own checkpoint, where one was given and can be believed.
    pub saved: Option<Checkpoint>,
    /// How many events no checkpoint covers yet.
    pub unsigned: u64,
    /// What does not agree, as far as it is kept.
    pub findings: Vec<Finding>,
    /// How many findings there were.
    pub faults: u64,
}

/// Where the key came from that checkpoints were checked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The auditor brought it.
    Given,
    /// The tree's own files say it: then whoever changed the tree may have changed the key.
    Tree,
    /// There was none.
    Missing,
}

impl Report {
    pub(super) fn of(log: LogIdentity, codes: bool) -> Self {
        Self {
            log,
            events: 0,
            up_to: Position::START,
            codes,
            signed: None,
            note: None,
            key: KeySource::Missing,
            saved: None,
            unsigned: 0,
            findings: Vec::new(),
            faults: 0,
        }
    }

    pub(super) fn found(&mut self, finding: Finding) {
        self.faults += 1;
        if self.findings.len() < KEPT {
            self.findings.push(finding);
        }
    }
}
