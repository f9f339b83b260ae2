use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead as _, BufReader},
    mem,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, ensure};
use keyledger_domain::{KeyId, Reason, envelope::Stream};
use keyledger_kafka_relay::{Cluster, Heard, Said, told};
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::backup::Manifest;

/// What a history held elsewhere tells of keys. Its events bear no codes, so it is believed in one direction only: it can
/// take rights away, and gives none.
#[derive(Default)]
pub(crate) struct History {
    /// How many events of the log it holds.
    pub(super) events: u64,
    /// The last life of the log that it tells of.
    pub(super) epoch: u32,
    /// What it tells of each key.
    pub(super) keys: BTreeMap<KeyId, Told>,
}

/// What is told of a key: by the last event of each kind.
#[derive(Default)]
pub(super) struct Told {
    /// That it was revoked, and why.
    pub(super) revoked: Option<Option<Reason>>,
    /// That it got another secret.
    pub(super) regenerated: Option<Uuid>,
    /// That its superseded secrets were ended.
    pub(super) overlap_ended: Option<Uuid>,
    /// Anything else, which is lost where the log lacks it.
    pub(super) changed: Option<Uuid>,
}

/// A line of an exported history.
#[derive(Deserialize)]
struct Line<'a> {
    position: u64,
    #[serde(borrow)]
    event: &'a RawValue,
}

#[derive(Deserialize)]
struct Public<'a> {
    id: Uuid,
    log: Uuid,
    epoch: u32,
    stream: &'a str,
    #[serde(rename = "type")]
    event_type: &'a str,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Deserialize)]
struct Revoked {
    reason: Option<String>,
}

/// The facts of a key.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Facts {
    key_id: KeyId,
    status: String,
    revocation_reason: Option<String>,
}

/// Whether a record tells of a restore, and of no event.
fn is_restored(value: &[u8]) -> bool {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Restored {
        #[serde(rename = "epoch")]
        _epoch: u32,
        #[serde(rename = "after")]
        _after: u64,
    }
    serde_json::from_slice::<Restored>(value).is_ok()
}

impl History {
    /// Reads what `keyledger events --json` printed of a log.
    ///
    /// # Errors
    /// One sentence, also where a line is no event, or the last one lies before the end of the backup: whoever cut the file
    /// may have cut a revocation off.
    pub(crate) fn of_file(path: &Path, manifest: &Manifest) -> anyhow::Result<Self> {
        let log = manifest.log;
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let (mut history, mut last) = (Self::default(), 0);
        for (number, line) in (1_u64..).zip(BufReader::new(file).lines()) {
            let line = line.with_context(|| format!("cannot read {}", path.display()))?;
            let read = serde_json::from_str::<Line<'_>>(&line).map_err(anyhow::Error::from);
            let read = read.and_then(|line| {
                last = line.position;
                history.take_in(line.event.get().as_bytes(), log)
            });
            read.with_context(|| {
                format!(
                    "line {number} of {} is no event: export the history again, with `keyledger events --json`",
                    path.display()
                )
            })?;
        }
        ensure!(
            history.events > 0,
            "{} holds no event of log {log}: name the history of this registry",
            path.display()
        );
        ensure!(
            last >= manifest.told_position(),
            "{} ends at position {last}, before the backup does, at {}: it cannot tell what was revoked since; export the \
             whole history",
            path.display(),
            manifest.told_position()
        );
        Ok(history)
    }

    /// Reads what the relay published of a log.
    ///
    /// # Errors
    /// One sentence, also where the topics end before the backup does: what they lack, they cannot tell.
    pub(crate) async fn of_topics(cluster: Cluster, manifest: &Manifest) -> anyhow::Result<Self> {
        let log = manifest.log;
        let history = Arc::new(Mutex::new((Self::default(), None)));
        let taking = Arc::clone(&history);
        let heard = told(cluster, log, move |said| {
            let (history, wrong) = &mut *taking.lock().unwrap_or_else(PoisonError::into_inner);
            let taken = match said {
                Said::Event(public) if is_restored(public) => Ok(()),
                Said::Event(public) => history.take_in(public, log),
                Said::Key(facts) => history.take_facts_in(facts),
            };
            *wrong = wrong.take().or(taken.err());
        });
        let Heard { epoch, position } = heard.await?;
        ensure!(
            position >= manifest.told_position(),
            "the topics end at position {position}, before the backup does, at {}: they cannot tell what was revoked \
             since; name another history",
            manifest.told_position()
        );
        let history = &mut *history.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(wrong) = history.1.take() {
            return Err(wrong
                .context("the topics hold a record that is no event of a registry: name another history"));
        }
        history.0.epoch = history.0.epoch.max(epoch);
        Ok(mem::take(&mut history.0))
    }

    /// Takes in what a key is told to be: events may be gone that the compacted topic still knows the outcome of.
    fn take_facts_in(&mut self, facts: &[u8]) -> anyhow::Result<()> {
        let Facts { key_id, status, revocation_reason } = serde_json::from_slice(facts)?;
        if status == "REVOKED" {
            let told = self.keys.entry(key_id).or_default();
            let reason = revocation_reason.and_then(|reason| Reason::parse(&reason).ok());
            told.revoked.get_or_insert(reason);
        }
        Ok(())
    }

    /// Takes in the public part of an event; what is of another log is passed over.
    ///
    /// # Errors
    /// Where it is none.
    pub(crate) fn take_in(&mut self, public: &[u8], log: Uuid) -> anyhow::Result<()> {
        let event: Public<'_> = serde_json::from_slice(public)?;
        if event.log != log {
            return Ok(());
        }
        self.events += 1;
        self.epoch = self.epoch.max(event.epoch);
        let Some(Stream::Key(key_id)) = Stream::parse(event.stream) else { return Ok(()) };
        let told = self.keys.entry(key_id).or_default();
        match event.event_type {
            "KeyRevoked" => {
                let Revoked { reason } = serde_json::from_str(event.data.get())?;
                told.revoked = Some(reason.and_then(|reason| Reason::parse(&reason).ok()));
            }
            "KeyRegenerated" => told.regenerated = Some(event.id),
            "KeyOverlapEnded" => told.overlap_ended = Some(event.id),
            "KeyCreated" => {}
            _ => told.changed = Some(event.id),
        }
        Ok(())
    }
}
