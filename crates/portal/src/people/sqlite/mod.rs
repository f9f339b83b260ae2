//! People in a file of one machine, `portal.db`: SQLite through rusqlite. It is opened by the process that serves and, beside
//! it, by `keyledger users`.

mod file;
mod open;
mod schema;

pub(super) use file::File;
