//! The past, as the commands about it ask for it.

use std::path::PathBuf;

use indicatif::ProgressBar;
use keyledger_audit::{
    Watcher,
    past::{IndexPlace, Past, Shape},
};
use keyledger_domain::{Moment, Timestamp};
use keyledger_event_log::{LogIdentity, Position};

use super::source::{Files, Source};
use crate::{
    cli::{Context, audit::IndexArgs},
    environment,
    output::{Output, progress_bar},
};

/// What questions about the past are put to.
pub(super) struct Asked {
    pub(super) past: Past,
    pub(super) log: LogIdentity,
    /// The files behind it; none where a running registry tells.
    pub(super) files: Option<Files>,
    /// When: as it was asked for, or where the log ends now.
    pub(super) moment: Moment,
    /// The time at which is judged what only a clock decides, where nothing else was asked for: now.
    pub(super) now: Option<Timestamp>,
}

impl Asked {
    /// Opens what the command line asks for.
    ///
    /// # Errors
    /// One sentence: a moment that has not come, or no source.
    pub(super) async fn open(
        context: &Context,
        index: Option<&IndexArgs>,
        at: Option<Moment>,
    ) -> anyhow::Result<Self> {
        at.map_or(Ok(()), |moment| must_be_over(context, moment))?;
        let Source { history, files } = Source::open(context).await?;
        let log = history.identity();
        let moment = match at {
            Some(moment) => moment,
            None => Moment::Position(history.head().await?.get()),
        };
        let place = match index {
            Some(args) if !args.no_index => place(context, args, files.as_ref()),
            _ => None,
        };
        let now = at.is_none().then(|| context.clock.now());
        Ok(Self { past: Past::new(history, place), log, files, moment, now })
    }
}

/// Refuses the future.
///
/// # Errors
/// One sentence.
pub(super) fn must_be_over(context: &Context, moment: Moment) -> anyhow::Result<()> {
    let ahead = matches!(moment, Moment::Time(time) if time > context.clock.now());
    anyhow::ensure!(!ahead, "{moment} has not come yet: ask for a moment before now");
    Ok(())
}

/// Where the index lies: beside the files that it is made from, or where this user keeps what can be made again.
fn place(context: &Context, args: &IndexArgs, files: Option<&Files>) -> Option<IndexPlace> {
    let chosen = args.index.clone();
    let beside = || files.map(|files| files.directory.audit_index());
    let of_user = || environment::cache_directory().map(|cache| cache.join("keyledger").join("audit-index"));
    let directory: Option<PathBuf> = chosen.or_else(beside).or_else(of_user);
    if directory.is_none() {
        context
            .output
            .remark("no index of the past is kept, as HOME is not set: name a directory with --index");
    }
    Some(IndexPlace { directory: directory?, shape: Shape::DEFAULT })
}

/// A person at a terminal, or whoever reads stderr.
pub(super) struct Watching {
    bar: ProgressBar,
    moves: Box<dyn FnMut(Position, Position) + Send>,
    output: Output,
}

impl Watching {
    /// A bar that appears once there is something to wait for.
    pub(super) fn begin(output: Output) -> Self {
        let (bar, moves) = progress_bar("reading", output.json);
        Self { bar, moves: Box::new(moves), output }
    }
}

impl Watcher for Watching {
    fn reached(&mut self, position: Position, end: Position) {
        (self.moves)(position, end);
    }

    fn remark(&mut self, text: &str) {
        self.bar.suspend(|| self.output.remark(text));
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
