//! The read models in a database: what holds for every store (the files of `crates/read-models/tests`), and what only many
//! processes on one database meet.

#[path = "../../../crates/read-models/tests/read_models/listing.rs"]
mod listing;
#[path = "../../../crates/read-models/tests/read_models/projecting.rs"]
mod projecting;
#[path = "../../../crates/read-models/tests/read_models/story.rs"]
mod story;

mod both_stores;
mod last_used;
mod lease;
mod opening;
mod place;
mod rebuild;
