//! Directories and files, names apart from what they name.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A file or a directory, however it is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Node(usize);

/// What it holds.
#[derive(Clone, Debug)]
pub(super) enum Held {
    Bytes(Vec<u8>),
    Names(BTreeMap<String, Node>),
}

/// All that is below one directory, which is the first node.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    held: Vec<Held>,
    /// By what numbers the file system knows what lay there.
    pub(super) numbers: HashMap<u64, Node>,
}

impl Tree {
    /// What lies in a directory. What SQLite maps into memory is left out: it is made anew.
    pub(super) fn read(directory: &Path) -> Self {
        let mut tree = Self::default();
        tree.add(directory);
        tree
    }

    fn add(&mut self, path: &Path) -> Node {
        let number = fs::metadata(path).expect("it is there").ino();
        if let Some(node) = self.numbers.get(&number) {
            return *node;
        }
        let node = self.new_node(Held::Names(BTreeMap::new()));
        self.numbers.insert(number, node);
        if path.is_dir() {
            for entry in fs::read_dir(path).expect("a directory") {
                let entry = entry.expect("an entry");
                let name = entry.file_name().into_string().expect("a name that is text");
                if !name.ends_with("-shm") {
                    let found = self.add(&entry.path());
                    self.names(node).insert(name, found);
                }
            }
        } else {
            self.held[node.0] = Held::Bytes(fs::read(path).expect("a file"));
        }
        node
    }

    /// Something that nothing names yet.
    pub(super) fn new_node(&mut self, held: Held) -> Node {
        self.held.push(held);
        Node(self.held.len() - 1)
    }

    #[track_caller]
    pub(super) fn names(&mut self, directory: Node) -> &mut BTreeMap<String, Node> {
        match &mut self.held[directory.0] {
            Held::Names(names) => names,
            Held::Bytes(_) => panic!("a file holds no names"),
        }
    }

    #[track_caller]
    pub(super) fn bytes(&mut self, file: Node) -> &mut Vec<u8> {
        match &mut self.held[file.0] {
            Held::Bytes(bytes) => bytes,
            Held::Names(_) => panic!("a directory holds no bytes"),
        }
    }

    /// Each file with its path, in the order of paths.
    pub(super) fn files(&self) -> Vec<(PathBuf, &[u8])> {
        let mut files = Vec::new();
        self.collect(Node(0), Path::new(""), &mut files);
        files
    }

    fn collect<'a>(&'a self, node: Node, path: &Path, files: &mut Vec<(PathBuf, &'a [u8])>) {
        match &self.held[node.0] {
            Held::Bytes(bytes) => files.push((path.to_owned(), bytes)),
            Held::Names(names) => {
                names.iter().for_each(|(name, node)| self.collect(*node, &path.join(name), files))
            }
        }
    }

    /// Lays it in a directory, in the place of what is there, for nobody but the owner, as the registry has it.
    pub(super) fn write(&self, directory: &Path) {
        fs::remove_dir_all(directory).expect("what was there can be removed");
        self.lay(Node(0), directory);
    }

    fn lay(&self, node: Node, path: &Path) {
        match &self.held[node.0] {
            Held::Bytes(bytes) => {
                let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
                file.and_then(|mut file| file.write_all(bytes)).expect("a file can be written");
            }
            Held::Names(names) => {
                DirBuilder::new().mode(0o700).create(path).expect("a directory can be made");
                names.iter().for_each(|(name, node)| self.lay(*node, &path.join(name)));
            }
        }
    }
}
