//! A real PostgreSQL beside the programs under test.

mod programs;
mod server;
mod shared_server;

pub use server::Postgres;
pub use shared_server::SharedPostgres;
