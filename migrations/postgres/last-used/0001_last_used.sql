-- When each secret was last used, as every process that judges requests saw it, in the schema `keyledger_last_used`. It
-- comes from no event, so it cannot be made from the log; it may lack the last minutes before a crash, it is no evidence of
-- anything, and a registry goes on without it.
--
-- What each process needs: USAGE on the schema; SELECT, and for whoever judges requests INSERT and UPDATE too.

CREATE TABLE last_used (
    prefix text COLLATE "C" NOT NULL PRIMARY KEY,  -- the first eight characters of the secret
    minute bigint           NOT NULL               -- whole minutes since 1970, in UTC; it never falls
);
