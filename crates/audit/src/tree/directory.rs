use std::{
    collections::BTreeSet,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use async_trait::async_trait;

use super::{Checkpoint, Hash, Origin, TILE_WIDTH, TileKind, TileName, Tiles, entries};

/// The files of one tree: `checkpoint`, `tile/…` and `verifier-key`, as any web server could serve them.
///
/// What lies before the checkpoint never changes, and what is written behind it is nobody's until a checkpoint covers it: so
/// tiles are on the disk first, and the checkpoint takes its place in one step.
#[derive(Clone, Debug)]
pub struct Directory(PathBuf);

const CHECKPOINT: &str = "checkpoint";
const VERIFIER_KEY: &str = "verifier-key";

impl Directory {
    /// The directory of a log's tree in the life that the log is in. The trees of earlier lives lie beside it.
    #[must_use]
    pub fn of(transparency: &Path, origin: Origin) -> Self {
        Self(transparency.join(format!("epoch-{}", origin.0.epoch)))
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The published checkpoint; none where none was published.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn read_checkpoint(&self) -> io::Result<Option<Vec<u8>>> {
        read(&self.0.join(CHECKPOINT))
    }

    /// The verifier key that belongs to it, with a line break; none where none was published.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn read_verifier_key(&self) -> io::Result<Option<Vec<u8>>> {
        read(&self.0.join(VERIFIER_KEY))
    }

    /// A tile, as far as the published checkpoint covers it. One that has grown since is cut to what is asked for.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn read_published(&self, name: TileName) -> io::Result<Option<Vec<u8>>> {
        let published = self.read_checkpoint()?.and_then(|note| Checkpoint::read(&note).ok());
        let covers = published.zip(name.needs()).is_some_and(|(checkpoint, needs)| needs <= checkpoint.size);
        if covers { self.read_tile(name) } else { Ok(None) }
    }

    /// A tile, whether or not a checkpoint covers it.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn read_tile(&self, name: TileName) -> io::Result<Option<Vec<u8>>> {
        if let Some(found) = read(&self.0.join(name.to_string()))? {
            return Ok(Some(found));
        }
        if name.is_full() {
            return Ok(None);
        }
        let grown = match read(&self.0.join(TileName { width: TILE_WIDTH, ..name }.to_string()))? {
            Some(full) => Some(full),
            None => match self.partial_widths(name)?.range(name.width..).next() {
                Some(wider) => read(&self.0.join(TileName { width: *wider, ..name }.to_string()))?,
                None => None,
            },
        };
        Ok(grown.and_then(|grown| match name.kind {
            TileKind::Entries => entries::cut(&grown, name.width).map(<[u8]>::to_vec),
            TileKind::Hashes(_) => grown.get(..usize::from(name.width) * 32).map(<[u8]>::to_vec),
        }))
    }

    /// Which widths of a tile that is not full lie there.
    fn partial_widths(&self, name: TileName) -> io::Result<BTreeSet<u16>> {
        let folder = self.0.join(TileName { width: 1, ..name }.to_string());
        let folder = folder.parent().unwrap_or(&self.0);
        let found = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            found => found?,
        };
        let widths = found.map(|entry| Ok(entry?.file_name().to_str().and_then(|width| width.parse().ok())));
        Ok(widths.collect::<io::Result<Vec<Option<u16>>>>()?.into_iter().flatten().collect())
    }

    /// Writes a tile, where it does not lie there already, and reads it back: what is signed next rests on it. It is on the
    /// disk once [`Unsynced::sync`] has said so.
    ///
    /// # Errors
    /// Whatever the file system says, and where it gives back something else.
    pub(crate) fn keep_tile(&self, name: TileName, content: &[u8], to: &mut Unsynced) -> io::Result<()> {
        let path = self.0.join(name.to_string());
        if read(&path)?.is_some_and(|found| found == content) {
            return Ok(());
        }
        write_whole(&path, content)?;
        if read(&path)?.is_none_or(|found| found != content) {
            return Err(io::Error::other(format!(
                "{} cannot be read back as it was written",
                path.display()
            )));
        }
        to.0.push(path);
        Ok(())
    }

    /// Whether a tile lies there with this content.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub(crate) fn holds(&self, name: TileName, content: &[u8]) -> io::Result<bool> {
        Ok(self.read_tile(name)?.is_some_and(|found| found == content))
    }

    /// Publishes a checkpoint, which stays the published one until the next, whatever happens.
    ///
    /// # Errors
    /// Whatever the file system says; the earlier one then stands.
    pub(crate) fn publish(&self, checkpoint: &[u8]) -> io::Result<()> {
        if self.read_checkpoint()?.is_some_and(|found| found == checkpoint) {
            return Ok(());
        }
        replace(&self.0.join(CHECKPOINT), checkpoint)
    }

    /// Says by which key its checkpoints are recognised.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub(crate) fn keep_verifier_key(&self, key: &str) -> io::Result<()> {
        let line = format!("{key}\n");
        if self.read_verifier_key()?.is_some_and(|found| found == line.as_bytes()) {
            return Ok(());
        }
        replace(&self.0.join(VERIFIER_KEY), line.as_bytes())
    }

    /// Removes the tiles at the end of a tree of an earlier size, but those that trees of these sizes have, too. Whoever asks
    /// for one gets it cut from what took its place.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub(crate) fn forget_partial(&self, at: u64, but: [u64; 2]) -> io::Result<()> {
        let needed: BTreeSet<_> = but.into_iter().flat_map(TileName::partial_ones).collect();
        for old in TileName::partial_ones(at).filter(|old| !needed.contains(old)) {
            let path = self.0.join(old.to_string());
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            if let Some(folder) = path.parent() {
                // It may hold others.
                let _ = fs::remove_dir(folder);
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Tiles for Directory {
    async fn checkpoint(&self) -> Result<Option<Vec<u8>>, String> {
        self.read_checkpoint().map_err(|error| error.to_string())
    }

    async fn tile(&self, name: TileName) -> Result<Option<Vec<u8>>, String> {
        self.read_tile(name).map_err(|error| format!("{name}: {error}"))
    }

    async fn verifier_key(&self) -> Result<Option<String>, String> {
        let key = self.read_verifier_key().map_err(|error| error.to_string())?;
        Ok(key.map(|key| String::from_utf8_lossy(&key).trim().to_owned()))
    }
}

/// Files that were written and may not be on the disk yet.
#[derive(Default)]
pub(crate) struct Unsynced(Vec<PathBuf>);

/// From how many files on the whole file system is told to come to rest, instead of one file after the other.
const MANY: usize = 64;

impl Unsynced {
    /// Waits until they are on the disk, with the names under which they are found.
    ///
    /// # Errors
    /// Whatever the file system says; they may then not be there.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        match self.0.first() {
            Some(first) if self.0.len() >= MANY => rustix::fs::syncfs(File::open(first)?)?,
            _ => {
                let mut folders = BTreeSet::new();
                for path in &self.0 {
                    File::open(path)?.sync_all()?;
                    folders.extend(path.parent());
                }
                folders.into_iter().try_for_each(|folder| File::open(folder)?.sync_all())?;
            }
        }
        self.0.clear();
        Ok(())
    }
}

