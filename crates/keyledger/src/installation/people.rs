//! Where the people of the portal are, by the settings, and how they are opened there.

use std::{
    fmt,
    fs::{self, File},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail, ensure};
use keyledger_portal::people::{Keys, People};
use keyledger_read_models::DatabaseUrl;

use super::HeldKeyring;
use crate::{data_dir::DataDir, settings::ReadModels};

/// Where the people of the portal are. All of it blocks.
#[derive(Clone, Debug)]
pub(crate) enum PeoplePlace {
    /// In a file of the data directory.
    File(PathBuf),
    /// In the database of the read models, which other machines share.
    Database {
        /// Which one.
        url: Box<DatabaseUrl>,
        /// Where they would lie without it, and may have lain before.
        file: PathBuf,
    },
}

/// What moving people came to.
pub(crate) enum Moved {
    /// So many are in the database now.
    Now(usize),
    /// They were there already: an earlier attempt got as far as that.
    Before,
}

impl PeoplePlace {
    /// Where the settings say that they are.
    pub(crate) fn of(settings: &ReadModels, directory: &DataDir) -> Self {
        let file = directory.people();
        match &settings.url {
            None => Self::File(file),
            Some(url) => Self::Database { url: Box::new(url.0.clone()), file },
        }
    }

    /// The people there. A database is not begun with while a file beside it holds people: they would be forgotten without a
    /// word.
    ///
    /// # Errors
    /// One sentence that says what to do.
    pub(crate) fn open(&self, keyring: &HeldKeyring) -> anyhow::Result<People> {
        match self {
            Self::File(file) => Ok(People::open(file, keys(keyring))?),
            Self::Database { url, file } => {
                ensure!(
                    !holds_people(file, keyring)?,
                    "{} holds the people of the portal, who are in {url} from now on: `keyledger users move` takes them there; where others are there already, put the file away",
                    file.display()
                );
                Ok(People::open_in(url, keys(keyring))?)
            }
        }
    }

    /// As [`open`](Self::open), where there can be any: a file that is not there is not made.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) fn open_where_there(&self, keyring: &HeldKeyring) -> anyhow::Result<Option<People>> {
        match self {
            Self::File(file) if !file.exists() => Ok(None),
            _ => self.open(keyring).map(Some),
        }
    }

    /// Takes the people of the file to the database, and puts the file aside, under the name that is told too. Nobody may serve
    /// from either meanwhile. Killed at any moment, the same again goes on.
    ///
    /// # Errors
    /// One sentence that says what to do.
    pub(crate) fn move_from_file(&self, keyring: &HeldKeyring) -> anyhow::Result<(Moved, PathBuf)> {
        let Self::Database { url, file } = self else {
            bail!("people are moved to the database of read_models.url, which is not set");
        };
        let aside = file.with_extension("db.moved");
        ensure!(file.exists(), "{} is not there: nobody is to be moved", file.display());
        ensure!(!aside.exists(), "{} is there from an earlier time: put it away", aside.display());
        let from = People::open(file, keys(keyring))?;
        let to = People::open_in(url, keys(keyring))?;
        let moved = match from.copy_to(&to)? {
            Some(people) => Moved::Now(people),
            None => {
                let there: Vec<_> = to.list(None)?.into_iter().map(|person| person.id).collect();
                let are_there = from.list(None)?.iter().all(|person| there.contains(&person.id));
                ensure!(
                    are_there,
                    "others are in {url} already, and people are not mixed: add those of {} there by `keyledger users add`, and put the file away",
                    file.display()
                );
                Moved::Before
            }
        };
        // What SQLite keeps beside it goes into the file.
        drop(from);
        let renamed = fs::rename(file, &aside).and_then(|()| synced(file));
        renamed.with_context(|| format!("cannot rename {}", file.display()))?;
        Ok((moved, aside))
    }
}

impl fmt::Display for PeoplePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.display().fmt(f),
            Self::Database { url, .. } => url.fmt(f),
        }
    }
}

/// What seals their rows.
pub(crate) fn keys(keyring: &HeldKeyring) -> Keys {
    let keyring = keyring.clone();
    Arc::new(move || keyring.mac_keys())
}

fn holds_people(file: &Path, keyring: &HeldKeyring) -> anyhow::Result<bool> {
    Ok(file.exists() && People::open(file, keys(keyring))?.are_there_any()?)
}

/// Makes it durable what a file in its directory is called.
fn synced(file: &Path) -> std::io::Result<()> {
    File::open(file.parent().unwrap_or(file))?.sync_all()
}
