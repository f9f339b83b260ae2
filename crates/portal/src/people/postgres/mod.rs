//! People in a database that several machines share: PostgreSQL through sqlx, in a schema of their own.

mod database;
mod open;
mod session;

pub(super) use database::Database;
