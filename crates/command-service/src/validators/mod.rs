//! The validators that a command service knows of, by what they report, and the receipt that a command is in force at all
//! of them.
//!
//! A validator that has not reported for as long as it may let keys through without hearing from the log refuses by then,
//! and counts no more. One that was never heard of cannot be counted: docs/validator.md says how each is told where to
//! report.

mod receipt;
mod report;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use keyledger_domain::Timestamp;
use keyledger_event_log::{LogIdentity, Position};
use tokio::{sync::watch, time::Instant};
use uuid::Uuid;

pub use receipt::Receipt;
pub use report::{REPORT_MAC, Report};

/// How far the clocks of two machines may be apart, and how old a report may be. A report that somebody recorded is not
/// told again after that; until then its number gives it away.
const WINDOW: Duration = Duration::from_secs(60);

/// What validators have reported. All of it can be forgotten: they report again within a second.
pub struct Validators {
    /// What the validator in this process is called; none where there is none.
    here: Option<String>,
    /// Whether other machines read the same log, and so may judge by it.
    shared: bool,
    /// For how long validators that have not reported yet may let keys through.
    longest_silence: Duration,
    began: Instant,
    seen: Mutex<HashMap<Uuid, Seen>>,
    news: watch::Sender<()>,
}

/// The last report of a process.
struct Seen {
    report: Report,
    at: Instant,
}

/// A validator, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownValidator {
    /// What people call it.
    pub name: String,
    /// Its process.
    pub run: Uuid,
    /// Up to where it has applied the log.
    pub position: Position,
    /// How long ago it last reported.
    pub silent_for: Duration,
    /// Whether it may still let keys through: it neither ended nor has been silent for too long.
    pub counts: bool,
}

/// Why a report was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportRefused {
    /// It is of another log.
    #[error("it reads another log than this command service, or another life of it")]
    AnotherLog,
    /// It was told before, or is older than one that was.
    #[error("a later report of this process was told before")]
    ToldBefore,
    /// It is too old, or the clocks are apart.
    #[error("it was sent at another time than it arrives: set the clocks of both machines")]
    AnotherTime,
}

impl Validators {
    /// None have reported yet. `here` is the validator in this process, if there is one; `shared` says whether other
    /// machines read the same log; `longest_silence` for how long one that has not reported yet may let keys through.
    #[must_use]
    pub fn new(here: Option<&str>, shared: bool, longest_silence: Duration) -> Self {
        Self {
            here: here.map(str::to_owned),
            shared,
            longest_silence,
            began: Instant::now(),
            seen: Mutex::default(),
            news: watch::Sender::new(()),
        }
    }

    /// Takes in an authentic report.
    pub(crate) fn take_in(
        &self,
        report: Report,
        log: LogIdentity,
        now: Timestamp,
    ) -> Result<(), ReportRefused> {
        if (report.log, report.epoch) != (log.log, log.epoch) {
            return Err(ReportRefused::AnotherLog);
        }
        let timely = report.sent_at().millis().abs_diff(now.millis()) <= WINDOW.as_millis() as u64;
        let mut seen = self.seen();
        if seen.get(&report.run).is_some_and(|seen| seen.report.sequence >= report.sequence) {
            return Err(ReportRefused::ToldBefore);
        }
        // One whose clock is wrong is there all the same, and confirms nothing.
        let position = if timely { report.position } else { 0 };
        let ends = report.ends && timely;
        seen.insert(report.run, Seen { report: Report { position, ends, ..report }, at: Instant::now() });
        // Its number is remembered for longer than its last report could be told again.
        seen.retain(|_, seen| seen.at.elapsed() <= 2 * WINDOW.max(seen.longest_silence()));
        drop(seen);
        self.news.send_replace(());
        if timely { Ok(()) } else { Err(ReportRefused::AnotherTime) }
    }

    /// Every validator that reported lately, the most recent report first.
    #[must_use]
    pub fn known(&self) -> Vec<KnownValidator> {
        let mut known: Vec<_> = self.seen().values().map(Seen::shown).collect();
        known.sort_by(|one, other| one.silent_for.cmp(&other.silent_for).then(one.name.cmp(&other.name)));
        known
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<Uuid, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn longest_silence(&self) -> Duration {
        Duration::from_millis(self.report.hard_bound_ms)
    }

    fn counts(&self) -> bool {
        !self.report.ends && self.at.elapsed() <= self.longest_silence()
    }

    fn shown(&self) -> KnownValidator {
        KnownValidator {
            name: self.report.name.clone(),
            run: self.report.run,
            position: Position::new(self.report.position),
            silent_for: self.at.elapsed(),
            counts: self.counts(),
        }
    }
}
