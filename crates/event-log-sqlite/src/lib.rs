//! The embedded event log: SQLite, one writer, many callers grouped into one commit.
