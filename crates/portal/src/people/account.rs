use keyledger_domain::{PartnerId, Timestamp, envelope::Purpose};
use uuid::Uuid;

use super::{
    PasswordHash, Person, PersonId, Role, Standing, Username,
    rows::{Failure, Row, Rows, Value, bad},
    sealed::{Keys, must_be_sealed, seal},
};

/// Everything that is kept of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) person: Person,
    /// None: they sign in elsewhere.
    pub(super) password: Option<PasswordHash>,
    /// Who they are at their provider; none: they sign in here.
    pub(super) subject: Option<String>,
    /// Whether it was claims that disabled them, so that claims may enable them again. It stands here and not in the changes
    /// alone: whoever takes a row of those away enables nobody by that.
    pub(super) disabled_by_claims: bool,
}

/// Asks for accounts, in whose first columns is what [`Account::read`] reads: what follows those columns, and more.
macro_rules! select_accounts {
    ($rest:literal) => {
        concat!(
            "SELECT people.id, people.username, people.password, people.issuer, people.subject, people.standing, ",
            "people.partner_id, people.disabled, people.disabled_by_claims, people.created_at, people.mac ",
            $rest
        )
    };
}
pub(super) use select_accounts;

/// How many columns an account has.
pub(super) const WIDTH: usize = 11;

/// Writes an account: as a new one, or over the one with its id.
pub(super) const WRITE: &str =
    "INSERT INTO people (id, username, password, issuer, subject, standing, partner_id, disabled, disabled_by_claims, created_at, mac)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     ON CONFLICT (id) DO UPDATE SET username = excluded.username, password = excluded.password,
         standing = excluded.standing, partner_id = excluded.partner_id, disabled = excluded.disabled,
         disabled_by_claims = excluded.disabled_by_claims, mac = excluded.mac";

impl Account {
    /// An account from the first columns of a row, which somebody wrote who holds the keyring.
    pub(super) fn read(row: &Row, keys: &Keys) -> Result<Self, Failure> {
        let partner = row.text_or_none(6)?.map(PartnerId::parse).transpose();
        let standing = match (row.text(5)?, partner.map_err(|error| bad(6, error))?) {
            ("operator", None) => Standing::Operator,
            ("admin", Some(partner)) => Standing::of_partner(partner, Role::Admin),
            ("member", Some(partner)) => Standing::of_partner(partner, Role::Member),
            _ => return Err(bad(5, "it is no standing")),
        };
        let account = Self {
            person: Person {
                id: id(row, 0)?,
                username: username(row, 1)?,
                standing,
                issuer: row.text_or_none(3)?.map(str::to_owned),
                disabled: row.flag(7)?,
                created_at: moment(row, 9)?,
            },
            password: row.text_or_none(2)?.map(|text| PasswordHash(text.to_owned())),
            subject: row.text_or_none(4)?.map(str::to_owned),
            disabled_by_claims: row.flag(8)?,
        };
        let mac = row.bytes(10)?;
        account.with_fields(|fields| must_be_sealed(keys, Purpose::Person, fields, mac))?;
        Ok(account)
    }

    /// The one account with an id.
    pub(super) fn of(rows: &mut dyn Rows, keys: &Keys, id: PersonId) -> Result<Option<Self>, Failure> {
        Self::find(rows, keys, select_accounts!("FROM people WHERE id = $1"), &[id.to_string().into()])
    }

    /// The one account that a question is about.
    pub(super) fn find(
        rows: &mut dyn Rows,
        keys: &Keys,
        question: &'static str,
        with: &[Value],
    ) -> Result<Option<Self>, Failure> {
        let found = rows.ask(question, with)?;
        found.first().map(|row| Self::read(row, keys)).transpose()
    }

    /// Writes it: as a new one, or over the one with its id.
    pub(super) fn write(&self, rows: &mut dyn Rows, keys: &Keys) -> Result<(), Failure> {
        let Self { person, password, subject, disabled_by_claims } = self;
        let (standing, partner) = columns(&person.standing);
        let mac = self.with_fields(|fields| seal(keys, Purpose::Person, fields));
        let values = [
            person.id.to_string().into(),
            person.username.as_str().into(),
            password.as_ref().map(|hash| hash.0.as_str()).into(),
            person.issuer.as_deref().into(),
            subject.as_deref().into(),
            standing.into(),
            partner.into(),
            person.disabled.into(),
            (*disabled_by_claims).into(),
            person.created_at.to_string().into(),
            mac.into(),
        ];
        rows.run(WRITE, &values).map(|_| ())
    }

    /// What the code is over: all of it.
    fn with_fields<T>(&self, done: impl FnOnce(&[Option<&[u8]>]) -> T) -> T {
        let Self { person, password, subject, disabled_by_claims } = self;
        let (standing, partner) = columns(&person.standing);
        let (id, created_at) = (person.id.to_string(), person.created_at.to_string());
        done(&[
            Some(id.as_bytes()),
            Some(person.username.as_str().as_bytes()),
            password.as_ref().map(|hash| hash.0.as_bytes()),
            person.issuer.as_ref().map(String::as_bytes),
            subject.as_ref().map(String::as_bytes),
            Some(standing.as_bytes()),
            partner.map(str::as_bytes),
            Some(&[u8::from(person.disabled)]),
            Some(&[u8::from(*disabled_by_claims)]),
            Some(created_at.as_bytes()),
        ])
    }
}

/// Somebody's id from a column.
pub(super) fn id(row: &Row, column: usize) -> Result<PersonId, Failure> {
    row.parsed(column, Uuid::try_parse).map(PersonId)
}

/// Somebody's name from a column.
pub(super) fn username(row: &Row, column: usize) -> Result<Username, Failure> {
    row.parsed(column, Username::parse)
}

/// A moment from a column.
pub(super) fn moment(row: &Row, column: usize) -> Result<Timestamp, Failure> {
    row.parsed(column, Timestamp::parse)
}

/// A standing as its two columns hold it.
fn columns(standing: &Standing) -> (&'static str, Option<&str>) {
    let name = match standing {
        Standing::Operator => "operator",
        Standing::Admin { .. } => "admin",
        Standing::Member { .. } => "member",
    };
    (name, standing.partner().map(PartnerId::as_str))
}
