//! Who uses the portal: people, what each may do, where each is signed in. One operation a file.
//!
//! Every row carries a code that only the keyring makes: whoever can write to the file, and no more, becomes nobody by that.
//! The file `portal.db` is opened by the process that serves and, beside it, by `keyledger users`; each change is one
//! transaction. Every method here blocks.

mod account;
mod add;
mod admit;
mod back_up;
mod change_standing;
mod find;
mod list;
mod open;
mod password;
mod person;
mod readable;
mod reset_password;
mod schema;
mod sealed;
mod sessions;
mod setup_code;
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

pub use add::{AddError, NewPerson};
pub use back_up::back_up;
pub use change_standing::{ChangeError, StandingChange};
pub use open::OpenError;
pub use password::{InvalidPassword, Password, PasswordHash};
pub use person::{Decider, InvalidUsername, Person, PersonId, Role, Standing, Username};
pub use sealed::Keys;
pub use sessions::{Lifetimes, SessionId};
pub use setup_code::{SetupCode, SetupError};

/// The people of a registry. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct People {
    db: Arc<Mutex<Connection>>,
    keys: Keys,
}

/// The file does not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file of people does not answer: {0}")]
pub struct Unavailable(String);

impl From<rusqlite::Error> for Unavailable {
    fn from(error: rusqlite::Error) -> Self {
        Self(match error {
            // What is wrong with a value is told in its own words.
            rusqlite::Error::FromSqlConversionFailure(_, _, why) => why.to_string(),
            error => error.to_string(),
        })
    }
}

impl Unavailable {
    /// Whoever asked the file broke off.
    pub(crate) fn from_task(error: &tokio::task::JoinError) -> Self {
        Self(error.to_string())
    }
}

impl People {
    fn db(&self) -> MutexGuard<'_, Connection> {
        // A panic rolls its transaction back.
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
