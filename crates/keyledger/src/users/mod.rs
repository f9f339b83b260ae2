//! `keyledger users …`: accounts of the portal, by whoever holds the registry's own machine. They work beside a server.

mod add;
mod changes;
mod list;
mod move_to_database;
mod reset_password;
mod setup_code;
mod switch;

use anyhow::Context as _;
use keyledger_domain::PartnerId;
use keyledger_portal::people::{Decider, People, Person, PersonId, Role, Standing, Username};

use crate::{
    cli::{Context, roles::UsersCommand},
    installation::{PeoplePlace, ReadOnly},
};

/// What the commands work with.
struct Users {
    people: People,
    /// Who decides: whoever holds the keyring.
    by: Decider,
}

/// Does what was asked.
///
/// # Errors
/// One sentence: no registry, nobody of that name, a name that is taken.
pub(crate) async fn run(context: &Context, command: UsersCommand) -> anyhow::Result<()> {
    let ReadOnly { directory, log, keyring } = ReadOnly::open(context.settings()).await?;
    let by = Decider::Keyring(log.identity().log.to_string());
    let place = PeoplePlace::of(&context.settings().read_models, &directory);
    let users = || anyhow::Ok(Users { people: place.open(&keyring)?, by });
    match command {
        UsersCommand::Add { username, partner, role, operator: _ } => {
            add::run(context, &users()?, username, standing(partner, role))
        }
        UsersCommand::List { partner } => list::run(context, &users()?, partner.as_ref()),
        UsersCommand::Changes { partner } => changes::run(context, &users()?, partner.as_ref()),
        UsersCommand::Disable { username } => switch::run(context, &users()?, &username, true),
        UsersCommand::Enable { username } => switch::run(context, &users()?, &username, false),
        UsersCommand::ResetPassword { username } => reset_password::run(context, &users()?, &username),
        UsersCommand::Move => move_to_database::run(context, &place, &directory, &keyring),
        UsersCommand::SetupCode => setup_code::run(context, &users()?),
    }
}

/// What somebody is: of a partner, or an operator.
fn standing(partner: Option<PartnerId>, role: Role) -> Standing {
    partner.map_or(Standing::Operator, |partner| Standing::of_partner(partner, role))
}

impl Users {
    fn named(&self, username: &Username) -> anyhow::Result<Person> {
        let found = self.people.named(username)?.map(|(person, _)| person);
        found.with_context(|| {
            format!("nobody is called {username}: `keyledger users list` shows who is there")
        })
    }

    fn id_of(&self, username: &Username) -> anyhow::Result<PersonId> {
        Ok(self.named(username)?.id)
    }
}

/// What somebody is, for people.
fn words(standing: &Standing) -> String {
    match standing {
        Standing::Operator => "operator".to_owned(),
        Standing::Admin { partner_id } => format!("admin of {partner_id}"),
        Standing::Member { partner_id } => format!("member of {partner_id}"),
    }
}
