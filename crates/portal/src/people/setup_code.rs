use keyledger_domain::{Timestamp, envelope::Purpose};
use keyledger_secret::Randomness;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use subtle::ConstantTimeEq as _;

use super::{
    AddError, Decider, Keys, NewPerson, PasswordHash, People, Person, PersonId, Standing, Unavailable,
    Username, account, add, readable,
    sealed::{must_be_sealed, seal},
};

/// What the first operator types to become one. It has neither `Debug` nor `Display`.
pub struct SetupCode(String);

/// How many letters and digits: 74 bits.
const LENGTH: usize = 15;

/// Why a code did not make an operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// It is not the code, or its time is over, or somebody used it.
    #[error(
        "This is not the code, or its 15 minutes are over. `keyledger users setup-code` on the registry's machine prints a new one."
    )]
    WrongCode,
    /// Somebody has that name.
    #[error("Somebody has this user name already.")]
    Taken(Username),
    /// As it says.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<AddError> for SetupError {
    fn from(error: AddError) -> Self {
        match error {
            AddError::Taken(username) => Self::Taken(username),
            AddError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}

impl From<rusqlite::Error> for SetupError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unavailable(error.into())
    }
}

impl SetupCode {
    /// For how long a code is good.
    pub const SECONDS: u32 = 15 * 60;

    /// A code as somebody typed it: capitals, blanks and hyphens do not count.
    #[must_use]
    pub fn typed(text: &str) -> Self {
        let plain = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
        Self(plain.map(|c| c.to_ascii_uppercase()).collect())
    }

    /// For people, in groups.
    #[must_use]
    pub fn expose(&self) -> String {
        readable::grouped(&self.0)
    }

    fn digest(&self) -> [u8; 32] {
        blake3::derive_key("keyledger portal setup code v1", self.0.as_bytes())
    }
}

impl People {
    /// A new code, which is good for 15 minutes. One that was drawn before is good no more.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn new_setup_code(
        &self,
        randomness: &dyn Randomness,
        now: Timestamp,
    ) -> Result<SetupCode, Unavailable> {
        let code = SetupCode(readable::draw(randomness, LENGTH));
        let (digest, valid_until) = (code.digest(), now.plus_seconds(SetupCode::SECONDS).to_string());
        let mac = seal(&self.keys, Purpose::SetupCode, &[Some(&digest[..]), Some(valid_until.as_bytes())]);
        self.db().execute(
            "INSERT INTO setup_code (only, digest, valid_until, mac) VALUES (1, ?1, ?2, ?3)
             ON CONFLICT (only) DO UPDATE
             SET digest = excluded.digest, valid_until = excluded.valid_until, mac = excluded.mac",
            params![digest, valid_until, mac],
        )?;
        Ok(code)
    }

    /// Whether this is the code at the moment.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn is_setup_code(&self, code: &SetupCode, now: Timestamp) -> Result<bool, Unavailable> {
        Ok(is_known(&self.db(), &self.keys, code, now)?)
    }

    /// Makes an operator of whoever has the code, which is good for one.
    ///
    /// # Errors
    /// [`SetupError`].
    pub fn set_up(
        &self,
        code: &SetupCode,
        id: PersonId,
        username: Username,
        password: PasswordHash,
        now: Timestamp,
    ) -> Result<Person, SetupError> {
        let mut db = self.db();
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if !is_known(&transaction, &self.keys, code, now)? {
            return Err(SetupError::WrongCode);
        }
        transaction.execute("DELETE FROM setup_code", ())?;
        // Whoever has the code held the keyring's machine, and becomes who they are by that.
        let by = Decider::Person(id.to_string());
        let new = NewPerson { id, username, password: Some(password), standing: Standing::Operator };
        let person = add::insert(&transaction, &self.keys, new, &by, now)?;
        transaction.commit()?;
        Ok(person)
    }
}

fn is_known(db: &Connection, keys: &Keys, code: &SetupCode, now: Timestamp) -> rusqlite::Result<bool> {
    let known = db
        .query_row("SELECT valid_until, digest, mac FROM setup_code", (), |row| {
            let (valid_until, digest) = (row.get_ref(0)?.as_str()?, row.get::<_, [u8; 32]>(1)?);
            let fields = [Some(&digest[..]), Some(valid_until.as_bytes())];
            must_be_sealed(keys, Purpose::SetupCode, &fields, row.get_ref(2)?.as_blob()?)?;
            Ok((account::moment(row, 0)?, digest))
        })
        .optional()?;
    Ok(known
        .is_some_and(|(valid_until, digest)| now < valid_until && bool::from(digest.ct_eq(&code.digest()))))
}
