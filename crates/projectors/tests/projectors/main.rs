//! Projectors over the log in memory: they catch up, stay live, survive what passes, and stop at what does not.

#![allow(clippy::disallowed_methods, reason = "the tests give the projectors the machine's monotonic clock")]

mod exchanged;
mod following;
mod measuring;
mod rebuilding;
mod stopping;
mod world;
