-- What each process may do, as docs/postgresql.md says. Run as the owner of the tables once they are there; run again, it
-- changes nothing.
\set ON_ERROR_STOP on
BEGIN;

-- Not here where the log is in KurrentDB.
SELECT to_regclass('public.events') IS NOT NULL AS log_is_here \gset
\if :log_is_here
GRANT SELECT ON events, identity, log_migrations
    TO keyledger_command_service, keyledger_projector, keyledger_validator, keyledger_relay, keyledger_signer;
GRANT SELECT ON claims, head TO keyledger_command_service;
GRANT INSERT ON events, claims TO keyledger_command_service;
GRANT UPDATE ON head TO keyledger_command_service;
\endif

GRANT USAGE ON SCHEMA keyledger_lists TO keyledger_command_service, keyledger_projector;
GRANT SELECT ON ALL TABLES IN SCHEMA keyledger_lists TO keyledger_command_service, keyledger_projector;
GRANT INSERT, UPDATE, DELETE
    ON keyledger_lists.partner_keys, keyledger_lists.partners, keyledger_lists.prefixes, keyledger_lists.streams,
       keyledger_lists.checkpoint
    TO keyledger_projector;

GRANT USAGE ON SCHEMA keyledger_last_used TO keyledger_command_service, keyledger_validator;
GRANT SELECT ON ALL TABLES IN SCHEMA keyledger_last_used TO keyledger_command_service, keyledger_validator;
GRANT INSERT, UPDATE ON keyledger_last_used.last_used TO keyledger_validator;

GRANT USAGE ON SCHEMA keyledger_portal TO keyledger_command_service;
GRANT SELECT ON ALL TABLES IN SCHEMA keyledger_portal TO keyledger_command_service;
GRANT INSERT, UPDATE ON keyledger_portal.people TO keyledger_command_service;
GRANT INSERT ON keyledger_portal.standing_changes TO keyledger_command_service;
GRANT INSERT, UPDATE, DELETE ON keyledger_portal.sessions, keyledger_portal.setup_code TO keyledger_command_service;

COMMIT;
