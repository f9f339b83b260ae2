use keyledger_domain::{KeyId, PartnerId, Prefix, Scope, Timestamp, authority::registry_scopes, key::Key};
use keyledger_event_log::Position;
use rusqlite::{Connection, OptionalExtension, Params};

use crate::{
    PartnerKeysReader, ReadModelError,
    row::{self, select_keys},
};

/// The most keys that a walk over many of them takes at a step.
const MAX_STEP: usize = 1_000;

pub(crate) const BY_PREFIX: &str =
    select_keys!("WHERE key_id IN (SELECT key_id FROM prefixes WHERE prefix = ?1) ORDER BY key_id");

/// Where there is no key to go on behind, the place is behind every moment and every id that can be written.
pub(crate) const OF_PARTNER: &str = select_keys!(
    "INDEXED BY partner_keys_all
     WHERE partner_id = ?1 AND created_position <= ?2 AND (created_at, key_id) < (
         ifnull((SELECT created_at FROM partner_keys WHERE key_id = ?3), '~'), ifnull(?3, '~')
     )
     ORDER BY created_at DESC, key_id DESC LIMIT ?4"
);

pub(crate) const PARTNERS: &str =
    "SELECT partner_id FROM partners WHERE partner_id > ?1 ORDER BY partner_id LIMIT ?2";

pub(crate) const COUNT_LIVE: &str = "
    SELECT ifnull((SELECT unrevoked FROM partners WHERE partner_id = ?1), 0) - count(*)
    FROM partner_keys INDEXED BY partner_keys_expiring
    WHERE partner_id = ?1 AND revoked_at IS NULL AND expires_at <= ?2";

pub(crate) const LIVE_HOLDING: &str = "
    SELECT key_id FROM partner_keys INDEXED BY partner_keys_unrevoked
    WHERE partner_id = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)
      AND unreadable = 0 AND instr(scopes, ?3) > 0
    ORDER BY created_at, key_id";

impl PartnerKeysReader {
    /// The key with this id.
    ///
    /// # Errors
    /// [`ReadModelError`], as for all of these.
    pub fn get(&self, key_id: KeyId) -> Result<Option<Key>, ReadModelError> {
        self.ask(|db| {
            let mut statement = db.prepare_cached(select_keys!("WHERE key_id = ?1"))?;
            Ok(statement.query_row([key_id.to_string()], row::read).optional()?)
        })
    }

    /// The partners that have or had a key, in the order of their names: at most `limit`, 1 to 1,000, behind `after`.
    ///
    /// # Errors
    /// [`ReadModelError`].
    pub fn partners(
        &self,
        after: Option<&PartnerId>,
        limit: usize,
    ) -> Result<Vec<PartnerId>, ReadModelError> {
        let (after, limit) =
            (after.map_or("", PartnerId::as_str), row::integer(limit.clamp(1, MAX_STEP) as u64));
        self.ask(|db| {
            let mut statement = db.prepare_cached(PARTNERS)?;
            let names = statement.query_map((after, limit), |row| row.get::<_, String>(0))?;
            let names = names.collect::<rusqlite::Result<Vec<_>>>()?;
            let damaged = |_| ReadModelError::Damaged("a partner's name is none".to_owned());
            names.iter().map(|name| PartnerId::parse(name).map_err(damaged)).collect()
        })
    }

    /// The keys of which one secret, present or past, begins with `prefix`: one at most, unless a log was copied.
    ///
    /// # Errors
    /// [`ReadModelError`].
    pub fn by_prefix(&self, prefix: Prefix) -> Result<Vec<Key>, ReadModelError> {
        self.ask(|db| keys(db, BY_PREFIX, [prefix.as_str()]))
    }

    /// A step of the walk over all keys of a partner that were created at a position of the log or before, revoked ones
    /// too, behind `after`; at most `limit`, 1 to 1,000. Newest first: with the same position the walk meets the same
    /// keys in the same order for ever. It has ended where a step is empty.
    ///
    /// # Errors
    /// [`ReadModelError`].
    pub fn of_partner(
        &self,
        partner: &PartnerId,
        created_up_to: Position,
        after: Option<KeyId>,
        limit: usize,
    ) -> Result<Vec<Key>, ReadModelError> {
        let up_to = row::integer(created_up_to.get());
        let after = after.map(|key_id| key_id.to_string());
        self.ask(|db| keys(db, OF_PARTNER, (partner.as_str(), up_to, after, step(limit))))
    }

    /// How many keys of a partner are neither revoked nor expired. Costs as many steps as there are expired keys that
    /// nobody revoked, and none for the others.
    ///
    /// # Errors
    /// [`ReadModelError`].
    pub fn count_live(&self, partner: &PartnerId, now: Timestamp) -> Result<u64, ReadModelError> {
        self.ask(|db| {
            let mut statement = db.prepare_cached(COUNT_LIVE)?;
            Ok(statement.query_row((partner.as_str(), now.to_string()), |row| row::natural(row, 0))?)
        })
    }

    /// The operators' keys that work now, oldest first.
    ///
    /// # Errors
    /// [`ReadModelError`].
    pub fn operator_keys(&self, now: Timestamp) -> Result<Vec<KeyId>, ReadModelError> {
        self.ask(|db| {
            let mut statement = db.prepare_cached(LIVE_HOLDING)?;
            let params = (PartnerId::REGISTRY, now.to_string(), quoted(registry_scopes::OPERATE));
            let ids = statement.query_map(params, |row| row::key_id(row, 0))?;
            Ok(ids.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// A step of the walk over the keys of all partners that hold exactly this scope and were not revoked, by key id,
    /// behind `after`; at most `limit`, 1 to 1,000. It has ended where a step is empty. Visits every key: it is for the rare change of the catalogue.
    ///
    /// # Errors
    /// [`ReadModelError`].
    pub fn keys_holding(
        &self,
        scope: &Scope,
        after: Option<KeyId>,
        limit: usize,
    ) -> Result<Vec<Key>, ReadModelError> {
        let query = select_keys!(
            "WHERE key_id > ?1 AND revoked_at IS NULL AND instr(scopes, ?2) > 0 ORDER BY key_id LIMIT ?3"
        );
        self.ask(|db| keys(db, query, (behind(after), quoted(scope.as_str()), step(limit))))
    }

    /// A step of the walk over all keys there ever were, by key id, behind `after`; at most `limit`, 1 to 1,000. It has
    /// ended where a step is empty.
    ///
    /// # Errors
    /// [`ReadModelError`].
    pub fn all(&self, after: Option<KeyId>, limit: usize) -> Result<Vec<Key>, ReadModelError> {
        let query = select_keys!("WHERE key_id > ?1 ORDER BY key_id LIMIT ?2");
        self.ask(|db| keys(db, query, (behind(after), step(limit))))
    }
}

fn keys(db: &Connection, query: &str, params: impl Params) -> Result<Vec<Key>, ReadModelError> {
    let mut statement = db.prepare_cached(query)?;
    let keys = statement.query_map(params, row::read)?;
    Ok(keys.collect::<rusqlite::Result<_>>()?)
}

/// A scope as it stands in the JSON of a column: none holds a character that JSON would write otherwise, nor a quote.
fn quoted(scope: &str) -> String {
    format!("\"{scope}\"")
}

/// The place behind a key id; before all of them where there is none.
fn behind(key_id: Option<KeyId>) -> String {
    key_id.map_or_else(String::new, |key_id| key_id.to_string())
}

fn step(limit: usize) -> i64 {
    row::integer(limit.clamp(1, MAX_STEP) as u64)
}
