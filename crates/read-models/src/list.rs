use keyledger_domain::{
    PartnerId, Timestamp,
    key::{Key, Status},
};

use crate::{
    Cursor, PartnerKeysReader, ReadModelError,
    question::{Question, keys_question},
    row,
    value::Value,
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

/// The question behind each filter: of whom, behind which place, with which search, how many, and, where it matters, at which
/// moment.
pub(crate) const fn question(status: Option<Status>) -> Question {
    match status {
        None => keys_question!(
            sqlite: "INDEXED BY partner_keys_all
                WHERE partner_id = ?1 AND (created_at, key_id) < (?2, ?3)
                  AND (?4 IS NULL OR instr(lower(name), ?4) OR instr(lower(prefix), ?4) = 1)
                ORDER BY created_at DESC, key_id DESC LIMIT ?5",
            postgres: "
                WHERE partner_id = $1 AND (created_at, key_id) < ($2, $3)
                  AND ($4 IS NULL OR strpos(lower(name), $4) > 0 OR strpos(lower(prefix), $4) = 1)
                ORDER BY created_at DESC, key_id DESC LIMIT $5"
        ),
        Some(Status::Revoked) => keys_question!(
            sqlite: "INDEXED BY partner_keys_revoked
                WHERE partner_id = ?1 AND (created_at, key_id) < (?2, ?3) AND revoked_at IS NOT NULL
                  AND (?4 IS NULL OR instr(lower(name), ?4) OR instr(lower(prefix), ?4) = 1)
                ORDER BY created_at DESC, key_id DESC LIMIT ?5",
            postgres: "
                WHERE partner_id = $1 AND (created_at, key_id) < ($2, $3) AND revoked_at IS NOT NULL
                  AND ($4 IS NULL OR strpos(lower(name), $4) > 0 OR strpos(lower(prefix), $4) = 1)
                ORDER BY created_at DESC, key_id DESC LIMIT $5"
        ),
        Some(Status::Active) => keys_question!(
            sqlite: "INDEXED BY partner_keys_unrevoked
                WHERE partner_id = ?1 AND (created_at, key_id) < (?2, ?3) AND revoked_at IS NULL
                  AND (expires_at IS NULL OR expires_at > ?6)
                  AND (?4 IS NULL OR instr(lower(name), ?4) OR instr(lower(prefix), ?4) = 1)
                ORDER BY created_at DESC, key_id DESC LIMIT ?5",
            postgres: "
                WHERE partner_id = $1 AND (created_at, key_id) < ($2, $3) AND revoked_at IS NULL
                  AND (expires_at IS NULL OR expires_at > $6)
                  AND ($4 IS NULL OR strpos(lower(name), $4) > 0 OR strpos(lower(prefix), $4) = 1)
                ORDER BY created_at DESC, key_id DESC LIMIT $5"
        ),
        Some(Status::Expired) => keys_question!(
            sqlite: "INDEXED BY partner_keys_unrevoked
                WHERE partner_id = ?1 AND (created_at, key_id) < (?2, ?3) AND revoked_at IS NULL
                  AND expires_at <= ?6
                  AND (?4 IS NULL OR instr(lower(name), ?4) OR instr(lower(prefix), ?4) = 1)
                ORDER BY created_at DESC, key_id DESC LIMIT ?5",
            postgres: "
                WHERE partner_id = $1 AND (created_at, key_id) < ($2, $3) AND revoked_at IS NULL
                  AND expires_at <= $6
                  AND ($4 IS NULL OR strpos(lower(name), $4) > 0 OR strpos(lower(prefix), $4) = 1)
                ORDER BY created_at DESC, key_id DESC LIMIT $5"
        ),
    }
}

/// The question for expired keys where these are [`FEW`]: it finds and sorts all of them. Where they are many, the one above
/// meets one often enough; where they are few, it would visit nearly every key of the partner.
pub(crate) const FEW_EXPIRED: Question = keys_question!(
    sqlite: "INDEXED BY partner_keys_expiring
            WHERE partner_id = ?1 AND (created_at, key_id) < (?2, ?3) AND revoked_at IS NULL
              AND expires_at <= ?6
              AND (?4 IS NULL OR instr(lower(name), ?4) OR instr(lower(prefix), ?4) = 1)
            ORDER BY created_at DESC, key_id DESC LIMIT ?5",
    postgres: "
            WHERE partner_id = $1 AND (created_at, key_id) < ($2, $3) AND revoked_at IS NULL
              AND expires_at <= $6
              AND ($4 IS NULL OR strpos(lower(name), $4) > 0 OR strpos(lower(prefix), $4) = 1)
            ORDER BY created_at DESC, key_id DESC LIMIT $5"
);

/// How many expired keys are few.
const FEW: i64 = 500;

pub(crate) const COUNT_EXPIRED: Question = Question {
    sqlite: "
        SELECT count(*) FROM (
            SELECT 1 FROM partner_keys INDEXED BY partner_keys_expiring
            WHERE partner_id = ?1 AND revoked_at IS NULL AND expires_at <= ?2 LIMIT ?3
        )",
    postgres: "
        SELECT count(*) FROM (
            SELECT 1 FROM partner_keys WHERE partner_id = $1 AND revoked_at IS NULL AND expires_at <= $2 LIMIT $3
        ) expired",
};

impl PartnerKeysReader {
    /// A page of a partner's keys. A key that is created while somebody turns pages takes none away and shows none
    /// twice.
    ///
    /// # Errors
    /// [`ReadModelError`].
    pub fn list(&self, list: List<'_>) -> Result<Page, ReadModelError> {
        let List { partner, status, search, now, limit, after } = list;
        let limit = limit.clamp(1, MAX_PAGE);
        // Names and prefixes hold no such character, and PostgreSQL takes no text that does.
        if search.is_some_and(|search| search.contains('\0')) {
            return Ok(Page { keys: Vec::new(), next: None });
        }
        let search = search.map(str::to_ascii_lowercase);
        // Behind every moment and every id that can be written.
        let (created_at, key_id) = after.map_or_else(
            || ("~".to_owned(), "~".to_owned()),
            |cursor| (cursor.created_at.to_string(), cursor.key_id.to_string()),
        );
        // One more than asked for tells whether there is a next page.
        let one_more = Value::from(limit as u64 + 1);
        let mut with: Vec<Value> =
            vec![partner.as_str().into(), created_at.into(), key_id.into(), search.into(), one_more];
        if matches!(status, Some(Status::Active | Status::Expired)) {
            with.push(now.to_string().into());
        }
        let question = match status {
            Some(Status::Expired) if self.few_expired(partner, now)? => FEW_EXPIRED,
            status => question(status),
        };
        let mut keys = self.ask(question, &with, row::read)?;
        let more = keys.len() > limit;
        keys.truncate(limit);
        let next = if more { keys.last().map(Cursor::behind) } else { None };
        Ok(Page { keys, next })
    }

    fn few_expired(&self, partner: &PartnerId, now: Timestamp) -> Result<bool, ReadModelError> {
        let with = [partner.as_str().into(), now.to_string().into(), Value::Integer(FEW + 1)];
        let found = self.ask(COUNT_EXPIRED, &with, |row| row.integer(0))?;
        Ok(found.first().is_some_and(|found| *found <= FEW))
    }
}
