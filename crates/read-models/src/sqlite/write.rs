use keyledger_domain::envelope::Stream;
use keyledger_event_log::Checkpoint;
use rusqlite::{Connection, Result, params_from_iter};

use crate::{
    ReadModelError,
    batch::{Held, Written},
    lookup::{BY_ID, STREAM},
    question::Ask as _,
    row,
    value::integer,
};

/// What the rows hold of some streams. Each is looked for in turn: a step costs no way to another machine.
pub(super) fn held(
    mut db: &Connection,
    streams: impl IntoIterator<Item = Stream>,
) -> Result<Held, ReadModelError> {
    let mut held = Held::default();
    for stream in streams {
        if let Stream::Key(key_id) = stream
            && let Some(key) = db.ask(BY_ID, &[key_id.to_string().into()], row::read)?.pop()
        {
            held.keys.insert(key_id, key);
            continue;
        }
        let revision = db.ask(STREAM, &[stream.to_string().into()], |row| row.natural(0))?.pop();
        held.streams.extend(revision.map(|revision| (stream, revision)));
    }
    Ok(held)
}

/// What a creation says stays as the first writing left it.
const KEY: &str = "
    INSERT INTO partner_keys (key_id, partner_id, name, prefix, generation, scopes, rate_per_second, burst,
        created_at, created_by, created_position, expires_at, regenerated_at, superseded_secrets, revoked_at,
        revoked_by, revocation_reason, revision, position, changed_at, unreadable)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)
    ON CONFLICT (key_id) DO UPDATE SET
        name = excluded.name, prefix = excluded.prefix, generation = excluded.generation,
        scopes = excluded.scopes, rate_per_second = excluded.rate_per_second, burst = excluded.burst,
        expires_at = excluded.expires_at, regenerated_at = excluded.regenerated_at,
        superseded_secrets = excluded.superseded_secrets, revoked_at = excluded.revoked_at,
        revoked_by = excluded.revoked_by, revocation_reason = excluded.revocation_reason,
        revision = excluded.revision, position = excluded.position, changed_at = excluded.changed_at,
        unreadable = excluded.unreadable";

/// Writes down what changed.
pub(super) fn write(db: &Connection, written: &Written) -> Result<(), ReadModelError> {
    let mut key_row = db.prepare_cached(KEY)?;
    for (key, created) in &written.keys {
        key_row.execute(params_from_iter(row::values(key, *created)?))?;
    }
    let mut forget = db.prepare_cached("DELETE FROM streams WHERE stream = ?1")?;
    for stream in &written.forgotten {
        forget.execute([stream.to_string()])?;
    }
    let mut prefix_row =
        db.prepare_cached("INSERT INTO prefixes (prefix, key_id, generation) VALUES (?1, ?2, ?3)")?;
    for (prefix, key_id, generation) in &written.prefixes {
        prefix_row.execute((prefix.as_str(), key_id.to_string(), generation))?;
    }
    let mut stream_row = db.prepare_cached(
        "INSERT INTO streams (stream, revision) VALUES (?1, ?2)
         ON CONFLICT (stream) DO UPDATE SET revision = excluded.revision",
    )?;
    for (stream, revision) in &written.streams {
        stream_row.execute((stream.to_string(), integer(*revision)))?;
    }
    let mut count = db.prepare_cached(
        "INSERT INTO partners (partner_id, unrevoked) VALUES (?1, ?2)
         ON CONFLICT (partner_id) DO UPDATE SET unrevoked = unrevoked + excluded.unrevoked",
    )?;
    for (partner, more) in &written.partners {
        count.execute((partner.as_str(), more))?;
    }
    Ok(())
}

/// Moves the checkpoint. False where it was not where the caller left it: somebody else writes to the file.
pub(super) fn advance(db: &Connection, from: &Checkpoint, to: &Checkpoint) -> Result<bool> {
    let mut statement =
        db.prepare_cached("UPDATE checkpoint SET position = ?1, mac = ?2 WHERE position = ?3 AND mac = ?4")?;
    let moved =
        statement.execute((integer(to.position.get()), &to.mac, integer(from.position.get()), &from.mac))?;
    Ok(moved == 1)
}
