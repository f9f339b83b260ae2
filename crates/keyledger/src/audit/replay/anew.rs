use anyhow::{Context as _, anyhow, ensure};
use keyledger_audit::{History, Walk, Witnessed};
use keyledger_command_service::ports::ReadModel;
use keyledger_event_log::Position;
use keyledger_read_models::{Change, PartnerKeys};
use keyledger_validator::KeyIndex;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::super::source::Source;
use crate::{cli::Context, environment::Stopwatch, installation::index_config, projections::told};

/// A read model that is made from the log alone, in memory or in a directory that goes with it.
pub(super) struct Anew {
    model: Model,
    position: Position,
}

enum Model {
    KeyIndex(Box<KeyIndex>),
    PartnerKeys { lists: PartnerKeys, _directory: TempDir },
}

impl Anew {
    /// One that holds nothing yet.
    ///
    /// # Errors
    /// Where no directory can be had for it.
    pub(super) fn begin(context: &Context, source: &Source, model: ReadModel) -> anyhow::Result<Self> {
        let identity = source.history.identity();
        let model = match model {
            ReadModel::KeyIndex => {
                let config = index_config(context.settings(), identity, Stopwatch::start());
                Model::KeyIndex(Box::new(KeyIndex::new(config)))
            }
            ReadModel::PartnerKeys => {
                let directory = tempfile::tempdir().context("cannot make a directory for the lists")?;
                let lists = PartnerKeys::open(directory.path().join("lists.db"), identity)?;
                Model::PartnerKeys { lists, _directory: directory }
            }
        };
        Ok(Self { model, position: Position::START })
    }

    /// Takes in the events up to a position.
    ///
    /// # Errors
    /// One sentence: the log ends before it, cannot be read, or holds what nobody may believe.
    pub(super) async fn advance(
        &mut self,
        history: &History,
        to: Position,
        on_progress: &mut (impl FnMut(Position, Position) + Send),
    ) -> anyhow::Result<()> {
        let mut walk: Walk = history.walk(self.position).await?;
        ensure!(
            walk.head() >= to,
            "a read model holds position {to}, and the log ends at {}: its end was cut off, or an older copy lies in its place",
            walk.head()
        );
        while self.position < to {
            let mut events = walk.next().await?;
            events.retain(|event| event.position <= to);
            let Some(last) = events.last().map(|event| event.position) else {
                return Err(anyhow!("a read model holds position {to}, and the log has no such event"));
            };
            self.apply(&events)?;
            self.position = last;
            on_progress(last, to);
        }
        Ok(())
    }

    /// Codes were checked where they are at hand; a model needs none.
    fn apply(&mut self, events: &[Witnessed]) -> anyhow::Result<()> {
        match &mut self.model {
            Model::KeyIndex(index) => {
                for Witnessed { position, event, .. } in events {
                    index.apply(*position, &[], event)?;
                }
            }
            Model::PartnerKeys { lists, .. } => {
                let changes = events.iter();
                lists.apply(changes.map(|it| Change {
                    position: it.position,
                    mac: &[],
                    event: &it.event,
                }))?;
            }
        }
        Ok(())
    }

    /// What it holds, a line each.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(super) fn lines(&self) -> anyhow::Result<Vec<String>> {
        let mut lines = Vec::new();
        self.tell(&mut |line| {
            lines.push(line.to_owned());
            true
        })?;
        Ok(lines)
    }

    /// SHA-256 over what it holds.
    ///
    /// # Errors
    /// As [`Anew::lines`].
    pub(super) fn digest(&self) -> anyhow::Result<String> {
        let mut hasher = Sha256::new();
        self.tell(&mut |line| {
            hasher.update(line);
            hasher.update("\n");
            true
        })?;
        Ok(hex::encode(hasher.finalize()))
    }

    fn tell(&self, line: &mut dyn FnMut(&str) -> bool) -> anyhow::Result<()> {
        let told = match &self.model {
            Model::KeyIndex(index) => told::key_index(index, line),
            Model::PartnerKeys { lists, .. } => told::partner_keys(&lists.reader()?, line),
        };
        told.map_err(anyhow::Error::msg)
    }

    /// The index, if it is one.
    pub(super) fn index(&self) -> Option<&KeyIndex> {
        match &self.model {
            Model::KeyIndex(index) => Some(index),
            Model::PartnerKeys { .. } => None,
        }
    }

    /// The digest of every table of the lists, if it is those.
    ///
    /// # Errors
    /// As [`Anew::lines`].
    pub(super) fn tables(&self) -> anyhow::Result<Option<[u8; 32]>> {
        match &self.model {
            Model::KeyIndex(_) => Ok(None),
            Model::PartnerKeys { lists, .. } => Ok(Some(lists.contents()?.digest)),
        }
    }
}
