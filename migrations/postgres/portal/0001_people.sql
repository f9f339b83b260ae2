-- The people who use the portal: who they are, what they may do, who decided it, and where they are signed in, in the schema
-- `keyledger_portal`. Nothing here can be made from the log; it belongs into every backup.
--
-- What each process needs; only the command service needs anything:
--   command service   USAGE on the schema; SELECT on every table; INSERT, UPDATE on people; INSERT on standing_changes;
--                     INSERT, UPDATE, DELETE on sessions, setup_code
--
-- Each row ends with a code that only the keyring makes, over everything before it: whoever can write here becomes nobody
-- by that. Rows, and the order of columns, are those of SQLite. Moments are RFC 3339 in UTC with milliseconds, so that their
-- order as text is their order in time; the collation "C" keeps it so.

-- Everybody who ever had an account. Their ids are the actors of events, so nobody is ever removed.
CREATE TABLE people (
    id         text COLLATE "C" NOT NULL PRIMARY KEY,  -- opaque; what the log calls them
    username   text COLLATE "C" NOT NULL,              -- ASCII; capitals do not count
    password   text COLLATE "C",                       -- argon2id, in PHC form; none: signs in elsewhere
    issuer     text COLLATE "C",                       -- the OpenID provider where they sign in; none: here
    subject    text COLLATE "C",                       -- who they are there
    standing   text COLLATE "C" NOT NULL CHECK (standing IN ('operator', 'admin', 'member')),
    partner_id text COLLATE "C" CHECK ((standing = 'operator') = (partner_id IS NULL)),
    disabled   bigint           NOT NULL CHECK (disabled IN (0, 1)), -- 1: cannot sign in, and is signed in nowhere
    disabled_by_claims bigint   NOT NULL CHECK (disabled_by_claims IN (0, disabled)), -- 1: claims that come back enable them
    created_at text COLLATE "C" NOT NULL,
    mac        bytea            NOT NULL,
    CHECK ((issuer IS NULL) = (subject IS NULL)),
    CHECK (issuer IS NULL OR password IS NULL),
    UNIQUE (issuer, subject)
);

CREATE UNIQUE INDEX people_by_name ON people (lower(username));
CREATE INDEX people_of_partner ON people (partner_id, username);

-- Every change of what somebody may do, for ever.
CREATE TABLE standing_changes (
    number     bigint           NOT NULL PRIMARY KEY,  -- 1, 2, 3 …, without a gap, and under the code: their order is what happened
    person_id  text COLLATE "C" NOT NULL REFERENCES people (id),
    at         text COLLATE "C" NOT NULL,
    by         text COLLATE "C" NOT NULL,              -- JSON: {"kind": …, "id": …}, as the actors of events; or a provider's claims
    before     text COLLATE "C",                       -- JSON; null: there was no such person
    after      text COLLATE "C" NOT NULL,              -- JSON: {"standing": …, "partnerId": …, "disabled": …}
    mac        bytea            NOT NULL
);

-- Where people are signed in. Of a session only the digest of its id is here: who reads this table cannot use it.
CREATE TABLE sessions (
    digest       bytea            NOT NULL PRIMARY KEY, -- BLAKE3 of the id in the cookie
    person_id    text COLLATE "C" NOT NULL REFERENCES people (id),
    signed_in_at text COLLATE "C" NOT NULL,
    seen_at      text COLLATE "C" NOT NULL,             -- to the minute; not under the code
    mac          bytea            NOT NULL
);

CREATE INDEX sessions_of_person ON sessions (person_id);

-- The one code with which the first operator is made; at most one row.
CREATE TABLE setup_code (
    digest      bytea            NOT NULL,              -- BLAKE3 of the code
    valid_until text COLLATE "C" NOT NULL,
    mac         bytea            NOT NULL,
    one         boolean          PRIMARY KEY DEFAULT true CHECK (one)
);