/// The bytes of a tile of hashes.
pub(crate) fn bytes_of(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// The hashes in a tile; none where it does not hold so many.
pub(crate) fn hashes_in(bytes: &[u8], width: u16) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    (rest.is_empty() && hashes.len() == usize::from(width))
        .then(|| hashes.iter().map(|hash| Hash(*hash)).collect())
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(found) => Ok(Some(found)),
        // A tile's name may be that of a folder of others, or lie below another's.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Puts a file in its place, whole or as it was before, with the folders that lead there. Others of its group may read it:
/// the process that serves it may run as another user.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let (unfinished, file) = unfinished(path, content)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    File::open(folder_of(path))?.sync_all()
}

/// As [`replace`], but for whoever waits for the disk later.
fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let (unfinished, _) = unfinished(path, content)?;
    fs::rename(&unfinished, path)
}

/// A new file beside the place where it belongs.
fn unfinished(path: &Path, content: &[u8]) -> io::Result<(PathBuf, File)> {
    let folder = folder_of(path);
    make_durably(folder)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    let unfinished = folder.join(name);
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o640).open(&unfinished)?;
    file.write_all(content)?;
    Ok((unfinished, file))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a folder and those above it that are missing, each known to the one above it.
fn make_durably(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder_of(folder);
    make_durably(above)?;
    match DirBuilder::new().mode(0o750).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    File::open(above)?.sync_all()
}

