#!/bin/bash
# Asks keyledger on this machine whether it is ready (or, with a path behind it, anything else that answers 200), without a
# program that the image does not have. `--wait SECONDS` asks again until it is.
#   keyledger-health [--wait SECONDS] [/readyz]
set -u
wait=0
if [ "${1:-}" = --wait ]; then
    wait=$2
    shift 2
fi
path=${1:-/readyz}
address=${KEYLEDGER_LISTEN__OPS:-127.0.0.1:9100}

asked() {
    local status
    exec 3<>"/dev/tcp/${address%:*}/${address##*:}" || return
    printf 'GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$path" "$address" >&3
    read -r -t 5 status <&3
    exec 3>&-
    [[ $status == 'HTTP/1.1 200 '* ]]
}

until (asked) 2>/dev/null; do
    [ "$SECONDS" -lt "$wait" ] || { echo "keyledger at $address is not ready: see http://$address$path" >&2; exit 1; }
    sleep 1
done
