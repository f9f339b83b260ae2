//! `keyledger log copy`: a log, event by event, into another store. Backups and restores are made of the same steps.
//!
//! A copy has no identity until it is finished, and without one it is opened by nobody as a log: neither a half copy nor a
//! backup can be served from, and a registry is not begun in its place.

mod copying;
mod digest;
mod places;

use std::pin::pin;

use anyhow::{Context as _, ensure};
use keyledger_event_log::{EventLog, Position};
use tokio::signal::unix::{SignalKind, signal};

pub(crate) use copying::Copying;
pub(crate) use places::{Stage, store};

use crate::{
    cli::{Context, roles::CopyArgs},
    data_dir::{DataDir, Role, RoleLock},
    installation::{HeldKeyring, LogPlace},
    keyring,
    output::{count, progress_bar},
};

/// For how long a copy that follows waits for news before it looks whether it is asked to end.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(200);

/// What a copy came to.
pub(crate) struct Copied {
    /// The position of the last event that both hold, in the source.
    pub(crate) position: Position,
    /// How many events both hold.
    pub(crate) number: u64,
    /// How many events this run wrote.
    pub(crate) events: u64,
    /// The digest of both.
    pub(crate) digest: String,
}

/// Copies what the target lacks, and finishes it where that was asked for.
///
/// # Errors
/// One sentence that says what to do; what was copied stays, and the same command goes on from there.
pub(crate) async fn run(context: &Context, args: &CopyArgs) -> anyhow::Result<()> {
    let CopyArgs { from, to, follow, finish } = args;
    let path = &context.settings().keyring.path;
    let keyring = HeldKeyring(keyring::watch(path.clone())?);
    let its_log = keyring.0.borrow().log().log;
    let source = from.open_read_only().await?;
    let log = source.identity();
    ensure!(
        its_log == log.log,
        "the keyring {} belongs to log {}, and {from} is log {}: set keyring.path to the one that belongs to it",
        path.display(),
        its_log,
        log.log
    );
    let (target, is_finished) = match to.stage().await? {
        Stage::Log(found) => {
            ensure!(
                found == log,
                "{to} holds log {}, epoch {}, already, and a log is never written over: name another place",
                found.log,
                found.epoch
            );
            let target = to.open_read_only().await?;
            ensure!(
                target.head().await? == source.head().await?,
                "{to} is a log already, and the source goes on differently: a log that may have been served from is \
                 never written over, so put it away, or name another place"
            );
            (target, true)
        }
        Stage::Nothing | Stage::Unfinished => (to.open_unfinished(log).await?, false),
    };
    let mut copying = Copying::begin(source.clone(), target, log, keyring.mac_keys_source()).await?;
    let (bar, mut on_progress) = progress_bar("copying", context.output.json);
    let copied = async {
        copying.go_on(&mut on_progress).await?;
        if *follow && !is_finished {
            self::follow(context, &mut copying, &*source, &mut on_progress).await?;
        }
        let lock = if *finish && !is_finished { Some(quiet(from)?) } else { None };
        // What came in the meantime; with the lock nobody writes any more.
        copying.go_on(&mut on_progress).await?;
        anyhow::Ok((copying.end().await?, lock))
    };
    let (copied, _lock) = copied.await.inspect_err(|_| bar.abandon())?;
    bar.finish_and_clear();
    let finished = *finish || is_finished;
    if *finish && !is_finished {
        to.finish(log).await?;
        let head = source.head().await?;
        ensure!(
            head == copied.position,
            "the copy is finished and ends at position {}, and the old log ends at {head}: somebody still wrote there. Stop them, \
             put the copy away, and copy again",
            copied.position
        );
    }
    let Copied { position, events, digest, .. } = copied;
    if context.output.json {
        return Ok(context.output.value(&serde_json::json!({
            "log": log.log, "epoch": log.epoch, "position": position.get(), "copied": events, "digest": digest,
            "finished": finished,
        }))?);
    }
    let events = count(usize::try_from(events).unwrap_or(usize::MAX), "event");
    let what = if finished {
        format!(
            "{to} is complete, and can be served from. Put {from} away, so that nobody goes on writing to it."
        )
    } else {
        format!(
            "Nobody can serve from {to} yet: stop who writes to {from}, and run this again with --finish."
        )
    };
    Ok(context.output.line(&format!(
        "Copied {events}. Both hold positions 1 to {position} of log {}, epoch {}, and read the same:\n  {digest}\n{what}",
        log.log, log.epoch
    ))?)
}

/// Goes on with what comes until it is asked to end.
async fn follow(
    context: &Context,
    copying: &mut Copying,
    source: &dyn EventLog,
    on_progress: &mut impl FnMut(Position, Position),
) -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    if !context.output.json {
        context
            .output
            .remark("Both hold the same, and what comes is copied on. Ctrl-C copies what is left, and ends.");
    }
    let asked = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let mut asked = pin!(asked);
    loop {
        tokio::select! {
            biased;
            () = &mut asked => return Ok(()),
            news = source.wait(copying.reached(), PATIENCE) => drop(news?),
        }
        // Between two awaits of a copy nothing can be lost, but it is easier to reason about a whole step.
        copying.go_on(on_progress).await?;
    }
}

/// Sees to it that nobody of this machine writes to a log that is a file; whether others write to a database, only they know.
fn quiet(from: &LogPlace) -> anyhow::Result<Option<RoleLock>> {
    let LogPlace::File(path) = from else { return Ok(None) };
    let Some(directory) = path.parent().map(DataDir::new).filter(DataDir::is_used) else { return Ok(None) };
    let lock = directory.lock(Role::CommandService);
    Ok(Some(lock.context("a copy is finished when nobody writes to the log any more")?))
}
