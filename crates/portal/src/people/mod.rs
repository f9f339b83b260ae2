//! Who uses the portal: people, what each may do, where each is signed in. One operation a file.
//!
//! Every row carries a code that only the keyring makes: whoever can write to the store, and no more, becomes nobody by that.
//! People lie in a file of one machine (`sqlite/`), or in a PostgreSQL database that several share (`postgres/`); what is
//! written there, and asked of it, is one code with one text for both. Each change is one transaction. Every method here
//! blocks.

mod account;
mod add;
mod admit;
mod change_standing;
mod copy;
mod find;
mod list;
mod open_error;
mod password;
mod person;
mod postgres;
mod readable;
mod reset_password;
mod rows;
mod sealed;
mod sessions;
mod setup_code;
mod sqlite;
mod store;

use rows::Failure;
use store::Store;

pub use add::{AddError, NewPerson};
pub use change_standing::{ChangeError, StandingChange};
pub use open_error::OpenError;
pub use password::{InvalidPassword, Password, PasswordHash};
pub use person::{Decider, InvalidUsername, Person, PersonId, Role, Standing, Username};
pub use sealed::Keys;
pub use sessions::{Lifetimes, SessionId};
pub use setup_code::{FirstCode, SetupCode, SetupError};

/// The people of a registry. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct People {
    store: Store,
    keys: Keys,
}

/// The store does not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the people of the portal cannot be asked: {0}")]
pub struct Unavailable(String);

impl From<Failure> for Unavailable {
    fn from(failure: Failure) -> Self {
        Self(failure.to_string())
    }
}

impl Unavailable {
    /// Whoever asked broke off.
    pub(crate) fn from_task(error: &tokio::task::JoinError) -> Self {
        Self(error.to_string())
    }
}
