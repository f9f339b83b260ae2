-- The event log. Rows are added and never changed; only a private part may be emptied, when it is purged.
--
-- What each process needs, beside the right to connect; nobody but the owner needs more:
--   command service   SELECT on events, claims, head, identity, log_migrations; INSERT on events, claims; UPDATE on head
--   every reader      SELECT on events, identity, log_migrations

-- Every event, in the one order of all events.
CREATE TABLE events (
    position bigint           PRIMARY KEY CHECK (position > 0), -- dense from 1, given while the head is locked
    id       uuid             NOT NULL UNIQUE,                  -- as the public part writes it
    stream   text COLLATE "C" NOT NULL,                         -- `key-<keyId>` or `catalogue`
    revision bigint           NOT NULL CHECK (revision >= 0),   -- dense from 0 within its stream
    public   bytea            NOT NULL,                         -- JSON, byte for byte as it was signed
    private  bytea            NOT NULL,                         -- never leaves the registry; empty once purged
    mac      bytea            NOT NULL,                         -- authentication code over the public part
    UNIQUE (stream, revision)
);

-- What only one stream may ever hold: a prefix, or the id of an event that an idempotency key stands behind.
CREATE TABLE claims (
    claim  text COLLATE "C" PRIMARY KEY,
    stream text COLLATE "C" NOT NULL
);

-- Where the log ends. One row, which every append locks until it has committed: positions are given in the order in
-- which they become visible, and none is given up. A sequence could promise neither.
CREATE TABLE head (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    position bigint  NOT NULL CHECK (position >= 0)
);
INSERT INTO head (position) VALUES (0);

-- Which log this is, and its life since the last restore. One row, none until the log is begun.
CREATE TABLE identity (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    log   uuid    NOT NULL,
    epoch integer NOT NULL CHECK (epoch > 0)
);
