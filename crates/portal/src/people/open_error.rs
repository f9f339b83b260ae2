/// Why people were not opened. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file is something else.
    #[error("{place} does not hold the people of a keyledger: correct the path, or move the file away")]
    NotOurs {
        /// Which file.
        place: String,
    },
    /// They were written by a later build.
    #[error(
        "the people in {place} have schema version {found}, and this build knows {known}: use a newer build"
    )]
    Newer {
        /// Where.
        place: String,
        /// Their schema version.
        found: i64,
        /// The newest schema version of this build.
        known: usize,
    },
    /// The tables are an earlier build's, or none, and cannot be changed.
    #[error(
        "the people in {place} have no tables, or an earlier build's, which cannot be made or changed ({why}): let their owner start this build once"
    )]
    Schema {
        /// The database.
        place: String,
        /// What speaks against it.
        why: String,
    },
    /// A right that was withdrawn could come back with the power.
    #[error("the server of {place} has {setting} = off, and must not lose what it committed: turn it on")]
    NotDurable {
        /// The database.
        place: String,
        /// What is off.
        setting: &'static str,
    },
    /// They cannot be used at the moment.
    #[error("the people in {place} cannot be used: {why}")]
    Unusable {
        /// Where.
        place: String,
        /// Why not.
        why: String,
    },
}
