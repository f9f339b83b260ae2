use keyledger_domain::{PartnerId, Timestamp, envelope::Purpose};
use rusqlite::{
    Connection, Error, OptionalExtension as _, Params, Result, Row, Transaction, params, types::Type,
};
use uuid::Uuid;

use super::{
    PasswordHash, Person, PersonId, Role, Standing, Username,
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

/// The columns of an account, in the order in which [`Account::read`] reads them.
pub(super) const COLUMNS: &str = "people.id, people.username, people.password, people.issuer, people.subject, people.standing, \
                                  people.partner_id, people.disabled, people.disabled_by_claims, people.created_at, people.mac";

/// How many they are.
pub(super) const WIDTH: usize = 11;

impl Account {
    /// An account from the first columns of a row, which somebody wrote who holds the keyring.
    pub(super) fn read(row: &Row<'_>, keys: &Keys) -> Result<Self> {
        let standing: String = row.get(5)?;
        let partner =
            row.get::<_, Option<String>>(6)?.map(|text| parsed(6, PartnerId::parse(&text))).transpose()?;
        let standing = match (standing.as_str(), partner) {
            ("operator", None) => Standing::Operator,
            ("admin", Some(partner)) => Standing::of_partner(partner, Role::Admin),
            ("member", Some(partner)) => Standing::of_partner(partner, Role::Member),
            _ => return Err(Error::InvalidColumnType(5, "standing".to_owned(), Type::Text)),
        };
        let account = Self {
            person: Person {
                id: id(row, 0)?,
                username: username(row, 1)?,
                standing,
                issuer: row.get(3)?,
                disabled: row.get(7)?,
                created_at: moment(row, 9)?,
            },
            password: row.get::<_, Option<String>>(2)?.map(PasswordHash),
            subject: row.get(4)?,
            disabled_by_claims: row.get(8)?,
        };
        account.with_fields(|fields| {
            must_be_sealed(keys, Purpose::Person, fields, row.get_ref(10)?.as_blob()?)
        })?;
        Ok(account)
    }

    /// The one account of which a condition holds.
    pub(super) fn find(
        db: &Connection,
        keys: &Keys,
        condition: &str,
        values: impl Params,
    ) -> Result<Option<Self>> {
        let statement = format!("SELECT {COLUMNS} FROM people WHERE {condition}");
        db.prepare_cached(&statement)?.query_row(values, |row| Self::read(row, keys)).optional()
    }

    /// Writes it: as a new one, or over the one with its id.
    pub(super) fn write(&self, transaction: &Transaction<'_>, keys: &Keys) -> Result<()> {
        let Self { person, password, subject, disabled_by_claims } = self;
        let (standing, partner) = columns(&person.standing);
        let mac = self.with_fields(|fields| seal(keys, Purpose::Person, fields));
        transaction.execute(
            "INSERT INTO people (id, username, password, issuer, subject, standing, partner_id, disabled, disabled_by_claims, created_at, mac)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (id) DO UPDATE SET username = excluded.username, password = excluded.password,
                 standing = excluded.standing, partner_id = excluded.partner_id, disabled = excluded.disabled,
                 disabled_by_claims = excluded.disabled_by_claims, mac = excluded.mac",
            params![
                person.id.to_string(),
                person.username.as_str(),
                password.as_ref().map(|hash| &hash.0),
                person.issuer,
                subject,
                standing,
                partner,
                person.disabled,
                disabled_by_claims,
                person.created_at.to_string(),
                mac,
            ],
        )?;
        Ok(())
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
pub(super) fn id(row: &Row<'_>, column: usize) -> Result<PersonId> {
    parsed(column, Uuid::try_parse(row.get_ref(column)?.as_str()?)).map(PersonId)
}

/// Somebody's name from a column.
pub(super) fn username(row: &Row<'_>, column: usize) -> Result<Username> {
    parsed(column, Username::parse(row.get_ref(column)?.as_str()?))
}

/// A moment from a column.
pub(super) fn moment(row: &Row<'_>, column: usize) -> Result<Timestamp> {
    parsed(column, Timestamp::parse(row.get_ref(column)?.as_str()?))
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

fn parsed<T, E: std::error::Error + Send + Sync + 'static>(
    column: usize,
    value: std::result::Result<T, E>,
) -> Result<T> {
    value.map_err(|error| Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}
