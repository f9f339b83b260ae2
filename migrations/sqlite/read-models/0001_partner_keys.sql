-- The read model of keys, for lists and look-ups. It is made from the log alone and can be thrown away at any time.
-- Moments are RFC 3339 in UTC with milliseconds, so that their order as text is their order in time.

-- "klrm": tells this file from every other SQLite database.
PRAGMA application_id = 1802269293;

-- Every key there ever was, as its events left it.
CREATE TABLE partner_keys (
    key_id             TEXT    NOT NULL PRIMARY KEY,
    partner_id         TEXT    NOT NULL,
    name               TEXT    NOT NULL,
    prefix             TEXT    NOT NULL,              -- of the newest secret
    generation         INTEGER NOT NULL,              -- which secret that is, from 1
    scopes             TEXT    NOT NULL,              -- JSON: ["client:read", …]
    rate_per_second    INTEGER NOT NULL,
    burst              INTEGER NOT NULL,
    created_at         TEXT    NOT NULL,
    created_by         TEXT    NOT NULL,              -- JSON: {"kind": …, "id": …}
    created_position   INTEGER NOT NULL,              -- of the event that created it
    expires_at         TEXT,
    regenerated_at     TEXT,
    superseded_secrets TEXT    NOT NULL,              -- JSON: [{"prefix": …, "validUntil": …}]
    revoked_at         TEXT,
    revoked_by         TEXT,                          -- JSON, as created_by
    revocation_reason  TEXT,
    revision           INTEGER NOT NULL,              -- of its last event
    position           INTEGER NOT NULL,              -- of its last event
    changed_at         TEXT    NOT NULL,              -- when its last event happened
    unreadable         INTEGER NOT NULL               -- 1: an event of it cannot be read by this build
) STRICT;

-- Lists, newest first. The two for a status hold what decides it, so that a page costs no more where most keys have
-- another status.
CREATE INDEX partner_keys_all ON partner_keys (partner_id, created_at, key_id);
CREATE INDEX partner_keys_revoked ON partner_keys (partner_id, created_at, key_id) WHERE revoked_at IS NOT NULL;
CREATE INDEX partner_keys_unrevoked ON partner_keys (partner_id, created_at, key_id, expires_at)
    WHERE revoked_at IS NULL;

-- How many of a partner's keys have expired.
CREATE INDEX partner_keys_expiring ON partner_keys (partner_id, expires_at)
    WHERE revoked_at IS NULL AND expires_at IS NOT NULL;

-- How many keys of a partner were not revoked.
CREATE TABLE partners (
    partner_id TEXT    NOT NULL PRIMARY KEY,
    unrevoked  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every secret there ever was. A prefix names one key; a copied log may hold two, and both must be found.
CREATE TABLE prefixes (
    prefix     TEXT    NOT NULL,
    key_id     TEXT    NOT NULL,
    generation INTEGER NOT NULL,
    PRIMARY KEY (prefix, key_id, generation)
) STRICT, WITHOUT ROWID;

-- The last revision of every stream that is not a row of partner_keys: the catalogue, and keys whose creation this
-- build cannot read.
CREATE TABLE streams (
    stream   TEXT    NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Of which log, and up to which event of it. One row.
CREATE TABLE checkpoint (
    log      TEXT    NOT NULL PRIMARY KEY,
    epoch    INTEGER NOT NULL,
    position INTEGER NOT NULL,
    mac      BLOB    NOT NULL                         -- the authentication code of that event
) STRICT;
