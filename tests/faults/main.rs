//! Faults: what the registry promises while its process, its disk or its keyring lets it down.
#![allow(clippy::disallowed_methods, reason = "tests measure real time and ask for their seed")]

mod clients;
mod clocks;
mod command;
mod disk;
mod door;
mod failing_fsync;
mod first_start;
mod full_disk;
mod history;
mod keyrings;
mod kill_loop;
mod linearizable;
mod oracle;
mod power_cuts;
mod restores;
mod roles;
mod shutdown;
mod small_disk;
mod snapshots;
mod verdict_on;
