-- When each secret was last used. It comes from no event, so it cannot be made from the log; it may lack the last minutes
-- before a crash, it is no evidence of anything, and a registry goes on without it.

-- "kllu": tells this file from every other SQLite database.
PRAGMA application_id = 1802267765;

-- A row takes some twenty bytes, as there is one for every secret that was ever used.
CREATE TABLE last_used (
    prefix TEXT    NOT NULL PRIMARY KEY,   -- the first eight characters of the secret
    minute INTEGER NOT NULL                -- whole minutes since 1970, in UTC; it never falls
) STRICT, WITHOUT ROWID;
