//! One change of a file or of names, and how it is made.

use keyledger_tests::Dice;

use super::tree::{Node, Tree};

/// What a disk keeps or loses as one.
const SECTOR: usize = 512;

pub(super) enum Change {
    /// Bytes at a place of a file.
    Write { at: usize, bytes: Vec<u8> },
    /// A file gets this length.
    Resize(usize),
    /// A name, and what it names.
    Name(String, Node),
    /// A name is taken away.
    Unname(String),
    /// A name is given to what had another one in this directory.
    Rename { from: (Node, String), to: String, what: Node },
}

impl Change {
    /// Makes it in `of`, a file or a directory; with dice, only some sectors of it.
    pub(super) fn make(&self, of: Node, tree: &mut Tree, sectors: Option<&mut Dice>) {
        match self {
            Self::Write { at, bytes } => write(tree.bytes(of), *at, bytes, sectors),
            Self::Resize(length) => tree.bytes(of).resize(*length, 0),
            Self::Name(name, what) => drop(tree.names(of).insert(name.clone(), *what)),
            Self::Unname(name) => drop(tree.names(of).remove(name)),
            Self::Rename { from: (directory, name), to, what } => {
                if tree.names(*directory).get(name) == Some(what) {
                    tree.names(*directory).remove(name);
                }
                tree.names(of).insert(to.clone(), *what);
            }
        }
    }
}

fn write(file: &mut Vec<u8>, at: usize, bytes: &[u8], mut sectors: Option<&mut Dice>) {
    let mut done = 0;
    while done < bytes.len() {
        let place = at + done;
        let length = (SECTOR - place % SECTOR).min(bytes.len() - done);
        if sectors.as_mut().is_none_or(|dice| dice.chance(50)) {
            if file.len() < place + length {
                file.resize(place + length, 0);
            }
            file[place..place + length].copy_from_slice(&bytes[done..done + length]);
        }
        done += length;
    }
}
