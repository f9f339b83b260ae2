-- The read model of keys, for lists and look-ups. It is made from the log alone and can be thrown away at any time. Its
-- tables lie in a schema of their own, `keyledger_lists`, which may be in the log's database or in another; a rebuild makes
-- them in `keyledger_lists_next`, and the schemas then change their names. So no table is named here with its schema.
--
-- What each process needs; only whoever makes the tables, or makes them anew, must own them:
--   projector         USAGE on the schema; SELECT on every table; INSERT, UPDATE, DELETE on all but migrations
--   command service   USAGE on the schema; SELECT on every table
--
-- Rows, and the order of columns, are those of SQLite: the digest of both is one. Moments are RFC 3339 in UTC with
-- milliseconds, so that their order as text is their order in time; the collation "C" keeps it so.

-- Every key there ever was, as its events left it.
CREATE TABLE partner_keys (
    key_id             text COLLATE "C" NOT NULL PRIMARY KEY,
    partner_id         text COLLATE "C" NOT NULL,
    name               text COLLATE "C" NOT NULL,
    prefix             text COLLATE "C" NOT NULL,     -- of the newest secret
    generation         bigint           NOT NULL,     -- which secret that is, from 1
    scopes             text COLLATE "C" NOT NULL,     -- JSON: ["client:read", …]
    rate_per_second    bigint           NOT NULL,
    burst              bigint           NOT NULL,
    created_at         text COLLATE "C" NOT NULL,
    created_by         text COLLATE "C" NOT NULL,     -- JSON: {"kind": …, "id": …}
    created_position   bigint           NOT NULL,     -- of the event that created it
    expires_at         text COLLATE "C",
    regenerated_at     text COLLATE "C",
    superseded_secrets text COLLATE "C" NOT NULL,     -- JSON: [{"prefix": …, "validUntil": …}]
    revoked_at         text COLLATE "C",
    revoked_by         text COLLATE "C",              -- JSON, as created_by
    revocation_reason  text COLLATE "C",
    revision           bigint           NOT NULL,     -- of its last event
    position           bigint           NOT NULL,     -- of its last event
    changed_at         text COLLATE "C" NOT NULL,     -- when its last event happened
    unreadable         bigint           NOT NULL      -- 1: an event of it cannot be read by this build
);

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
    partner_id text COLLATE "C" NOT NULL PRIMARY KEY,
    unrevoked  bigint           NOT NULL
);

-- Every secret there ever was. A prefix names one key; a copied log may hold two, and both must be found.
CREATE TABLE prefixes (
    prefix     text COLLATE "C" NOT NULL,
    key_id     text COLLATE "C" NOT NULL,
    generation bigint           NOT NULL,
    PRIMARY KEY (prefix, key_id, generation)
);

-- The last revision of every stream that is not a row of partner_keys: the catalogue, and keys whose creation this
-- build cannot read.
CREATE TABLE streams (
    stream   text COLLATE "C" NOT NULL PRIMARY KEY,
    revision bigint           NOT NULL
);

-- Of which log, and up to which event of it. One row, which every writer locks before it writes anything else: whoever
-- comes late finds it moved.
CREATE TABLE checkpoint (
    log      text COLLATE "C" NOT NULL,
    epoch    bigint           NOT NULL,
    position bigint           NOT NULL,
    mac      bytea            NOT NULL,               -- the authentication code of that event
    one      boolean          PRIMARY KEY DEFAULT true CHECK (one)
);
