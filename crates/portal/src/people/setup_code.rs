use keyledger_domain::{Timestamp, envelope::Purpose};
use keyledger_secret::Randomness;
use subtle::ConstantTimeEq as _;

use super::{
    AddError, Decider, Keys, NewPerson, PasswordHash, People, Person, PersonId, Standing, Unavailable,
    Username, account, add,
    find::ANYBODY,
    readable,
    rows::{Failure, Rows},
    sealed::{must_be_sealed, seal},
};

/// What the first operator types to become one. It has neither `Debug` nor `Display`.
pub struct SetupCode(String);

/// What a start has to say of a code.
pub enum FirstCode {
    /// Somebody has an account.
    NotNeeded,
    /// This one, which was drawn just now.
    Drawn(SetupCode),
    /// One that was drawn before is still good: by another process, or by this one before it started again.
    DrawnBefore,
}

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

impl From<Failure> for SetupError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(failure.into())
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
        Ok(self.store.change(|rows| draw(rows, &self.keys, randomness, now))?)
    }

    /// The code for the first operator, where nobody has an account. Of several processes that start at once one draws it, so
    /// that the one that people read somewhere is good.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn first_setup_code(
        &self,
        randomness: &dyn Randomness,
        now: Timestamp,
    ) -> Result<FirstCode, Unavailable> {
        let code = self.store.change(|rows| {
            if !rows.ask(ANYBODY, &[])?.is_empty() {
                return Ok(FirstCode::NotNeeded);
            }
            if kept(rows, &self.keys)?.is_some_and(|(valid_until, _)| now < valid_until) {
                return Ok(FirstCode::DrawnBefore);
            }
            draw(rows, &self.keys, randomness, now).map(FirstCode::Drawn)
        });
        Ok(code?)
    }

    /// Whether this is the code at the moment.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn is_setup_code(&self, code: &SetupCode, now: Timestamp) -> Result<bool, Unavailable> {
        Ok(self.store.each(|rows| is_known(rows, &self.keys, code, now))?)
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
        self.store.change(|rows| {
            if !is_known(rows, &self.keys, code, now)? {
                return Err(SetupError::WrongCode);
            }
            rows.run(FORGET, &[])?;
            // Whoever has the code held the keyring's machine, and becomes who they are by that.
            let by = Decider::Person(id.to_string());
            let new = NewPerson { id, username, password: Some(password), standing: Standing::Operator };
            Ok(add::insert(rows, &self.keys, new, &by, now)?)
        })
    }
}

const FORGET: &str = "DELETE FROM setup_code";

/// Draws a code, in the place of any other, within a transaction.
fn draw(
    rows: &mut dyn Rows,
    keys: &Keys,
    randomness: &dyn Randomness,
    now: Timestamp,
) -> Result<SetupCode, Failure> {
    let code = SetupCode(readable::draw(randomness, LENGTH));
    let (digest, valid_until) = (code.digest(), now.plus_seconds(SetupCode::SECONDS).to_string());
    let mac = seal(keys, Purpose::SetupCode, &[Some(&digest[..]), Some(valid_until.as_bytes())]);
    rows.run(FORGET, &[])?;
    let keep = "INSERT INTO setup_code (digest, valid_until, mac) VALUES ($1, $2, $3)";
    rows.run(keep, &[digest.into(), valid_until.into(), mac.into()])?;
    Ok(code)
}

/// Until when the code is good, and its digest; none where there is none.
fn kept(rows: &mut dyn Rows, keys: &Keys) -> Result<Option<(Timestamp, Vec<u8>)>, Failure> {
    let found = rows.ask("SELECT valid_until, digest, mac FROM setup_code", &[])?;
    let Some(row) = found.first() else { return Ok(None) };
    let (valid_until, digest) = (row.text(0)?, row.bytes(1)?);
    let fields = [Some(digest), Some(valid_until.as_bytes())];
    must_be_sealed(keys, Purpose::SetupCode, &fields, row.bytes(2)?)?;
    Ok(Some((account::moment(row, 0)?, digest.to_vec())))
}

fn is_known(rows: &mut dyn Rows, keys: &Keys, code: &SetupCode, now: Timestamp) -> Result<bool, Failure> {
    Ok(kept(rows, keys)?.is_some_and(|(valid_until, digest)| {
        now < valid_until && bool::from(digest[..].ct_eq(&code.digest()[..]))
    }))
}
