-- Runs once, when the database server is made: a role for each process, and the database. What each may do is in grants.sql,
-- which needs the tables. The passwords come from a directory that only the server's own user can read.
\set ON_ERROR_STOP on
\set owner_password `cat /run/keyledger-passwords/owner`
\set command_service_password `cat /run/keyledger-passwords/command-service`
\set projector_password `cat /run/keyledger-passwords/projector`
\set validator_password `cat /run/keyledger-passwords/validator`
\set relay_password `cat /run/keyledger-passwords/relay`
\set signer_password `cat /run/keyledger-passwords/signer`

-- Makes the tables and brings them up to date. No process that runs on has this role.
CREATE ROLE keyledger LOGIN PASSWORD :'owner_password';
CREATE ROLE keyledger_command_service LOGIN PASSWORD :'command_service_password';
CREATE ROLE keyledger_projector LOGIN PASSWORD :'projector_password';
CREATE ROLE keyledger_validator LOGIN PASSWORD :'validator_password';
CREATE ROLE keyledger_relay LOGIN PASSWORD :'relay_password';
CREATE ROLE keyledger_signer LOGIN PASSWORD :'signer_password';

CREATE DATABASE keyledger OWNER keyledger;
REVOKE ALL ON DATABASE keyledger FROM PUBLIC;
GRANT CONNECT ON DATABASE keyledger
    TO keyledger_command_service, keyledger_projector, keyledger_validator, keyledger_relay, keyledger_signer;
