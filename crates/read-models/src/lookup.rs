use keyledger_domain::{KeyId, PartnerId, Prefix, Scope, Timestamp, authority::registry_scopes, key::Key};
use rusqlite::{Connection, OptionalExtension, Params};

use crate::{
    MAX_PAGE, PartnerKeysReader, ReadModelError,
    row::{self, select_keys},
};

pub(crate) const BY_PREFIX: &str =
    select_keys!("WHERE key_id IN (SELECT key_id FROM prefixes WHERE prefix = ?1) ORDER BY key_id");

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

    /// The keys of which one secret, present or past, begins with `prefix`: one at most, unless a log was copied.
    ///
    /// # Errors
    /// [`ReadModelError`].
    pub fn by_prefix(&self, prefix: Prefix) -> Result<Vec<Key>, ReadModelError> {
        self.ask(|db| keys(db, BY_PREFIX, [prefix.as_str()]))
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

    /// A page of the keys of all partners that hold exactly this scope and were not revoked, by key id, behind
    /// `after`; at most `limit`, 1 to [`MAX_PAGE`]. Visits every key: it is for the rare change of the catalogue.
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
        self.ask(|db| keys(db, query, (behind(after), quoted(scope.as_str()), page_size(limit))))
    }

    /// A page of all keys there ever were, by key id, behind `after`; at most `limit`, 1 to [`MAX_PAGE`].
    ///
    /// # Errors
    /// [`ReadModelError`].
    pub fn all(&self, after: Option<KeyId>, limit: usize) -> Result<Vec<Key>, ReadModelError> {
        let query = select_keys!("WHERE key_id > ?1 ORDER BY key_id LIMIT ?2");
        self.ask(|db| keys(db, query, (behind(after), page_size(limit))))
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

fn page_size(limit: usize) -> i64 {
    row::integer(limit.clamp(1, MAX_PAGE) as u64)
}
