//! A disk of which a power cut leaves what was synced: a library in the process keeps a journal of what it does to its
//! files (`shim/disk.c`), and from that the files are laid anew as the disk would hold them.

mod change;
mod journal;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};

use keyledger_tests::{Dice, shim};
use tempfile::TempDir;

use journal::Journal;
use tree::Tree;

/// What a power cut leaves of changes that no fsync covers.
pub(crate) enum Unsynced<'a> {
    /// Nothing.
    Lost,
    /// Of bytes any sectors, of names those of any moment since their directory was synced.
    ByChance(&'a mut Dice),
    /// All of it, as where no power was cut.
    Kept,
}

/// The disk that holds one directory.
pub(crate) struct Disk {
    directory: PathBuf,
    journal: PathBuf,
    lies: bool,
    /// What it holds for certain: what lay there when the process began.
    before: Tree,
    #[expect(dead_code, reason = "dropping it removes the journal")]
    beside: TempDir,
}

impl Disk {
    /// The disk of a directory, which is made where it is not there. One that lies covers nothing by an fsync.
    pub(crate) fn of(directory: &Path, lies: bool) -> Self {
        fs::create_dir_all(directory).expect("the directory");
        let directory = fs::canonicalize(directory).expect("the directory");
        let beside = tempfile::tempdir().expect("a directory for the journal");
        let journal = beside.path().join("journal");
        let before = Tree::read(&directory);
        Self { directory, journal, lies, before, beside }
    }

    /// The variables by which a process works on it. Each start of a process begins a new journal, so the power is cut
    /// between two of them.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let shown = |path: &Path| path.to_str().expect("a path that is text").to_owned();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("faults/shim/disk.c");
        let mut variables = vec![
            ("LD_PRELOAD", shim(&source)),
            ("DISK_BELOW", shown(&self.directory)),
            ("DISK_JOURNAL", shown(&self.journal)),
        ];
        if self.lies {
            variables.push(("DISK_LIES", "yes".to_owned()));
        }
        variables
    }

    /// Cuts the power after the process was killed: lays what the disk holds then. How many changes no fsync had covered.
    pub(crate) fn cut(&mut self, unsynced: Unsynced<'_>) -> usize {
        let (left, uncovered) = self.left(unsynced);
        left.write(&self.directory);
        // The files are other ones now.
        self.before = Tree::read(&self.directory);
        // It was taken in, and nobody may take it in once more.
        let _ = fs::remove_file(&self.journal);
        uncovered
    }

    /// Checks that the journal tells all that was done to the files.
    #[track_caller]
    pub(crate) fn journal_is_complete(&self) {
        let (told, _) = self.left(Unsynced::Kept);
        let real = Tree::read(&self.directory);
        let (told, real) = (told.files(), real.files());
        let names =
            |files: &[(PathBuf, &[u8])]| files.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
        assert_eq!(names(&told), names(&real), "the journal tells of other files");
        for ((path, told), (_, real)) in told.iter().zip(&real) {
            assert!(told == real, "the journal tells another content of {}", path.display());
        }
    }

    fn left(&self, unsynced: Unsynced<'_>) -> (Tree, usize) {
        let mut tree = self.before.clone();
        let journal = Journal::read(&self.journal, &tree);
        let uncovered = journal.apply(&mut tree, unsynced);
        (tree, uncovered)
    }
}
