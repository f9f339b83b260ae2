//! Where the tree is read that belongs to the events: beside the files of a log, or from the registry that runs.

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use keyledger_audit::{
    History,
    tree::{Checkpoint, Directory, Origin, TileName, Tiles, VerifierKey},
};

use super::source::Source;
use crate::{
    cli::{Context, client::Client},
    installation::LogPlace,
    output::causes,
};

/// A log, and the tree that belongs to it.
pub(super) struct Evidence {
    pub(super) history: History,
    pub(super) tiles: Box<dyn Tiles>,
    /// Whether a registry that runs tells both.
    pub(super) runs: bool,
}

impl Evidence {
    /// Opens what the command line asks for. Of files without a keyring the hashes can be checked all the same.
    ///
    /// # Errors
    /// One sentence: no registry answers, or none lies there.
    pub(super) async fn open(context: &Context) -> anyhow::Result<Self> {
        let settings = context.settings();
        let of_files = context.loaded.is_of_flag("server.data_dir");
        let history = if of_files && !settings.keyring.path.exists() {
            let place = context.log_place()?;
            if let LogPlace::File(log) = &place {
                ensure!(
                    log.exists(),
                    "there is no log in {}: correct --data-dir",
                    settings.server.data_dir.display()
                );
            }
            History::new(place.open_read_only().await?, None)
        } else {
            Source::open(context).await?.history
        };
        let origin = Origin(history.identity());
        let tiles: Box<dyn Tiles> = if of_files {
            Box::new(Directory::of(&settings.transparency.directory, origin))
        } else {
            Box::new(RemoteTree(context.client()?))
        };
        Ok(Self { history, tiles, runs: !of_files })
    }
}

/// The newest checkpoint of a tree, as far as its own key says that it is one; and the note that it came in.
///
/// # Errors
/// One sentence, where there is none.
pub(super) async fn newest(tiles: &dyn Tiles) -> anyhow::Result<(Checkpoint, String)> {
    let note = tiles.checkpoint().await.map_err(anyhow::Error::msg)?.context(
        "there is no checkpoint: nothing was signed yet; see whether `keyledger signer` runs, or what `keyledger serve` says \
         at /readyz",
    )?;
    let checkpoint = Checkpoint::open(&note, &verifier_key(tiles).await?)?;
    Ok((checkpoint, String::from_utf8(note).context("the checkpoint is no text")?))
}

/// The key that the tree's own files say.
///
/// # Errors
/// One sentence, where they say none.
pub(super) async fn verifier_key(tiles: &dyn Tiles) -> anyhow::Result<VerifierKey> {
    let key = tiles.verifier_key().await.map_err(anyhow::Error::msg)?;
    let key =
        key.context("there is no verifier key: nothing was signed yet; see whether `keyledger signer` runs")?;
    Ok(key.parse()?)
}

/// The tree as a registry that runs serves it.
struct RemoteTree(Client);

impl RemoteTree {
    async fn file(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        let segments: Vec<_> = ["v1", "transparency"].into_iter().chain(path.split('/')).collect();
        self.0.file(&segments).await.map_err(|error| causes(&error))
    }
}

#[async_trait]
impl Tiles for RemoteTree {
    async fn checkpoint(&self) -> Result<Option<Vec<u8>>, String> {
        self.file("checkpoint").await
    }

    async fn tile(&self, name: TileName) -> Result<Option<Vec<u8>>, String> {
        self.file(&name.to_string()).await
    }

    async fn verifier_key(&self) -> Result<Option<String>, String> {
        let key = self.file("verifier-key").await?;
        Ok(key.map(|key| String::from_utf8_lossy(&key).trim().to_owned()))
    }
}
