//! Many keys, in the order of their ids.

use std::cmp::Ordering;

use keyledger_domain::KeyId;
use uuid::Uuid;

/// Where the row of a key lies.
#[derive(Clone, Copy)]
struct Entry {
    key_id: KeyId,
    start: u64,
    /// 0: there is no such key.
    length: u32,
    buffer: u32,
}

/// The rows of keys, in the order of their ids. They lie where they were read or made, in a few large buffers.
#[derive(Default)]
pub(super) struct Rows {
    entries: Vec<Entry>,
    buffers: Vec<Vec<u8>>,
}

/// How many bytes are brought together before they are given out.
const PIECE: usize = 1 << 20;

/// What stands before each row: the id of its key, and its length.
const HEAD: usize = 16 + size_of::<u32>();

/// About how many bytes a key takes, to begin with enough room.
const USUAL: usize = 160;

/// How much may lie about that no entry leads to, beyond as much again as they lead to.
const SPARE: usize = 64 << 20;

impl Rows {
    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds the last key, which comes behind all others: its row, or none where there is no such key and older rows may
    /// still say so.
    pub(super) fn push(&mut self, key_id: KeyId, write: Option<impl FnOnce(Vec<u8>) -> Vec<u8>>) {
        let mut buffer = self.buffers.pop().unwrap_or_default();
        let start = buffer.len();
        if let Some(write) = write {
            buffer = write(buffer);
        }
        let length = u32::try_from(buffer.len() - start).expect("a row is made of one event's worth of text");
        self.entries.push(Entry { key_id, start: start as u64, length, buffer: self.last_buffer() });
        self.buffers.push(buffer);
    }

    fn last_buffer(&self) -> u32 {
        u32::try_from(self.buffers.len()).expect("there are few buffers")
    }

    /// The row of a key.
    pub(super) fn find(&self, key_id: KeyId) -> Option<&[u8]> {
        let at = self.entries.binary_search_by_key(&key_id, |entry| entry.key_id).ok()?;
        Some(self.row(&self.entries[at])).filter(|row| !row.is_empty())
    }

    /// Every key with its row, in the order of their ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = (KeyId, &[u8])> {
        self.entries.iter().map(|entry| (entry.key_id, self.row(entry)))
    }

    fn row(&self, entry: &Entry) -> &[u8] {
        let start = usize::try_from(entry.start).unwrap_or(usize::MAX);
        &self.buffers[entry.buffer as usize][start..start + entry.length as usize]
    }

    /// These rows where there are such, and else the older ones.
    pub(super) fn over(self, mut older: Self) -> Self {
        let shift = older.last_buffer();
        let moved = |entry: &Entry| Entry { buffer: entry.buffer + shift, ..*entry };
        let (mut newer, mut old) =
            (self.entries.iter().map(moved).peekable(), older.entries.iter().peekable());
        let mut entries = Vec::with_capacity(self.entries.len() + older.entries.len());
        loop {
            let order = match (newer.peek(), old.peek()) {
                (Some(newer), Some(old)) => newer.key_id.cmp(&old.key_id),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => break,
            };
            let next = if order == Ordering::Greater { old.next().copied() } else { newer.next() };
            if order == Ordering::Equal {
                old.next();
            }
            entries.extend(next.filter(|entry| entry.length > 0));
        }
        older.buffers.extend(self.buffers);
        Self { entries, buffers: older.buffers }
    }

    /// The same rows, without what no entry leads to any more, where that is much.
    pub(super) fn compacted(self) -> Self {
        let held: usize = self.buffers.iter().map(Vec::len).sum();
        let live: usize = self.entries.iter().map(|entry| entry.length as usize).sum();
        if held <= 2 * live + SPARE {
            return self;
        }
        let mut buffer = Vec::with_capacity(live);
        let mut entries = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            entries.push(Entry { start: buffer.len() as u64, buffer: 0, ..*entry });
            buffer.extend_from_slice(self.row(entry));
        }
        Self { entries, buffers: vec![buffer] }
    }

    /// Writes all of them, piece by piece: of each key its id, the length of its row, and the row.
    pub(super) fn pieces<E>(&self, mut take: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let mut piece = Vec::with_capacity(PIECE + PIECE / 8);
        for entry in &self.entries {
            piece.extend_from_slice(entry.key_id.0.as_bytes());
            piece.extend_from_slice(&entry.length.to_le_bytes());
            piece.extend_from_slice(self.row(entry));
            if piece.len() >= PIECE {
                take(&piece)?;
                piece.clear();
            }
        }
        take(&piece)
    }

    /// BLAKE3 of all that [`Self::pieces`] writes.
    pub(super) fn digest(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        let hashed = self.pieces(|piece| {
            hasher.update(piece);
            Ok::<_, std::convert::Infallible>(())
        });
        let Ok(()) = hashed;
        hasher.finalize()
    }

    /// Where the rows lie that were written behind the first `skip` of these bytes; none where they are something else.
    pub(super) fn places(bytes: &[u8], skip: usize) -> Option<Places> {
        let mut entries: Vec<Entry> = Vec::with_capacity(bytes.len() / USUAL);
        let mut at = skip;
        while at < bytes.len() {
            let (head, rest) = bytes[at..].split_first_chunk::<HEAD>()?;
            let (id, length) = head.split_first_chunk::<16>()?;
            let length = u32::from_le_bytes(length.try_into().ok()?);
            let key_id = KeyId(Uuid::from_bytes(*id));
            let in_order = entries.last().is_none_or(|last| last.key_id < key_id);
            if !in_order || length == 0 || rest.len() < length as usize {
                return None;
            }
            let start = at + HEAD;
            entries.push(Entry { key_id, start: start as u64, length, buffer: 0 });
            at = start + length as usize;
        }
        Some(Places(entries))
    }

    /// The rows at these places of the bytes in which they were found.
    pub(super) fn in_place(places: Places, bytes: Vec<u8>) -> Self {
        Self { entries: places.0, buffers: vec![bytes] }
    }
}

