-- The event log. Rows are added and never changed; only a private part may be emptied, when it is purged.

-- "klog": tells this file from every other SQLite database.
PRAGMA application_id = 1802268519;

-- Every event, in the one order of all events.
CREATE TABLE events (
    position INTEGER PRIMARY KEY CHECK (position > 0), -- dense from 1
    id       TEXT    NOT NULL UNIQUE,                  -- a UUID, as the public part writes it
    stream   TEXT    NOT NULL,                         -- `key-<keyId>` or `catalogue`
    revision INTEGER NOT NULL CHECK (revision >= 0),   -- dense from 0 within its stream
    public   BLOB    NOT NULL,                         -- JSON, byte for byte as it was signed
    private  BLOB    NOT NULL,                         -- never leaves the registry; empty once purged
    mac      BLOB    NOT NULL,                         -- authentication code over the public part
    UNIQUE (stream, revision)
) STRICT;

-- What only one stream may ever hold: a prefix, or the id of an event that an idempotency key stands behind.
CREATE TABLE claims (
    claim  TEXT NOT NULL PRIMARY KEY,
    stream TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Which log this is, and its life since the last restore. One row.
CREATE TABLE identity (
    log   TEXT    NOT NULL PRIMARY KEY,
    epoch INTEGER NOT NULL CHECK (epoch > 0)
) STRICT;
