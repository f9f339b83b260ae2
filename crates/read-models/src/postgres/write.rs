use std::collections::HashSet;

use keyledger_domain::envelope::Stream;
use keyledger_event_log::{Checkpoint, LogIdentity};
use sqlx::{PgConnection, postgres::PgArguments, query::Query};

use super::questions::values;
use crate::{
    ReadModelError,
    batch::{Held, Written},
    question::select_keys,
    row,
    value::{Value, integer},
};

/// Asks for the checkpoint, and locks its row until the transaction ends.
pub(super) const LOCKED: &str = "SELECT log, epoch, position, mac FROM checkpoint FOR UPDATE";

/// Removes what a rebuild left that did not come to its end.
pub(super) async fn clear_away(db: &mut PgConnection) -> sqlx::Result<()> {
    let sql = "DROP SCHEMA IF EXISTS keyledger_lists_next CASCADE; DROP SCHEMA IF EXISTS keyledger_lists_old CASCADE";
    sqlx::raw_sql(sql).execute(db).await.map(|_| ())
}

/// Writes down, once, of which log the rows will be.
pub(super) async fn begin(db: &mut PgConnection, log: LogIdentity) -> sqlx::Result<()> {
    let there: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM checkpoint)").fetch_one(&mut *db).await?;
    if there {
        return Ok(());
    }
    let sql =
        "INSERT INTO checkpoint (log, epoch, position, mac) VALUES ($1, $2, 0, '') ON CONFLICT DO NOTHING";
    sqlx::query(sql).bind(log.log.to_string()).bind(i64::from(log.epoch)).execute(db).await.map(|_| ())
}

/// What the rows hold of some streams, by two questions however many they are.
pub(super) async fn held(db: &mut PgConnection, streams: HashSet<Stream>) -> Result<Held, ReadModelError> {
    let (mut ids, mut names) = (Vec::new(), Vec::new());
    for stream in &streams {
        names.push(stream.to_string());
        if let Stream::Key(key_id) = stream {
            ids.push(key_id.to_string());
        }
    }
    let mut held = Held::default();
    let keys = sqlx::query(select_keys!("WHERE key_id = ANY($1)")).bind(ids).fetch_all(&mut *db).await?;
    for found in &keys {
        let key = row::read(&values(found)?)?;
        held.keys.insert(key.key_id, key);
    }
    let sql = "SELECT stream, revision FROM streams WHERE stream = ANY($1)";
    for found in &sqlx::query(sql).bind(names).fetch_all(&mut *db).await? {
        let found = values(found)?;
        let stream = found.parsed(0, |name| Stream::parse(name).ok_or("it is no stream"))?;
        held.streams.insert(stream, found.natural(1)?);
    }
    Ok(held)
}

/// What a creation says stays as the first writing left it.
const KEYS: &str = "
    INSERT INTO partner_keys (key_id, partner_id, name, prefix, generation, scopes, rate_per_second, burst,
        created_at, created_by, created_position, expires_at, regenerated_at, superseded_secrets, revoked_at,
        revoked_by, revocation_reason, revision, position, changed_at, unreadable)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[],
        $8::bigint[], $9::text[], $10::text[], $11::bigint[], $12::text[], $13::text[], $14::text[], $15::text[],
        $16::text[], $17::text[], $18::bigint[], $19::bigint[], $20::text[], $21::bigint[])
    ON CONFLICT (key_id) DO UPDATE SET
        name = excluded.name, prefix = excluded.prefix, generation = excluded.generation,
        scopes = excluded.scopes, rate_per_second = excluded.rate_per_second, burst = excluded.burst,
        expires_at = excluded.expires_at, regenerated_at = excluded.regenerated_at,
        superseded_secrets = excluded.superseded_secrets, revoked_at = excluded.revoked_at,
        revoked_by = excluded.revoked_by, revocation_reason = excluded.revocation_reason,
        revision = excluded.revision, position = excluded.position, changed_at = excluded.changed_at,
        unreadable = excluded.unreadable";

