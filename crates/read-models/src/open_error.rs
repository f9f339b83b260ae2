use keyledger_event_log::LogIdentity;

/// Why a read model was not opened. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is nothing to read.
    #[error(
        "there is no read model at {place}: start the server once, which makes it, or correct the setting"
    )]
    Missing {
        /// Where it was looked for.
        place: String,
    },
    /// The file is something else.
    #[error("{place} is not a read model of keyledger: correct the path, or move the file away")]
    NotAReadModel {
        /// Where.
        place: String,
    },
    /// It was written by a later build.
    #[error(
        "{place} has schema version {found}, and this build knows {known}: use a newer build, or rebuild the read model with this one"
    )]
    Newer {
        /// Where.
        place: String,
        /// Its schema version.
        found: i64,
        /// The newest schema version of this build.
        known: usize,
    },
    /// It was written by an earlier build, and is only to be read.
    #[error("{place} was written by an earlier build: start the server once, which brings it up to date")]
    Earlier {
        /// Where.
        place: String,
    },
    /// The rows are of another log, or of another life of this one.
    #[error(
        "{place} was made from log {}, epoch {}, and this is log {}, epoch {}: put the log back that it was made from; after a restore on purpose, `keyledger projections rebuild --force`",
        found.log, found.epoch, wanted.log, wanted.epoch
    )]
    AnotherLog {
        /// Where.
        place: String,
        /// The log it was made from.
        found: LogIdentity,
        /// The log it is wanted for.
        wanted: LogIdentity,
    },
    /// The file cannot be a read model any more.
    #[error("the read model {place} is damaged ({source}): rebuild it")]
    Damaged {
        /// Where.
        place: String,
        /// What the store says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Anything else: permissions, space, a disk that fails, another process that holds it.
    #[error("the read model {place} cannot be used ({source}): mend the cause, and start again")]
    Unusable {
        /// Where.
        place: String,
        /// What the system says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The tables are an earlier build's, or none, and cannot be changed.
    #[error(
        "the read models in {place} cannot be made or brought up to date ({source}): let their owner start this build once"
    )]
    Schema {
        /// The database.
        place: String,
        /// What speaks against it.
        source: Box<sqlx::migrate::MigrateError>,
    },
    /// Somebody else makes them anew.
    #[error("the lists in {place} are being made anew by another process: wait for it, or end it")]
    BeingRebuilt {
        /// The database.
        place: String,
    },
    /// They belong to somebody else, whose rights the new ones would lack.
    #[error("the lists in {place} belong to the role {owner}: make them anew as that role")]
    NotTheOwner {
        /// The database.
        place: String,
        /// Whose they are.
        owner: String,
    },
}
