#!/bin/sh
# Makes what compose.yaml hands out, in ./secrets: a password for each role of the database, and a directory for the keyring
# of each process. Run it once, as root: each file belongs to the one user that reads it in its container.
set -eu
umask 077
cd "$(dirname "$0")"
keyledger=10001
postgres=999
[ ! -e secrets ] || { echo 'secrets is there already: it is not written over' >&2; exit 1; }
mkdir -p secrets/passwords secrets/pgpass secrets/keyring
chmod 711 secrets secrets/pgpass secrets/keyring

password() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

password > secrets/passwords/superuser
for role in owner command-service projector validator relay signer; do
    password > "secrets/passwords/$role"
    case $role in
        owner) user=keyledger ;;
        *) user=keyledger_$(printf %s "$role" | tr - _) ;;
    esac
    printf 'postgres:5432:keyledger:%s:%s\n' "$user" "$(cat "secrets/passwords/$role")" > "secrets/pgpass/$role"
    [ "$role" = owner ] || mkdir "secrets/keyring/$role"
done
chown -R "$postgres:$postgres" secrets/passwords
chown "$keyledger:$keyledger" secrets/pgpass/* secrets/keyring/*
