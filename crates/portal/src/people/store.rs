use super::{
    postgres::Database,
    rows::{Failure, Rows},
    sqlite::File,
};

/// Where people are kept. Clones share their connections.
#[derive(Clone)]
pub(super) enum Store {
    /// In a file of one machine.
    File(File),
    /// In a database that several machines share.
    Database(Database),
}

impl Store {
    /// Works with rows, where each statement stands by itself.
    pub(super) fn each<T>(
        &self,
        work: impl FnOnce(&mut dyn Rows) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match self {
            Self::File(file) => file.each(work),
            Self::Database(database) => database.each(work),
        }
    }

    /// Looks at rows as they are at one moment.
    pub(super) fn look<T>(
        &self,
        work: impl FnOnce(&mut dyn Rows) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match self {
            Self::File(file) => file.look(work),
            Self::Database(database) => database.look(work),
        }
    }

    /// Changes rows in one transaction, beside which no other one changes any: what it finds, it can decide on. An error
    /// undoes it.
    pub(super) fn change<T, E: From<Failure>>(
        &self,
        work: impl FnOnce(&mut dyn Rows) -> Result<T, E>,
    ) -> Result<T, E> {
        match self {
            Self::File(file) => file.change(work),
            Self::Database(database) => database.change(work),
        }
    }
}
