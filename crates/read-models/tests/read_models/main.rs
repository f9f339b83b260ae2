//! The read models from outside: told stories of keys, and asked about them. What is in `projecting.rs` and `listing.rs`
//! holds for every store: `tests/postgres/read_models` runs the same files against a database.

mod last_used;
mod listing;
mod opening;
mod place;
mod projecting;
mod story;
