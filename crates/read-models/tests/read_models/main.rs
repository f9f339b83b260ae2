//! The read models from outside: told stories of keys, and asked about them.

mod last_used;
mod listing;
mod opening;
mod projecting;
mod story;