/// Where rows lie in bytes that were read.
pub(super) struct Places(Vec<Entry>);

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(of: &[(u128, &str)]) -> Rows {
        let mut rows = Rows::default();
        for (id, text) in of {
            let write = |bytes| [bytes, text.as_bytes().to_vec()].concat();
            rows.push(KeyId(Uuid::from_u128(*id)), Some(write).filter(|_| !text.is_empty()));
        }
        rows
    }

    fn told(rows: &Rows) -> Vec<(u128, String)> {
        rows.iter().map(|(id, row)| (id.0.as_u128(), String::from_utf8_lossy(row).into_owned())).collect()
    }

    fn expected(of: &[(u128, &str)]) -> Vec<(u128, String)> {
        of.iter().map(|(id, text)| (*id, (*text).to_owned())).collect()
    }

    #[test]
    fn newer_rows_stand_over_older_ones_and_take_keys_away() {
        let newer = rows(&[(1, "one"), (3, ""), (4, "four")]);
        let merged = newer.over(rows(&[(0, "zero"), (3, "three"), (4, "old"), (9, "nine")]));
        assert_eq!(told(&merged), expected(&[(0, "zero"), (1, "one"), (4, "four"), (9, "nine")]));
        assert_eq!(merged.find(KeyId(Uuid::from_u128(4))), Some(&b"four"[..]));
        assert_eq!(merged.find(KeyId(Uuid::from_u128(3))), None);
    }

    #[test]
    fn rows_are_read_as_they_were_written_and_anything_else_is_none() {
        let rows = rows(&[(1, "one"), (2, "two")]);
        let mut bytes = b"head".to_vec();
        let written = rows.pieces(|piece| {
            bytes.extend_from_slice(piece);
            Ok::<_, ()>(())
        });
        written.expect("written");
        let places = Rows::places(&bytes, 4).expect("rows");
        let read = Rows::in_place(places, bytes.clone());
        assert_eq!((told(&read), read.digest()), (told(&rows), rows.digest()));
        assert!(Rows::places(&bytes[..bytes.len() - 1], 4).is_none(), "a row was cut off");
        let doubled = [&bytes[..], &bytes[4..]].concat();
        assert!(Rows::places(&doubled, 4).is_none(), "the order falls");
    }
}
