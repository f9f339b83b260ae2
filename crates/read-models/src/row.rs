use std::fmt::Display;

use keyledger_domain::{
    Actor, KeyId, KeyName, PartnerId, Prefix, Reason, Throttle, Timestamp,
    key::{Key, Revoked},
};
use keyledger_event_log::Position;
use rusqlite::{Connection, Error, Result, Row, named_params, types::Type};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

/// A query for keys that [`read`] understands: the columns that make one, and what the query adds.
macro_rules! select_keys {
    ($rest:literal) => {
        concat!(
            "SELECT key_id, partner_id, name, prefix, generation, scopes, rate_per_second, burst, created_at, ",
            "created_by, expires_at, regenerated_at, superseded_secrets, revoked_at, revoked_by, revocation_reason, ",
            "revision, position, changed_at, unreadable FROM partner_keys ",
            $rest
        )
    };
}
pub(crate) use select_keys;

/// The key in a row of [`select_keys`].
pub(crate) fn read(row: &Row<'_>) -> Result<Key> {
    Ok(Key {
        key_id: key_id(row, 0)?,
        partner_id: parsed(row, 1, PartnerId::parse)?,
        name: parsed(row, 2, KeyName::parse)?,
        prefix: parsed(row, 3, |text| Prefix::parse(text.as_bytes()))?,
        generation: row.get(4)?,
        scopes: json(row, 5)?,
        throttle: Throttle::new(row.get(6)?, row.get(7)?).map_err(|error| bad(6, error))?,
        created_at: parsed(row, 8, Timestamp::parse)?,
        created_by: json(row, 9)?,
        expires_at: parsed_or_none(row, 10, Timestamp::parse)?,
        regenerated_at: parsed_or_none(row, 11, Timestamp::parse)?,
        superseded_secrets: json(row, 12)?,
        revoked: revoked(row)?,
        revision: natural(row, 16)?,
        position: natural(row, 17)?,
        changed_at: parsed(row, 18, Timestamp::parse)?,
        unreadable: row.get(19)?,
    })
}

fn revoked(row: &Row<'_>) -> Result<Option<Revoked>> {
    let Some(at) = parsed_or_none(row, 13, Timestamp::parse)? else { return Ok(None) };
    let by: Actor = json(row, 14)?;
    Ok(Some(Revoked { at, by, reason: parsed_or_none(row, 15, Reason::parse)? }))
}

/// Writes the row of a key. What its creation says stays as the first writing left it.
pub(crate) fn write(db: &Connection, key: &Key, created: Position) -> Result<()> {
    let mut statement = db.prepare_cached(
        "INSERT INTO partner_keys (key_id, partner_id, name, prefix, generation, scopes, rate_per_second, burst,
             created_at, created_by, created_position, expires_at, regenerated_at, superseded_secrets, revoked_at,
             revoked_by, revocation_reason, revision, position, changed_at, unreadable)
         VALUES (:key_id, :partner_id, :name, :prefix, :generation, :scopes, :rate_per_second, :burst,
             :created_at, :created_by, :created_position, :expires_at, :regenerated_at, :superseded_secrets, :revoked_at,
             :revoked_by, :revocation_reason, :revision, :position, :changed_at, :unreadable)
         ON CONFLICT (key_id) DO UPDATE SET
             name = excluded.name, prefix = excluded.prefix, generation = excluded.generation,
             scopes = excluded.scopes, rate_per_second = excluded.rate_per_second, burst = excluded.burst,
             expires_at = excluded.expires_at, regenerated_at = excluded.regenerated_at,
             superseded_secrets = excluded.superseded_secrets, revoked_at = excluded.revoked_at,
             revoked_by = excluded.revoked_by, revocation_reason = excluded.revocation_reason,
             revision = excluded.revision, position = excluded.position, changed_at = excluded.changed_at,
             unreadable = excluded.unreadable",
    )?;
    let revoked = key.revoked.as_ref();
    statement.execute(named_params! {
        ":key_id": key.key_id.to_string(),
        ":partner_id": key.partner_id.as_str(),
        ":name": key.name.as_str(),
        ":prefix": key.prefix.as_str(),
        ":generation": key.generation,
        ":scopes": to_json(&key.scopes)?,
        ":rate_per_second": key.throttle.rate_per_second(),
        ":burst": key.throttle.burst(),
        ":created_at": key.created_at.to_string(),
        ":created_by": to_json(&key.created_by)?,
        ":created_position": integer(created.get()),
        ":expires_at": key.expires_at.map(|moment| moment.to_string()),
        ":regenerated_at": key.regenerated_at.map(|moment| moment.to_string()),
        ":superseded_secrets": to_json(&key.superseded_secrets)?,
        ":revoked_at": revoked.map(|revoked| revoked.at.to_string()),
        ":revoked_by": revoked.map(|revoked| to_json(&revoked.by)).transpose()?,
        ":revocation_reason": revoked.and_then(|revoked| revoked.reason.as_ref()).map(Reason::as_str),
        ":revision": integer(key.revision),
        ":position": integer(key.position),
        ":changed_at": key.changed_at.to_string(),
        ":unreadable": key.unreadable,
    })?;
    Ok(())
}

/// The key id in a column.
pub(crate) fn key_id(row: &Row<'_>, column: usize) -> Result<KeyId> {
    parsed(row, column, Uuid::try_parse).map(KeyId)
}

/// The natural number in a column.
pub(crate) fn natural(row: &Row<'_>, column: usize) -> Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| Error::IntegralValueOutOfRange(column, number))
}

/// A number as SQLite holds it; revisions and positions stay far below where it ends.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn parsed<T, E: Display>(row: &Row<'_>, column: usize, parse: impl Fn(&str) -> Result<T, E>) -> Result<T> {
    parse(row.get_ref(column)?.as_str()?).map_err(|error| bad(column, error))
}

fn parsed_or_none<T, E: Display>(
    row: &Row<'_>,
    column: usize,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>> {
    let text = row.get_ref(column)?.as_str_or_null()?;
    text.map(|text| parse(text).map_err(|error| bad(column, error))).transpose()
}

fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
    parsed(row, column, |text| serde_json::from_str(text))
}

fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::ToSqlConversionFailure(error.into()))
}

/// What is said of a value that no key can have; the value itself stays where it is.
fn bad(column: usize, error: impl Display) -> Error {
    Error::FromSqlConversionFailure(column, Type::Text, error.to_string().into())
}
