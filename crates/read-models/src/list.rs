use keyledger_domain::{
    PartnerId, Timestamp,
    key::{Key, Status},
};
use rusqlite::{Connection, ToSql, named_params};

use crate::{
    Cursor, PartnerKeysReader, ReadModelError,
    row::{self, select_keys},
};

/// The most keys of one page.
pub const MAX_PAGE: usize = 200;

/// Which keys of a partner to list: newest first.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    /// Whose.
    pub partner: &'a PartnerId,
    /// Only those that are this now; none: all of them.
    pub status: Option<Status>,
    /// Only those whose name holds this, or whose newest prefix begins so; capitals of ASCII do not count.
    pub search: Option<&'a str>,
    /// The present moment, which tells an expired key from an active one.
    pub now: Timestamp,
    /// How many at most: 1 to [`MAX_PAGE`]; a number outside is brought inside.
    pub limit: usize,
    /// Behind which key; none: from the newest on.
    pub after: Option<Cursor>,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The keys, newest first.
    pub keys: Vec<Key>,
    /// Where the next part begins; none at the end.
    pub next: Option<Cursor>,
}

/// The query behind each filter. The indexes are named: a plan that sorts or visits the keys of other partners would be
/// right and slow, so SQLite must refuse rather than choose one.
pub(crate) const fn query(status: Option<Status>) -> &'static str {
    match status {
        None => select_keys!(
            "INDEXED BY partner_keys_all
             WHERE partner_id = :partner AND (created_at, key_id) < (:created_at, :key_id)
               AND (:search IS NULL OR instr(lower(name), :search) OR instr(lower(prefix), :search) = 1)
             ORDER BY created_at DESC, key_id DESC LIMIT :limit"
        ),
        Some(Status::Revoked) => select_keys!(
            "INDEXED BY partner_keys_revoked
             WHERE partner_id = :partner AND revoked_at IS NOT NULL AND (created_at, key_id) < (:created_at, :key_id)
               AND (:search IS NULL OR instr(lower(name), :search) OR instr(lower(prefix), :search) = 1)
             ORDER BY created_at DESC, key_id DESC LIMIT :limit"
        ),
        Some(Status::Active) => select_keys!(
            "INDEXED BY partner_keys_unrevoked
             WHERE partner_id = :partner AND revoked_at IS NULL AND (created_at, key_id) < (:created_at, :key_id)
               AND (expires_at IS NULL OR expires_at > :now)
               AND (:search IS NULL OR instr(lower(name), :search) OR instr(lower(prefix), :search) = 1)
             ORDER BY created_at DESC, key_id DESC LIMIT :limit"
        ),
        Some(Status::Expired) => select_keys!(
            "INDEXED BY partner_keys_unrevoked
             WHERE partner_id = :partner AND revoked_at IS NULL AND (created_at, key_id) < (:created_at, :key_id)
               AND expires_at <= :now
               AND (:search IS NULL OR instr(lower(name), :search) OR instr(lower(prefix), :search) = 1)
             ORDER BY created_at DESC, key_id DESC LIMIT :limit"
        ),
    }
}

/// The query for expired keys where these are [`FEW`]: it finds and sorts all of them. Where they are many, the query
/// above meets one often enough; where they are few, it would visit nearly every key of the partner.
pub(crate) const FEW_EXPIRED: &str = select_keys!(
    "INDEXED BY partner_keys_expiring
     WHERE partner_id = :partner AND revoked_at IS NULL AND expires_at <= :now
       AND (created_at, key_id) < (:created_at, :key_id)
               AND (:search IS NULL OR instr(lower(name), :search) OR instr(lower(prefix), :search) = 1)
     ORDER BY created_at DESC, key_id DESC LIMIT :limit"
);

/// How many expired keys are few.
const FEW: i64 = 500;

pub(crate) const COUNT_EXPIRED: &str = "
    SELECT count(*) FROM (
        SELECT 1 FROM partner_keys INDEXED BY partner_keys_expiring
        WHERE partner_id = ?1 AND revoked_at IS NULL AND expires_at <= ?2 LIMIT ?3
    )";

impl PartnerKeysReader {
    /// A page of a partner's keys. A key that is created while somebody turns pages takes none away and shows none
    /// twice.
    ///
    /// # Errors
    /// [`ReadModelError`].
    pub fn list(&self, list: List<'_>) -> Result<Page, ReadModelError> {
        let now = list.now.to_string();
        let filter: &[(&str, &dyn ToSql)] = match list.status {
            None | Some(Status::Revoked) => &[],
            Some(Status::Active | Status::Expired) => &[(":now", &now)],
        };
        self.ask(|db| {
            let query = match list.status {
                Some(Status::Expired) if few_expired(db, list.partner, &now)? => FEW_EXPIRED,
                status => query(status),
            };
            page(db, query, filter, list)
        })
    }
}

fn few_expired(db: &Connection, partner: &PartnerId, now: &str) -> rusqlite::Result<bool> {
    let mut statement = db.prepare_cached(COUNT_EXPIRED)?;
    let found: i64 = statement.query_row((partner.as_str(), now, FEW + 1), |row| row.get(0))?;
    Ok(found <= FEW)
}

fn page(
    db: &Connection,
    query: &str,
    filter: &[(&str, &dyn ToSql)],
    List { partner, search, limit, after, .. }: List<'_>,
) -> Result<Page, ReadModelError> {
    let limit = limit.clamp(1, MAX_PAGE);
    let search = search.map(str::to_ascii_lowercase);
    // Behind every moment and every id that can be written.
    let (created_at, key_id) = after.map_or_else(
        || ("~".to_owned(), "~".to_owned()),
        |cursor| (cursor.created_at.to_string(), cursor.key_id.to_string()),
    );
    // One more than asked for tells whether there is a next page.
    let one_more = row::integer(limit as u64 + 1);
    let place = named_params! {
        ":partner": partner.as_str(), ":created_at": created_at, ":key_id": key_id, ":search": search,
        ":limit": one_more
    };
    let mut statement = db.prepare_cached(query)?;
    let params = [place, filter].concat();
    let mut keys = statement.query_map(&*params, row::read)?.collect::<rusqlite::Result<Vec<_>>>()?;
    let more = keys.len() > limit;
    keys.truncate(limit);
    let next = if more { keys.last().map(Cursor::behind) } else { None };
    Ok(Page { keys, next })
}
