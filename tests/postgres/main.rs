//! The log on a real PostgreSQL: the contract of the port, order under fire, and servers that end without a word.
#![allow(clippy::disallowed_methods, reason = "tests measure real time")]

use std::sync::Arc;

use keyledger_event_log::LogIdentity;
use keyledger_event_log_postgres::{DatabaseUrl, PostgresLog};
use keyledger_tests::SharedPostgres;

mod contract;
mod deployment;
mod entering;
mod follow;
mod load;
mod machines;
mod models;
mod moving;
mod naive;
mod opening;
mod order;
mod people;
mod read_models;
mod receipts;
mod restarts;
mod validators;
mod writing;

/// The server of the tests that leave it running.
static SERVER: SharedPostgres = SharedPostgres::new();

/// A new, empty log in a database of its own.
async fn new_log(identity: LogIdentity) -> Arc<PostgresLog> {
    let url = new_url();
    Arc::new(PostgresLog::create(&url, identity, &[]).await.expect("a new log"))
}

/// A new, empty database.
fn new_url() -> DatabaseUrl {
    let server = SERVER.get();
    parsed(&server.url(&server.new_database()))
}

fn parsed(url: &str) -> DatabaseUrl {
    url.parse().expect("a URL")
}
