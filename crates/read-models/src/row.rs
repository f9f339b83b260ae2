use keyledger_domain::{
    Actor, KeyName, PartnerId, Prefix, Reason, Throttle, Timestamp,
    key::{Key, Revoked},
};
use keyledger_event_log::Position;

use crate::{
    ReadModelError,
    value::{Row, Value, bad},
};

/// The key in a row of [`select_keys`](crate::question::select_keys).
pub(crate) fn read(row: &Row) -> Result<Key, ReadModelError> {
    let throttle = Throttle::new(row.natural(6)?, row.natural(7)?).map_err(|error| bad(6, error))?;
    Ok(Key {
        key_id: row.key_id(0)?,
        partner_id: row.parsed(1, PartnerId::parse)?,
        name: row.parsed(2, KeyName::parse)?,
        prefix: row.parsed(3, |text| Prefix::parse(text.as_bytes()))?,
        generation: row.natural(4)?,
        scopes: row.json(5)?,
        throttle,
        created_at: row.parsed(8, Timestamp::parse)?,
        created_by: row.json(9)?,
        expires_at: row.parsed_or_none(10, Timestamp::parse)?,
        regenerated_at: row.parsed_or_none(11, Timestamp::parse)?,
        superseded_secrets: row.json(12)?,
        revoked: revoked(row)?,
        revision: row.natural(16)?,
        position: row.natural(17)?,
        changed_at: row.parsed(18, Timestamp::parse)?,
        unreadable: row.integer(19)? != 0,
    })
}

fn revoked(row: &Row) -> Result<Option<Revoked>, ReadModelError> {
    let Some(at) = row.parsed_or_none(13, Timestamp::parse)? else { return Ok(None) };
    let by: Actor = row.json(14)?;
    Ok(Some(Revoked { at, by, reason: row.parsed_or_none(15, Reason::parse)? }))
}

/// How many columns the table of keys has.
pub(crate) const COLUMNS: usize = 21;

/// The row of a key, in the order of the table's columns.
pub(crate) fn values(key: &Key, created: Position) -> Result<[Value; COLUMNS], ReadModelError> {
    let moment = |moment: Option<Timestamp>| Value::from(moment.map(|moment| moment.to_string()));
    let revoked = key.revoked.as_ref();
    Ok([
        key.key_id.to_string().into(),
        key.partner_id.as_str().into(),
        key.name.as_str().into(),
        key.prefix.as_str().into(),
        key.generation.into(),
        Value::json(&key.scopes)?,
        key.throttle.rate_per_second().into(),
        key.throttle.burst().into(),
        key.created_at.to_string().into(),
        Value::json(&key.created_by)?,
        created.get().into(),
        moment(key.expires_at),
        moment(key.regenerated_at),
        Value::json(&key.superseded_secrets)?,
        moment(revoked.map(|revoked| revoked.at)),
        revoked.map_or(Ok(Value::Null), |revoked| Value::json(&revoked.by))?,
        revoked.and_then(|revoked| revoked.reason.as_ref()).map(Reason::as_str).into(),
        key.revision.into(),
        key.position.into(),
        key.changed_at.to_string().into(),
        u32::from(key.unreadable).into(),
    ])
}
