use keyledger_domain::{PartnerId, Timestamp};
use rusqlite::{Error, Result, Row, types::Type};
use uuid::Uuid;

use super::{Person, PersonId, Role, Standing, Username};

/// The columns of a person, in the order in which [`person`] reads them.
pub(super) const COLUMNS: &str = "people.id, people.username, people.standing, people.partner_id, people.disabled, people.created_at, people.issuer";

/// How many they are.
pub(super) const WIDTH: usize = 7;

/// A person from the first columns of a row.
pub(super) fn person(row: &Row<'_>) -> Result<Person> {
    let standing: String = row.get(2)?;
    let partner =
        row.get::<_, Option<String>>(3)?.map(|text| read(3, PartnerId::parse(&text))).transpose()?;
    let standing = match (standing.as_str(), partner) {
        ("operator", None) => Standing::Operator,
        ("admin", Some(partner)) => Standing::of_partner(partner, Role::Admin),
        ("member", Some(partner)) => Standing::of_partner(partner, Role::Member),
        _ => return Err(Error::InvalidColumnType(2, "standing".to_owned(), Type::Text)),
    };
    Ok(Person {
        id: id(row, 0)?,
        username: username(row, 1)?,
        standing,
        issuer: row.get(6)?,
        disabled: row.get(4)?,
        created_at: moment(row, 5)?,
    })
}

/// Somebody's id from a column.
pub(super) fn id(row: &Row<'_>, column: usize) -> Result<PersonId> {
    read(column, Uuid::try_parse(row.get_ref(column)?.as_str()?)).map(PersonId)
}

/// Somebody's name from a column.
pub(super) fn username(row: &Row<'_>, column: usize) -> Result<Username> {
    read(column, Username::parse(row.get_ref(column)?.as_str()?))
}

/// A moment from a column.
pub(super) fn moment(row: &Row<'_>, column: usize) -> Result<Timestamp> {
    read(column, Timestamp::parse(row.get_ref(column)?.as_str()?))
}

/// A standing as its two columns hold it.
pub(super) fn columns(standing: &Standing) -> (&'static str, Option<&str>) {
    let name = match standing {
        Standing::Operator => "operator",
        Standing::Admin { .. } => "admin",
        Standing::Member { .. } => "member",
    };
    (name, standing.partner().map(PartnerId::as_str))
}

fn read<T, E: std::error::Error + Send + Sync + 'static>(
    column: usize,
    value: std::result::Result<T, E>,
) -> Result<T> {
    value.map_err(|error| Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}
