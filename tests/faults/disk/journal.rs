//! What a process did to its files, in its order, and which of it an fsync covers.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use super::Unsynced;
use super::change::Change;
use super::tree::{Held, Node, Tree};

/// How long a line is before its bytes: kind, file, place and length, eight bytes each.
const LINE: usize = 32;

pub(super) struct Journal {
    /// Each change with the number of its line and whose it is.
    changes: Vec<(usize, Node, Change)>,
    /// Up to which line an fsync covers the changes of a file or directory.
    covered: HashMap<Node, usize>,
    /// The files that the process made, as they were before their first change.
    tree: Tree,
}

impl Journal {
    /// Reads a journal over what lay there when it was begun. A line that was cut off is the last one, and left out.
    pub(super) fn read(path: &Path, before: &Tree) -> Self {
        let bytes = fs::read(path).unwrap_or_default();
        let mut journal = Self { changes: Vec::new(), covered: HashMap::new(), tree: before.clone() };
        // As the process saw it, so that each name is known for what it named.
        let (mut seen, mut rest) = (before.clone(), bytes.as_slice());
        for number in 0.. {
            let Some((line, after)) = Line::first_of(rest) else { break };
            rest = after;
            journal.take(number, &line, &mut seen);
        }
        journal
    }

    fn take(&mut self, number: usize, line: &Line<'_>, seen: &mut Tree) {
        let node = |seen: &Tree, number| *seen.numbers.get(&number).expect("a file that was seen before");
        let named = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("a name that is text");
        let (of, change) = match line.kind {
            b'C' | b'D' => {
                let held =
                    if line.kind == b'C' { Held::Bytes(Vec::new()) } else { Held::Names(BTreeMap::new()) };
                let made = seen.new_node(held.clone());
                assert_eq!(self.tree.new_node(held), made, "both count alike");
                seen.numbers.insert(line.file, made);
                (node(seen, line.at), Change::Name(named(line.bytes), made))
            }
            b'W' => (node(seen, line.file), Change::Write { at: size(line.at), bytes: line.bytes.to_vec() }),
            b'T' => (node(seen, line.file), Change::Resize(size(line.at))),
            b'U' => (node(seen, line.at), Change::Unname(named(line.bytes))),
            b'R' | b'L' => {
                let (to, names) = line.bytes.split_first_chunk().expect("a directory and two names");
                let names = named(names);
                let (from, to_name) = names.split_once('/').expect("two names");
                let (directory, to) = (node(seen, line.at), node(seen, u64::from_ne_bytes(*to)));
                let what = *seen.names(directory).get(from).expect("it had that name");
                let (from, to_name) = (from.to_owned(), to_name.to_owned());
                let renamed = Change::Rename { from: (directory, from), to: to_name.clone(), what };
                (to, if line.kind == b'R' { renamed } else { Change::Name(to_name, what) })
            }
            b'S' => {
                let covered = self.covered.entry(node(seen, line.file)).or_default();
                *covered = size(line.at).max(*covered);
                return;
            }
            other => panic!("the journal has a line of kind {other}"),
        };
        if matches!(change, Change::Name(..) | Change::Unname(_) | Change::Rename { .. }) {
            change.make(of, seen, None);
        }
        self.changes.push((number, of, change));
    }

    /// Makes in `tree` the changes that the disk holds, and tells how many no fsync covers.
    pub(super) fn apply(self, tree: &mut Tree, mut unsynced: Unsynced<'_>) -> usize {
        let end = self.changes.last().map_or(0, |(number, ..)| number + 1);
        *tree = self.tree;
        let (mut uncovered, mut moments) = (0, HashMap::new());
        for (number, of, change) in &self.changes {
            let covered = self.covered.get(of).copied().unwrap_or_default();
            if *number < covered {
                change.make(*of, tree, None);
                continue;
            }
            uncovered += 1;
            match &mut unsynced {
                Unsynced::Lost => {}
                Unsynced::Kept => change.make(*of, tree, None),
                Unsynced::ByChance(dice) => match change {
                    Change::Write { .. } => change.make(*of, tree, Some(&mut **dice)),
                    Change::Resize(_) if dice.chance(50) => change.make(*of, tree, None),
                    Change::Resize(_) => {}
                    _ => {
                        let span = (end - covered) as u64 + 1;
                        let moment = *moments.entry(*of).or_insert_with(|| covered + size(dice.below(span)));
                        if *number < moment {
                            change.make(*of, tree, None);
                        }
                    }
                },
            }
        }
        uncovered
    }
}

struct Line<'a> {
    kind: u8,
    file: u64,
    at: u64,
    bytes: &'a [u8],
}

impl<'a> Line<'a> {
    /// The first line of a journal, and what follows it; none where it is not whole.
    fn first_of(journal: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (head, rest) = journal.split_at_checked(LINE)?;
        let number = |index: usize| {
            let (chunks, _) = head.as_chunks();
            u64::from_ne_bytes(chunks[index])
        };
        let (bytes, rest) = rest.split_at_checked(size(number(3)))?;
        let kind = u8::try_from(number(0)).expect("a kind is a letter");
        Some((Self { kind, file: number(1), at: number(2), bytes }, rest))
    }
}

fn size(number: u64) -> usize {
    usize::try_from(number).expect("a size of this machine")
}
