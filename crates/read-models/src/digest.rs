use keyledger_event_log::Checkpoint;

use crate::{
    ReadModelError, checkpoint,
    question::{Ask, Question},
    value::{Row, Value},
};

/// What a read model held at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Up to which event.
    pub checkpoint: Checkpoint,
    /// BLAKE3 over every row. Two read models with the same checkpoint have the same digest, however they came there and
    /// whichever store holds them.
    pub digest: [u8; 32],
}

/// Every table but the checkpoint, each in an order that its rows alone decide; keys by their id.
const TABLES: [Question; 4] = [
    everywhere("SELECT * FROM partner_keys ORDER BY key_id"),
    everywhere("SELECT * FROM partners ORDER BY partner_id"),
    everywhere("SELECT * FROM prefixes ORDER BY prefix, key_id, generation"),
    everywhere("SELECT * FROM streams ORDER BY stream"),
];

const fn everywhere(sql: &'static str) -> Question {
    Question { sqlite: sql, postgres: sql }
}

/// Reads everything. That it is of one moment is the business of whoever gives `moment`.
pub(crate) fn contents(moment: &mut impl Ask) -> Result<Contents, ReadModelError> {
    let Some((_, checkpoint)) = checkpoint::read(moment)? else { return Err(checkpoint::missing()) };
    let mut hasher = blake3::Hasher::new();
    for table in TABLES {
        hasher.update(b"table");
        moment.each(table, &[], &mut |Row(values)| {
            values.iter().for_each(|value| digest_value(&mut hasher, value));
            Ok(())
        })?;
    }
    Ok(Contents { checkpoint, digest: hasher.finalize().into() })
}

/// Each value begins with its kind and, where that varies, its length: no two lists of values read the same.
fn digest_value(hasher: &mut blake3::Hasher, value: &Value) {
    let mut sized = |kind: u8, bytes: &[u8]| {
        hasher.update(&[kind]).update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    };
    match value {
        Value::Null => sized(0, &[]),
        Value::Integer(number) => sized(1, &number.to_le_bytes()),
        Value::Text(text) => sized(3, text.as_bytes()),
        Value::Bytes(bytes) => sized(4, bytes),
    }
}
