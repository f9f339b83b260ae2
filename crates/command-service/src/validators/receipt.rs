use std::time::Duration;

use keyledger_domain::Timestamp;
use keyledger_event_log::Position;
use tokio::time::timeout;

use super::{Report, Validators};

/// Where a command is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The validators that have applied it.
    pub confirmed: Vec<String>,
    /// Those that had not said so when the patience ended, and may not have.
    pub unconfirmed: Vec<String>,
    /// The first moment at which none of them lets through what it ended, even if it is cut off from the log.
    pub safe_at: Timestamp,
}

/// Who has applied a position, and for how long those who have not may go on.
struct Standing {
    confirmed: Vec<String>,
    unconfirmed: Vec<String>,
    longest_silence: Duration,
}

impl Validators {
    /// Waits until every validator has applied the event at `position`, at most for `patience`. Whoever asks has waited for
    /// the validator in this process, if there is one, and says whether it has.
    pub async fn receipt(
        &self,
        position: Position,
        here_too: bool,
        patience: Duration,
        now: impl Fn() -> Timestamp,
    ) -> Receipt {
        let mut news = self.news.subscribe();
        let everybody = async {
            // For the one in this process was waited, and is not waited again.
            while !self.standing(position, true).unconfirmed.is_empty() {
                // A report is what changes it, or the end of somebody's bound.
                let _ = timeout(Duration::from_secs(1), news.changed()).await;
            }
        };
        let _ = timeout(patience, everybody).await;
        let Standing { confirmed, unconfirmed, longest_silence } = self.standing(position, here_too);
        let now = now();
        let safe_at =
            now.millis().saturating_add(i64::try_from(longest_silence.as_millis()).unwrap_or(i64::MAX));
        Receipt { confirmed, unconfirmed, safe_at: Timestamp::from_millis(safe_at) }
    }

    fn standing(&self, position: Position, here_too: bool) -> Standing {
        let here = || self.here.iter().cloned();
        let (mut confirmed, mut unconfirmed, mut longest_silence) = if here_too {
            (here().collect(), Vec::new(), Duration::ZERO)
        } else {
            (Vec::new(), here().collect::<Vec<_>>(), here().map(|_| self.longest_silence).sum())
        };
        let mut reports = 0;
        let seen = self.seen();
        let counting = || seen.values().filter(|seen| seen.counts()).map(|seen| &seen.report.name);
        for seen in seen.values().filter(|seen| !seen.report.ends) {
            let has_it = seen.report.position >= position.get();
            if !has_it {
                // It last heard from the log before the event was there, so at most that long from now it refuses; one
                // that was silent for so long already may have heard from the log and only not have told.
                longest_silence = longest_silence.max(seen.longest_silence());
            }
            if seen.counts() {
                reports += 1;
                let Report { name, run, .. } = &seen.report;
                // Two of one name, or one that was started again while the one before it still counts.
                let alone = counting().chain(&self.here).filter(|other| *other == name).count() == 1;
                let name = if alone { name.clone() } else { format!("{name} ({run})") };
                if has_it { confirmed.push(name) } else { unconfirmed.push(name) }
            }
        }
        drop(seen);
        // One that reported to the process before this one may be silent by now, and where nobody reports at all, they may
        // not have been told where to.
        let nobody = reports == 0 && (self.here.is_none() || self.shared);
        if nobody || self.began.elapsed() < self.longest_silence {
            longest_silence = longest_silence.max(self.longest_silence);
        }
        confirmed.sort_unstable();
        unconfirmed.sort_unstable();
        Standing { confirmed, unconfirmed, longest_silence }
    }
}
