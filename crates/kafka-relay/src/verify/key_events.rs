use keyledger_event_log::{LogIdentity, Position};

use super::{
    finding::{Finding, Findings},
    partition::{Partition, Read, difference},
};
use crate::{Cluster, lives::Life, record::Record, stop_reason::Trouble};

/// The topic of every event, beside the log: its partitions together are one row of positions.
pub(super) struct KeyEvents {
    partitions: Vec<(Partition, Option<Read>)>,
    up_to: Position,
    /// How many events have no record because their topic keeps records for a time only.
    pub(super) expired: u64,
    begun: bool,
}

impl KeyEvents {
    /// What was published up to a position; what comes after it is not looked at.
    pub(super) fn open(
        cluster: &Cluster,
        log: LogIdentity,
        up_to: Position,
        lives: &[Life],
    ) -> Result<Self, Trouble> {
        let topic = cluster.topics().key_events();
        let open = |number| Ok((Partition::open(cluster, topic, number, log, lives)?, None));
        let partitions = (0..cluster.partitions()).map(open).collect::<Result<_, Trouble>>()?;
        Ok(Self { partitions, up_to, expired: 0, begun: false })
    }

    /// Compares an event with its record. Events must come in the order of the log.
    pub(super) fn compare(
        &mut self,
        position: Position,
        expected: &Record,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        self.begin(findings)?;
        let mut found = false;
        for (partition, next) in &mut self.partitions {
            while let Some(read) = next.take_if(|read| read.position <= position) {
                let record = partition.place(&read.message);
                if read.position < position {
                    findings.add(Finding::Unknown { record });
                } else if found {
                    findings.add(Finding::Duplicate { record, position: position.get() });
                } else {
                    found = true;
                    if let Some(what) = difference(&read.message, expected) {
                        findings.add(Finding::Difference { record, position: position.get(), what });
                    }
                }
                *next = partition.next(findings)?;
            }
        }
        if !found {
            self.missing(position, findings);
        }
        Ok(())
    }

    /// Looks at what is left when every event was compared: what came since, up to the head that the log has by now.
    pub(super) fn end(&mut self, head: Position, findings: &mut Findings) -> Result<(), Trouble> {
        self.begin(findings)?;
        for (partition, next) in &mut self.partitions {
            while let Some(read) = next.take() {
                if read.position <= self.up_to || read.position > head {
                    findings.add(Finding::Unknown { record: partition.place(&read.message) });
                }
                *next = partition.next(findings)?;
            }
        }
        Ok(())
    }

    fn begin(&mut self, findings: &mut Findings) -> Result<(), Trouble> {
        if !self.begun {
            self.begun = true;
            for (partition, next) in &mut self.partitions {
                *next = partition.next(findings)?;
            }
        }
        Ok(())
    }

    /// An event without a record. In a partition whose beginning is gone, what lies before its first record is gone, too.
    fn missing(&mut self, position: Position, findings: &mut Findings) {
        let may_be_gone = self.partitions.iter().any(|(partition, next)| {
            partition.expired
                && !partition.gave_any(next.is_some())
                && next.as_ref().is_none_or(|read| position < read.position)
        });
        if may_be_gone {
            self.expired += 1;
        } else {
            findings.add(Finding::Gap { position: position.get() });
        }
    }
}
