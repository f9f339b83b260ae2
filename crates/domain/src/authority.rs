//! What an actor may do in the registry, and to whom it may give what.

use crate::{PartnerId, Scope, Scopes};

/// The scopes of the registry itself. They are built in; a catalogue cannot define them.
pub mod registry_scopes {
    /// List one's own partner's keys, with their history.
    pub const KEYS_READ: &str = "registryKeys:read";
    /// Change one's own partner's keys.
    pub const KEYS_WRITE: &str = "registryKeys:write";
    /// Read the events of every partner, and nothing else.
    pub const EVENTS_READ: &str = "registryEvents:read";
    /// Everything, for every partner.
    pub const OPERATE: &str = "registry:operate";

    /// All of them.
    pub const ALL: [&str; 4] = [KEYS_READ, KEYS_WRITE, EVENTS_READ, OPERATE];
}

/// Whether this is one of the registry's own scopes.
#[must_use]
pub fn is_registry_scope(scope: &Scope) -> bool {
    registry_scopes::ALL.contains(&scope.as_str())
}

/// Whether a key of `partner` may hold a scope at all. The reserved partner's keys hold registry scopes only;
/// other partners' keys hold, of those, only the ones about their own keys.
#[must_use]
pub fn is_for_partner(scope: &Scope, partner: &PartnerId) -> bool {
    match scope.as_str() {
        registry_scopes::KEYS_READ | registry_scopes::KEYS_WRITE => true,
        registry_scopes::EVENTS_READ | registry_scopes::OPERATE => partner.is_registry(),
        _ => !partner.is_registry(),
    }
}

/// What somebody may do in the registry: whose keys, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    partner: PartnerId,
    read: bool,
    write: bool,
    events: bool,
    operate: bool,
}

impl Authority {
    /// The authority of a key of `partner` with these scopes.
    #[must_use]
    pub fn of(partner: PartnerId, scopes: &Scopes) -> Self {
        let holds = |name: &str| scopes.iter().any(|scope| scope.as_str() == name);
        // The last two count only on the reserved partner's keys, whatever a log may say.
        let reserved = partner.is_registry();
        Self {
            read: holds(registry_scopes::KEYS_READ),
            write: holds(registry_scopes::KEYS_WRITE),
            events: reserved && holds(registry_scopes::EVENTS_READ),
            operate: reserved && holds(registry_scopes::OPERATE),
            partner,
        }
    }

    /// The authority of somebody who belongs to a partner, and may do nothing.
    #[must_use]
    pub fn nothing(partner: PartnerId) -> Self {
        Self { partner, read: false, write: false, events: false, operate: false }
    }

    /// The authority of an operator.
    #[must_use]
    pub fn operator() -> Self {
        Self { partner: PartnerId::registry(), read: false, write: false, events: false, operate: true }
    }

    /// The partner it belongs to.
    #[must_use]
    pub fn partner(&self) -> &PartnerId {
        &self.partner
    }

    /// Whether the keys of `partner` are there for it at all; where they are not, they are absent, not forbidden.
    #[must_use]
    pub fn sees(&self, partner: &PartnerId) -> bool {
        self.operate || self.partner == *partner
    }

    /// Whether it may list the keys of `partner`.
    #[must_use]
    pub fn may_read(&self, partner: &PartnerId) -> bool {
        self.operate || (self.partner == *partner && self.read)
    }

    /// Whether it may read the history of a key of `partner`.
    #[must_use]
    pub fn may_read_history(&self, partner: &PartnerId) -> bool {
        self.events || self.may_read(partner)
    }

    /// Whether it may change the keys of `partner`.
    #[must_use]
    pub fn may_write(&self, partner: &PartnerId) -> bool {
        self.operate || (self.partner == *partner && self.write)
    }

    /// Whether it may read the events of every partner.
    #[must_use]
    pub fn may_read_events(&self) -> bool {
        self.operate || self.events
    }

    /// Whether it may do what concerns the whole registry: the catalogue, emergency revocation.
    #[must_use]
    pub fn may_operate(&self) -> bool {
        self.operate
    }

    /// Whether it may put `scope` into the hands of whoever holds a key of `partner`. Who may change a partner's keys
    /// may grant what an API's keys hold, and the right to manage that partner's keys; the rest is for operators.
    #[must_use]
    pub fn may_grant(&self, scope: &Scope, partner: &PartnerId) -> bool {
        let strong = matches!(scope.as_str(), registry_scopes::EVENTS_READ | registry_scopes::OPERATE);
        self.operate || (self.may_write(partner) && !strong)
    }
}
