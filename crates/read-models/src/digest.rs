use keyledger_event_log::Checkpoint;
use rusqlite::{Connection, types::ValueRef};

use crate::{ReadModelError, checkpoint};

/// What a read model held at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Up to which event.
    pub checkpoint: Checkpoint,
    /// BLAKE3 over every row. Two read models with the same checkpoint have the same digest, however they came there.
    pub digest: [u8; 32],
}

/// Every table but the checkpoint, each in an order that its rows alone decide; keys by their id.
const TABLES: [&str; 4] = [
    "SELECT * FROM partner_keys ORDER BY key_id",
    "SELECT * FROM partners ORDER BY partner_id",
    "SELECT * FROM prefixes ORDER BY prefix, key_id, generation",
    "SELECT * FROM streams ORDER BY stream",
];

/// Reads everything, as of one moment.
pub(crate) fn contents(db: &Connection) -> Result<Contents, ReadModelError> {
    let moment = db.unchecked_transaction()?;
    let Some((_, checkpoint)) = checkpoint::read(&moment)? else {
        return Err(ReadModelError::Damaged("it has no checkpoint".to_owned()));
    };
    let mut hasher = blake3::Hasher::new();
    for table in TABLES {
        hasher.update(b"table");
        let mut statement = moment.prepare(table)?;
        let columns = statement.column_count();
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                digest_value(&mut hasher, row.get_ref(column)?);
            }
        }
    }
    Ok(Contents { checkpoint, digest: hasher.finalize().into() })
}

/// Each value begins with its kind and, where that varies, its length: no two lists of values read the same.
fn digest_value(hasher: &mut blake3::Hasher, value: ValueRef<'_>) {
    let mut sized = |kind: u8, bytes: &[u8]| {
        hasher.update(&[kind]).update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    };
    match value {
        ValueRef::Null => sized(0, &[]),
        ValueRef::Integer(number) => sized(1, &number.to_le_bytes()),
        ValueRef::Real(number) => sized(2, &number.to_le_bytes()),
        ValueRef::Text(text) => sized(3, text),
        ValueRef::Blob(blob) => sized(4, blob),
    }
}
