use std::fmt;

use keyledger_domain::{
    Actor, Authority, PartnerId, Scope, Scopes, Timestamp, actor::ActorKind, authority::registry_scopes,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Somebody, for ever: what the log calls them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub Uuid);

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// By what somebody signs in: 1 to 100 visible ASCII characters, as of a mail address. Capitals do not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Username(String);

/// The text is no user name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a user name: give 1 to 100 letters, digits or . _ - + @, as in ada@example.com")]
pub struct InvalidUsername;

impl Username {
    const LONGEST: usize = 100;

    /// A user name as it is written.
    ///
    /// # Errors
    /// [`InvalidUsername`].
    pub fn parse(text: &str) -> Result<Self, InvalidUsername> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+@".contains(&byte);
        if (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidUsername)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As names are compared.
    pub(super) fn in_small_letters(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// The same with a number behind it.
    pub(super) fn numbered(&self, number: u32) -> Self {
        let end = format!("+{number}");
        Self(self.0[..self.0.len().min(Self::LONGEST - end.len())].to_owned() + &end)
    }
}

impl Username {
    /// Whether two names differ by no more than the number that one got because somebody had the other.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.plain().eq_ignore_ascii_case(other.plain())
    }

    fn plain(&self) -> &str {
        let numbered =
            self.0.rsplit_once('+').filter(|(_, number)| number.bytes().all(|byte| byte.is_ascii_digit()));
        numbered.map_or(&self.0, |(name, _)| name)
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What somebody of a partner may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Manages the partner's keys, and who else may.
    Admin,
    /// Neither; asks an admin.
    Member,
}

/// What somebody is to the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "standing", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Standing {
    /// Of those who run the registry: sees every partner.
    Operator,
    /// Manages the keys of a partner, and who else may.
    Admin {
        /// Which partner.
        partner_id: PartnerId,
    },
    /// Belongs to a partner, and manages nothing.
    Member {
        /// Which partner.
        partner_id: PartnerId,
    },
}

impl Standing {
    /// What somebody of a partner is in a role.
    #[must_use]
    pub fn of_partner(partner_id: PartnerId, role: Role) -> Self {
        match role {
            Role::Admin => Self::Admin { partner_id },
            Role::Member => Self::Member { partner_id },
        }
    }

    /// Their partner; none for operators.
    #[must_use]
    pub fn partner(&self) -> Option<&PartnerId> {
        match self {
            Self::Operator => None,
            Self::Admin { partner_id } | Self::Member { partner_id } => Some(partner_id),
        }
    }

    /// What they may do to keys.
    #[must_use]
    pub fn authority(&self) -> Authority {
        match self {
            Self::Operator => Authority::operator(),
            Self::Admin { partner_id } => {
                let scopes = [registry_scopes::KEYS_READ, registry_scopes::KEYS_WRITE];
                let scopes = scopes.map(|scope| Scope::parse(scope).expect("a registry scope is a scope"));
                let scopes = Scopes::new(scopes).expect("two scopes");
                Authority::of(partner_id.clone(), &scopes)
            }
            Self::Member { partner_id } => Authority::nothing(partner_id.clone()),
        }
    }
}

/// Somebody with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their id, for ever.
    pub id: PersonId,
    /// By what they sign in.
    pub username: Username,
    /// What they are.
    pub standing: Standing,
    /// The issuer of the OpenID provider where they sign in, whose claims decide what they are; none: they sign in here.
    pub issuer: Option<String>,
    /// Whether they may not sign in.
    pub disabled: bool,
    /// Since when they have an account.
    pub created_at: Timestamp,
}

impl Person {
    /// The actor of the events that they cause.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor { kind: ActorKind::Person, id: self.id.to_string() }
    }

    /// Who decides what they decide.
    #[must_use]
    pub fn decider(&self) -> Decider {
        Decider::Person(self.id.to_string())
    }
}

/// Who decided what somebody may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "lowercase")]
pub enum Decider {
    /// Somebody signed in at the portal, who has this id.
    Person(String),
    /// Whoever held the keyring of this log, on the registry's own machine.
    Keyring(String),
    /// The claims of the OpenID provider with this issuer.
    Claims(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_admin_manages_their_partner_alone_and_a_member_nothing() {
        let acme = || PartnerId::parse("acme").expect("a partner");
        let other = PartnerId::parse("globex").expect("a partner");
        let admin = Standing::of_partner(acme(), Role::Admin).authority();
        assert!(admin.may_read(&acme()) && admin.may_write(&acme()) && !admin.may_operate());
        assert!(!admin.sees(&other) && !admin.may_read_events());
        let member = Standing::of_partner(acme(), Role::Member).authority();
        assert!(member.sees(&acme()) && !member.may_read(&acme()) && !member.may_write(&acme()));
        let operator = Standing::Operator.authority();
        assert!(operator.may_write(&acme()) && operator.may_write(&other) && operator.may_operate());
    }

    #[test]
    fn a_user_name_is_plain_ascii() {
        for good in ["ada", "ada@example.com", "a.b_c-d+e@x"] {
            assert_eq!(Username::parse(good).map(|name| name.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "ada lovelace", "ädä", "a\n", "<b>", &"a".repeat(101)] {
            assert_eq!(Username::parse(bad), Err(InvalidUsername), "{bad:?}");
        }
    }
}
