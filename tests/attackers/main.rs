//! Attackers: what the registry promises while somebody means harm.
#![allow(clippy::disallowed_methods, reason = "tests measure real time and ask for their seed")]

mod canaries;
mod hostile;
mod insider;
mod timing;