#[cfg(test)]
mod tests {
    use keyledger_event_log::LogIdentity;
    use uuid::Uuid;

    use super::*;
    use crate::tree::{Edge, SigningKey, leaf_hash};

    const ORIGIN: Origin = Origin(LogIdentity { log: Uuid::nil(), epoch: 1 });

    fn tile(kind: TileKind, index: u64, width: u16) -> TileName {
        TileName { kind, index, width }
    }

    #[test]
    fn a_tile_that_has_grown_is_given_as_it_was_and_none_beyond_the_checkpoint() {
        let home = tempfile::tempdir().expect("a directory");
        let directory = Directory::of(home.path(), ORIGIN);
        let (mut bundle, mut edge) = (Vec::new(), Edge::default());
        for number in 0..9_u8 {
            entries::push(&mut bundle, &[number]);
            edge.push(leaf_hash(&[number]), &mut |_, _| {});
        }
        let hashes = bytes_of(edge.unfinished(0));
        let of = |width| (tile(TileKind::Entries, 0, width), tile(TileKind::Hashes(0), 0, width));
        let mut unsynced = Unsynced::default();
        directory.keep_tile(of(9).0, &bundle, &mut unsynced).expect("kept");
        directory.keep_tile(of(9).1, &hashes, &mut unsynced).expect("kept");
        directory.keep_tile(of(9).1, &hashes, &mut unsynced).expect("kept");
        assert_eq!(unsynced.0.len(), 2, "one lay there already");
        unsynced.sync().expect("synced");
        assert_eq!(directory.read_published(of(4).0).expect("read"), None, "nothing is published");
        let checkpoint = Checkpoint { origin: ORIGIN, size: 7, root: edge.root() };
        directory.publish(&checkpoint.sign(&SigningKey::from_seed([1; 32]))).expect("published");
        assert_eq!(directory.read_published(of(4).0).expect("read").as_deref(), bundle.get(..12));
        assert_eq!(directory.read_published(of(7).1).expect("read").as_deref(), hashes.get(..7 * 32));
        assert_eq!(directory.read_published(of(8).1).expect("read"), None);
        assert_eq!(directory.read_published(of(256).1).expect("read"), None);
        assert_eq!(directory.read_published(tile(TileKind::Hashes(0), 1, 1)).expect("read"), None);
    }

    #[test]
    fn tiles_that_were_not_full_go_once_wider_ones_are_needed() {
        let home = tempfile::tempdir().expect("a directory");
        let directory = Directory::of(home.path(), ORIGIN);
        for width in [3, 5] {
            let content = &[1; 32 * 5][..32 * usize::from(width)];
            let name = tile(TileKind::Hashes(0), 0, width);
            directory.keep_tile(name, content, &mut Unsynced::default()).expect("kept");
        }
        directory.forget_partial(3, [4, 5]).expect("forgotten");
        let lies =
            |width: u16| directory.path().join(tile(TileKind::Hashes(0), 0, width).to_string()).exists();
        assert!(!lies(3) && lies(5));
        assert_eq!(directory.read_tile(tile(TileKind::Hashes(0), 0, 3)).expect("read"), Some(vec![1; 96]));
        directory.forget_partial(5, [6, 256]).expect("forgotten");
        assert!(!directory.path().join("tile/0/000.p").exists());
    }
}
