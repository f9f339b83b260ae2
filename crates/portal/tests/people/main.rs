//! People from outside: who may do what, and where they are signed in. What is here holds for every store:
//! `tests/postgres/people` runs the same files against a database.

mod accounts;
mod claims;
mod copying;
mod forgeries;
mod place;
mod sessions;
mod setup_code;
mod story;
