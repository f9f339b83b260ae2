use keyledger_domain::{KeyId, PartnerId, Prefix, Scope, Timestamp, authority::registry_scopes, key::Key};
use keyledger_event_log::Position;

use crate::{
    PartnerKeysReader, ReadModelError,
    question::{Question, keys_question},
    row,
    value::Value,
};

/// The most keys that a walk over many of them takes at a step.
const MAX_STEP: usize = 1_000;

pub(crate) const BY_ID: Question = keys_question!(sqlite: "WHERE key_id = ?1", postgres: "WHERE key_id = $1");

/// The last revision of a stream that is no key's row.
pub(crate) const STREAM: Question = Question {
    sqlite: "SELECT revision FROM streams WHERE stream = ?1",
    postgres: "SELECT revision FROM streams WHERE stream = $1",
};

pub(crate) const BY_PREFIX: Question = keys_question!(
    sqlite: "WHERE key_id IN (SELECT key_id FROM prefixes WHERE prefix = ?1) ORDER BY key_id",
    postgres: "WHERE key_id IN (SELECT key_id FROM prefixes WHERE prefix = $1) ORDER BY key_id"
);

/// Where there is no key to go on behind, the place is behind every moment and every id that can be written.
pub(crate) const OF_PARTNER: Question = keys_question!(
    sqlite: "INDEXED BY partner_keys_all
        WHERE partner_id = ?1 AND created_position <= ?2 AND (created_at, key_id) < (
            ifnull((SELECT created_at FROM partner_keys WHERE key_id = ?3), '~'), ifnull(?3, '~')
        )
        ORDER BY created_at DESC, key_id DESC LIMIT ?4",
    postgres: "
        WHERE partner_id = $1 AND created_position <= $2 AND (created_at, key_id) < (
            coalesce((SELECT created_at FROM partner_keys WHERE key_id = $3), '~'), coalesce($3, '~')
        )
        ORDER BY created_at DESC, key_id DESC LIMIT $4"
);

pub(crate) const PARTNERS: Question = Question {
    sqlite: "SELECT partner_id FROM partners WHERE partner_id > ?1 ORDER BY partner_id LIMIT ?2",
    postgres: "SELECT partner_id FROM partners WHERE partner_id > $1 ORDER BY partner_id LIMIT $2",
};

pub(crate) const COUNT_LIVE: Question = Question {
    sqlite: "
        SELECT ifnull((SELECT unrevoked FROM partners WHERE partner_id = ?1), 0) - count(*)
        FROM partner_keys INDEXED BY partner_keys_expiring
        WHERE partner_id = ?1 AND revoked_at IS NULL AND expires_at <= ?2",
    postgres: "
        SELECT coalesce((SELECT unrevoked FROM partners WHERE partner_id = $1), 0) - count(*)
        FROM partner_keys WHERE partner_id = $1 AND revoked_at IS NULL AND expires_at <= $2",
};

pub(crate) const LIVE_HOLDING: Question = Question {
    sqlite: "
        SELECT key_id FROM partner_keys INDEXED BY partner_keys_unrevoked
        WHERE partner_id = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)
          AND unreadable = 0 AND instr(scopes, ?3) > 0
        ORDER BY created_at, key_id",
    postgres: "
        SELECT key_id FROM partner_keys
        WHERE partner_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)
          AND unreadable = 0 AND strpos(scopes, $3) > 0
        ORDER BY created_at, key_id",
};

const HOLDING: Question = keys_question!(
    sqlite: "WHERE key_id > ?1 AND revoked_at IS NULL AND instr(scopes, ?2) > 0 ORDER BY key_id LIMIT ?3",
    postgres: "WHERE key_id > $1 AND revoked_at IS NULL AND strpos(scopes, $2) > 0 ORDER BY key_id LIMIT $3"
);

const ALL: Question = keys_question!(
    sqlite: "WHERE key_id > ?1 ORDER BY key_id LIMIT ?2",
    postgres: "WHERE key_id > $1 ORDER BY key_id LIMIT $2"
);

impl PartnerKeysReader {
    /// The key with this id.
    ///
    /// # Errors
    /// [`ReadModelError`], as for all of these.
    pub fn get(&self, key_id: KeyId) -> Result<Option<Key>, ReadModelError> {
        Ok(self.ask(BY_ID, &[key_id.to_string().into()], row::read)?.pop())
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
        let after = after.map_or("", PartnerId::as_str);
        self.ask(PARTNERS, &[after.into(), step(limit)], |row| row.parsed(0, PartnerId::parse))
    }

    /// The keys of which one secret, present or past, begins with `prefix`: one at most, unless a log was copied.
    ///
    /// # Errors
    /// [`ReadModelError`].
    pub fn by_prefix(&self, prefix: Prefix) -> Result<Vec<Key>, ReadModelError> {
        self.ask(BY_PREFIX, &[prefix.as_str().into()], row::read)
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
        let after = after.map(|key_id| key_id.to_string());
        let with = [partner.as_str().into(), created_up_to.get().into(), after.into(), step(limit)];
        self.ask(OF_PARTNER, &with, row::read)
    }

    /// How many keys of a partner are neither revoked nor expired. Costs as many steps as there are expired keys that
    /// nobody revoked, and none for the others.
    ///
    /// # Errors
    /// [`ReadModelError`].
    pub fn count_live(&self, partner: &PartnerId, now: Timestamp) -> Result<u64, ReadModelError> {
        let with = [partner.as_str().into(), now.to_string().into()];
        Ok(self.ask(COUNT_LIVE, &with, |row| row.natural(0))?.pop().unwrap_or_default())
    }

    /// The operators' keys that work now, oldest first.
    ///
    /// # Errors
    /// [`ReadModelError`].
    pub fn operator_keys(&self, now: Timestamp) -> Result<Vec<KeyId>, ReadModelError> {
        let with =
            [PartnerId::REGISTRY.into(), now.to_string().into(), quoted(registry_scopes::OPERATE).into()];
        self.ask(LIVE_HOLDING, &with, |row| row.key_id(0))
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
        let with = [behind(after), quoted(scope.as_str()).into(), step(limit)];
        self.ask(HOLDING, &with, row::read)
    }

    /// A step of the walk over all keys there ever were, by key id, behind `after`; at most `limit`, 1 to 1,000. It has
    /// ended where a step is empty.
    ///
    /// # Errors
    /// [`ReadModelError`].
    pub fn all(&self, after: Option<KeyId>, limit: usize) -> Result<Vec<Key>, ReadModelError> {
        self.ask(ALL, &[behind(after), step(limit)], row::read)
    }
}

/// A scope as it stands in the JSON of a column: none holds a character that JSON would write otherwise, nor a quote.
fn quoted(scope: &str) -> String {
    format!("\"{scope}\"")
}

/// The place behind a key id; before all of them where there is none.
fn behind(key_id: Option<KeyId>) -> Value {
    key_id.map_or_else(String::new, |key_id| key_id.to_string()).into()
}

fn step(limit: usize) -> Value {
    Value::from(limit.clamp(1, MAX_STEP) as u64)
}
