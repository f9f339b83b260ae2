//! The people of the portal in a database: what holds for every store (the files of `crates/portal/tests`), and what only
//! several machines on one database meet.

#[path = "../../../crates/portal/tests/people/accounts.rs"]
mod accounts;
#[path = "../../../crates/portal/tests/people/claims.rs"]
mod claims;
#[path = "../../../crates/portal/tests/people/copying.rs"]
mod copying;
#[path = "../../../crates/portal/tests/people/forgeries.rs"]
mod forgeries;
#[path = "../../../crates/portal/tests/people/sessions.rs"]
mod sessions;
#[path = "../../../crates/portal/tests/people/setup_code.rs"]
mod setup_code;
#[path = "../../../crates/portal/tests/people/story.rs"]
mod story;

mod opening;
mod place;
mod registries;
mod trouble;