/// Which columns of a key's row are numbers; the others are texts.
const NUMBERS: [usize; 7] = [4, 6, 7, 10, 17, 18, 20];

/// Writes down what changed, a statement for each table.
pub(super) async fn write(db: &mut PgConnection, written: &Written) -> Result<(), ReadModelError> {
    if !written.keys.is_empty() {
        let rows = written.keys.iter().map(|(key, created)| row::values(key, *created));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let columns = 0..row::COLUMNS;
        let query = columns.fold(sqlx::query(KEYS), |query, column| bound(query, &rows, column));
        query.execute(&mut *db).await?;
    }
    if !written.forgotten.is_empty() {
        let forgotten: Vec<_> = written.forgotten.iter().map(Stream::to_string).collect();
        let sql = "DELETE FROM streams WHERE stream = ANY($1)";
        sqlx::query(sql).bind(forgotten).execute(&mut *db).await?;
    }
    if !written.prefixes.is_empty() {
        let of = |part: fn(&(keyledger_domain::Prefix, keyledger_domain::KeyId, u32)) -> String| {
            written.prefixes.iter().map(part).collect::<Vec<_>>()
        };
        let generations: Vec<_> =
            written.prefixes.iter().map(|(.., generation)| i64::from(*generation)).collect();
        let sql = "INSERT INTO prefixes (prefix, key_id, generation) SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])";
        let query = sqlx::query(sql).bind(of(|(prefix, ..)| prefix.as_str().to_owned()));
        query.bind(of(|(_, key_id, _)| key_id.to_string())).bind(generations).execute(&mut *db).await?;
    }
    let streams = written.streams.iter().map(|(stream, revision)| (stream.to_string(), integer(*revision)));
    let sql = "INSERT INTO streams (stream, revision) SELECT * FROM unnest($1::text[], $2::bigint[])
        ON CONFLICT (stream) DO UPDATE SET revision = excluded.revision";
    numbered(db, sql, streams).await?;
    let partners = written.partners.iter().map(|(partner, more)| (partner.as_str().to_owned(), *more));
    let sql = "INSERT INTO partners (partner_id, unrevoked) SELECT * FROM unnest($1::text[], $2::bigint[])
        ON CONFLICT (partner_id) DO UPDATE SET unrevoked = partners.unrevoked + excluded.unrevoked";
    numbered(db, sql, partners).await?;
    Ok(())
}

/// Binds a column of the rows.
fn bound<'q>(
    query: Query<'q, sqlx::Postgres, PgArguments>,
    rows: &[[Value; row::COLUMNS]],
    column: usize,
) -> Query<'q, sqlx::Postgres, PgArguments> {
    let column_of = rows.iter().map(|row| &row[column]);
    if NUMBERS.contains(&column) {
        let numbers =
            column_of.map(|value| if let Value::Integer(number) = value { Some(*number) } else { None });
        query.bind(numbers.collect::<Vec<_>>())
    } else {
        let texts =
            column_of.map(|value| if let Value::Text(text) = value { Some(text.clone()) } else { None });
        query.bind(texts.collect::<Vec<_>>())
    }
}

/// Runs a statement over rows of a text and a number each, where there are any.
async fn numbered(
    db: &mut PgConnection,
    sql: &'static str,
    rows: impl Iterator<Item = (String, i64)>,
) -> sqlx::Result<()> {
    let (texts, numbers): (Vec<_>, Vec<_>) = rows.unzip();
    if texts.is_empty() {
        return Ok(());
    }
    sqlx::query(sql).bind(texts).bind(numbers).execute(db).await.map(|_| ())
}

/// Moves the checkpoint, whose row is locked.
pub(super) async fn advance(db: &mut PgConnection, to: &Checkpoint) -> sqlx::Result<()> {
    let moved = sqlx::query("UPDATE checkpoint SET position = $1, mac = $2");
    moved.bind(integer(to.position.get())).bind(&to.mac).execute(db).await.map(|_| ())
}
