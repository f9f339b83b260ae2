//! The read models by which a registry answers: as a running one tells them, or as they lie in files.

use anyhow::{Context as _, anyhow};
use keyledger_command_service::ports::ReadModel;
use keyledger_event_log::Position;
use keyledger_read_models::PartnerKeysReader;
use keyledger_validator::{KeyIndex, snapshot};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    super::source::{Files, Source},
    SHOWN,
    anew::Anew,
    difference::{Difference, Differences},
};
use crate::{
    cli::{
        Context,
        client::{Ask, Client},
    },
    environment::Stopwatch,
    installation::{ModelsPlace, index_config},
    projections::told,
};

/// The read models that were found.
pub(super) enum Found {
    /// Those of a registry that runs.
    Running(Client),
    /// Those in files: the newest snapshot of the key index, and the lists; none where there is no such thing.
    Files { index: Option<Box<KeyIndex>>, lists: Option<PartnerKeysReader> },
}

/// A model by its digest.
#[derive(Deserialize)]
struct Digested {
    name: String,
    position: u64,
    digest: String,
}

#[derive(Deserialize)]
struct Projections {
    projections: Vec<Digested>,
}

/// Up to where a model holds the log, and the digest of what it holds.
pub(super) struct There {
    pub(super) position: Position,
    pub(super) digest: String,
}

/// Everything that a model holds.
pub(super) struct Told {
    pub(super) position: Position,
    pub(super) lines: Vec<String>,
}

impl Found {
    /// Looks where the events come from.
    ///
    /// # Errors
    /// One sentence.
    pub(super) fn of(context: &Context, source: &Source) -> anyhow::Result<Self> {
        let Some(Files { directory, keyring }) = &source.files else {
            return Ok(Self::Running(context.client()?));
        };
        let (settings, identity) = (context.settings(), source.history.identity());
        let config = index_config(settings, identity, Stopwatch::start());
        let index = snapshot::load(&directory.snapshots(), &config, &keyring.mac_keys());
        let lists = ModelsPlace::of(&settings.read_models, directory)?.read_lists(identity).ok();
        Ok(Self::Files { index: index.map(Box::new), lists })
    }

    /// A model by its digest; none where there is no such model.
    ///
    /// # Errors
    /// One sentence.
    pub(super) async fn digest(&self, model: ReadModel) -> anyhow::Result<Option<There>> {
        match self {
            Self::Running(client) => {
                let answer = client.get(&["v1", "projections"], Ask::default()).await?;
                let Projections { projections } = Projections::deserialize(answer).context(UNKNOWN)?;
                let found =
                    projections.into_iter().find(|found| found.name == model.name()).context(UNKNOWN)?;
                Ok(Some(There { position: Position::new(found.position), digest: found.digest }))
            }
            Self::Files { .. } => {
                let Some(Told { position, lines }) = self.of_files(model)? else { return Ok(None) };
                let mut hasher = Sha256::new();
                for line in lines {
                    hasher.update(line);
                    hasher.update("\n");
                }
                Ok(Some(There { position, digest: hex::encode(hasher.finalize()) }))
            }
        }
    }

    /// Everything that a model holds.
    ///
    /// # Errors
    /// One sentence.
    pub(super) async fn tell(&self, model: ReadModel) -> anyhow::Result<Told> {
        match self {
            Self::Running(client) => {
                let path = ["v1", "projections", model.name()];
                let mut reading = client.stream(&path, "application/x-ndjson", Ask::default()).await?;
                let mut lines = Vec::new();
                while let Some(line) = reading.next().await? {
                    lines.push(line);
                }
                told(lines)
            }
            Self::Files { .. } => self.of_files(model)?.context("it is gone"),
        }
    }

    fn of_files(&self, model: ReadModel) -> anyhow::Result<Option<Told>> {
        let Self::Files { index, lists } = self else { return Ok(None) };
        let mut lines = Vec::new();
        let take = &mut |line: &str| {
            lines.push(line.to_owned());
            true
        };
        let ended = match (model, index, lists) {
            (ReadModel::KeyIndex, Some(index), _) => told::key_index(index, take),
            (ReadModel::PartnerKeys, _, Some(lists)) => told::partner_keys(lists, take),
            _ => return Ok(None),
        };
        ended.map_err(|why| anyhow!("{} cannot be read: {why}", model.name()))?;
        told(lines).map(Some)
    }

    /// Compares what is told to nobody, where it is at hand: what recognises secrets, and the tables beside that of keys.
    ///
    /// # Errors
    /// One sentence.
    pub(super) fn look_closer(
        &self,
        model: ReadModel,
        anew: &Anew,
        differences: &mut Differences,
    ) -> anyhow::Result<()> {
        let Self::Files { index, lists } = self else { return Ok(()) };
        let projection = model.name();
        if let (Some(found), Some(index)) =
            (index.as_ref().filter(|_| model == ReadModel::KeyIndex), anew.index())
        {
            for (key_id, prefix) in index.differing_secrets(found) {
                let field = Some(format!("what recognises the secret {prefix}"));
                let [log, found] = ["something else"; 2].map(|text| Value::String(text.to_owned()));
                differences.add(Difference { projection, of: key_id.to_string(), field, log, found }, SHOWN);
            }
        }
        if let (Some(found), Some(tables), 0) = (lists, anew.tables()?, differences.count)
            && found.contents()?.digest != tables
        {
            let of = "the tables of partners, prefixes and streams".to_owned();
            let [log, found] = ["something else"; 2].map(|text| Value::String(text.to_owned()));
            let field = Some("a row of them".to_owned());
            differences.add(Difference { projection, of, field, log, found }, SHOWN);
        }
        Ok(())
    }
}

const UNKNOWN: &str =
    "the registry does not tell its read models: use the command of the registry's own release";

/// Lines with the position that the first of them says.
fn told(lines: Vec<String>) -> anyhow::Result<Told> {
    #[derive(Deserialize)]
    struct First {
        position: u64,
    }
    let first = lines.first().context(UNKNOWN)?;
    let First { position } = serde_json::from_str(first).context(UNKNOWN)?;
    Ok(Told { position: Position::new(position), lines })
}
