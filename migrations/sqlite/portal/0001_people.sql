-- The people who use the portal: who they are, what they may do, who decided it, and where they are signed in. Nothing
-- here can be made from the log; it belongs into every backup.
-- Each row ends with a code that only the keyring makes, over everything before it: whoever can write to this file becomes
-- nobody by that.
-- Moments are RFC 3339 in UTC with milliseconds, so that their order as text is their order in time.

-- "klpp": tells this file from every other SQLite database.
PRAGMA application_id = 1802268784;

-- Everybody who ever had an account. Their ids are the actors of events, so nobody is ever removed.
CREATE TABLE people (
    id         TEXT    NOT NULL PRIMARY KEY,   -- opaque; what the log calls them
    username   TEXT    NOT NULL UNIQUE COLLATE NOCASE,
    password   TEXT,                           -- argon2id, in PHC form; none: signs in elsewhere
    issuer     TEXT,                           -- the OpenID provider where they sign in; none: here
    subject    TEXT,                           -- who they are there
    standing   TEXT    NOT NULL CHECK (standing IN ('operator', 'admin', 'member')),
    partner_id TEXT    CHECK ((standing = 'operator') = (partner_id IS NULL)),
    disabled   INTEGER NOT NULL,               -- 1: cannot sign in, and is signed in nowhere
    disabled_by_claims INTEGER NOT NULL CHECK (disabled OR NOT disabled_by_claims), -- 1: claims that come back enable them
    created_at TEXT    NOT NULL,
    mac        BLOB    NOT NULL,
    CHECK ((issuer IS NULL) = (subject IS NULL)),
    CHECK (issuer IS NULL OR password IS NULL),
    UNIQUE (issuer, subject)
) STRICT;

CREATE INDEX people_of_partner ON people (partner_id, username);

-- Every change of what somebody may do, for ever.
CREATE TABLE standing_changes (
    number     INTEGER NOT NULL PRIMARY KEY,   -- 1, 2, 3 …, without a gap, and under the code: their order is what happened
    person_id  TEXT    NOT NULL REFERENCES people (id),
    at         TEXT    NOT NULL,
    by         TEXT    NOT NULL,               -- JSON: {"kind": …, "id": …}, as the actors of events; or a provider's claims
    before     TEXT,                           -- JSON; null: there was no such person
    after      TEXT    NOT NULL,               -- JSON: {"standing": …, "partnerId": …, "disabled": …}
    mac        BLOB    NOT NULL
) STRICT;

-- Where people are signed in. Of a session only the digest of its id is here: who reads this file cannot use it.
CREATE TABLE sessions (
    digest       BLOB NOT NULL PRIMARY KEY,    -- BLAKE3 of the id in the cookie
    person_id    TEXT NOT NULL REFERENCES people (id),
    signed_in_at TEXT NOT NULL,
    seen_at      TEXT NOT NULL,                -- to the minute; not under the code
    mac          BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_of_person ON sessions (person_id);

-- The one code with which the first operator is made; at most one row.
CREATE TABLE setup_code (
    only       INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    digest     BLOB    NOT NULL,               -- BLAKE3 of the code
    valid_until TEXT   NOT NULL,
    mac        BLOB    NOT NULL
) STRICT;
