#!/bin/bash
# Begins the registry where there is none and makes its tables, or brings them up to date, as their owner: serves for as long
# as that takes, and stops.
set -eu
keyledger serve --json >/dev/null &
until keyledger-health 2>/dev/null; do
    kill -0 $! 2>/dev/null || { wait $!; exit 1; }
    sleep 1
done
kill $!
wait $!
