//! The index against the domain: whatever happens to keys, in whatever order, every secret is judged exactly as a fold of
//! the domain's own `evolve` says; and an index that was written down and read again judges the same.

use std::time::Duration;

use keyledger_domain::{
    Catalogue, KeyId, PartnerId, Prefix, Scope, Throttle, Timestamp,
    envelope::{MacKey, MacKeyId, MacKeys, Stream},
    event::{
        Body, KeyCreated, KeyEvent, KeyExpirationChanged, KeyOverlapEnded, KeyRegenerated, KeyRenamed,
        KeyScopesChanged, KeyThrottleChanged, SupersededSecret,
    },
    key::{Happened, Key, evolve},
    verdict::{Code, Standing, judge_secret},
};
use keyledger_validator::{Demand, KeyIndex};
use proptest::prelude::*;

use crate::fixture::{
    PEPPER, TestSecret, World, apply, created, partner, pepper, revoked, scopes, unreadable,
};

const SCOPES: [&[&str]; 4] =
    [&["client:read"], &["client:write", "user:read"], &["clientEmail:read"], &["registry:operate"]];
const PARTNERS: [&str; 3] = ["acme", "other", "registry"];

#[derive(Clone, Debug)]
enum Step {
    Create { partner: usize, scopes: usize, expires: Option<u32> },
    Regenerate { key: usize, keep: Vec<u32> },
    Revoke { key: usize },
    EndOverlap { key: usize },
    Rescope { key: usize, scopes: usize },
    Repace { key: usize, rate: u32 },
    Rename { key: usize },
    Expire { key: usize, expires: Option<u32> },
    CreateAgain { key: usize },
    Unreadable { key: usize },
    StillBorn,
    Catalogue { readable: bool, builtin: bool },
    Pass { seconds: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..6_usize;
    let seconds = || 0..100_u32;
    prop_oneof![
        4 => (0..3_usize, 0..4_usize, prop::option::of(seconds())).prop_map(|(partner, scopes, expires)| Step::Create { partner, scopes, expires }),
        6 => (key.clone(), prop::collection::vec(seconds(), 0..3)).prop_map(|(key, keep)| Step::Regenerate { key, keep }),
        1 => key.clone().prop_map(|key| Step::Revoke { key }),
        2 => key.clone().prop_map(|key| Step::EndOverlap { key }),
        2 => (key.clone(), 0..4_usize).prop_map(|(key, scopes)| Step::Rescope { key, scopes }),
        1 => (key.clone(), 1..100_u32).prop_map(|(key, rate)| Step::Repace { key, rate }),
        1 => key.clone().prop_map(|key| Step::Rename { key }),
        2 => (key.clone(), prop::option::of(seconds())).prop_map(|(key, expires)| Step::Expire { key, expires }),
        1 => key.clone().prop_map(|key| Step::CreateAgain { key }),
        1 => key.prop_map(|key| Step::Unreadable { key }),
        1 => Just(Step::StillBorn),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(readable, builtin)| Step::Catalogue { readable, builtin }),
        3 => (0..20_u64).prop_map(|seconds| Step::Pass { seconds }),
    ]
}

/// Everything there is, in the plainest form.
#[derive(Default)]
struct Model {
    /// None where the key never came to be.
    keys: Vec<(KeyId, Option<Key>)>,
    secrets: Vec<(TestSecret, usize)>,
    catalogue: Option<Catalogue>,
}

impl Model {
    /// The key of a secret that works; or why it does not.
    fn works(&self, secret: TestSecret, now: Timestamp) -> Result<&Key, Code> {
        let holder = self.secrets.iter().find(|(known, _)| *known == secret);
        let key = holder.and_then(|(_, key)| self.keys[*key].1.as_ref()).ok_or(Code::Unknown)?;
        let named = key.superseded_secrets.iter().find(|old| old.prefix == secret.prefix());
        let standing = match named {
            _ if key.prefix == secret.prefix() => Standing::Current,
            Some(old) => Standing::Overlapping(old.valid_until),
            None => Standing::Ended,
        };
        judge_secret(key.revoked.is_some() || key.unreadable, standing, key.expires_at, now)?;
        Ok(key)
    }

    fn judge(&self, secret: TestSecret, demand: &Needs, now: Timestamp) -> Code {
        let key = match self.works(secret, now) {
            Ok(key) => key,
            Err(code) => return code,
        };
        if demand.partner.as_ref().is_some_and(|partner| *partner != key.partner_id) {
            return Code::WrongPartner;
        }
        let granted =
            self.catalogue.as_ref().is_some_and(|catalogue| catalogue.covers(&key.scopes, &demand.scope));
        if granted && !key.partner_id.is_registry() { Code::Valid } else { Code::InsufficientScope }
    }
}

struct Needs {
    partner: Option<PartnerId>,
    scope: Scope,
}

impl Demand for Needs {
    fn allows_partner(&self, partner: &PartnerId) -> bool {
        self.partner.as_ref().is_none_or(|wanted| wanted == partner)
    }

    fn is_met(&self, granted: &dyn Fn(&str) -> bool) -> bool {
        granted(self.scope.as_str())
    }
}

/// A world and its model, which are told the same.
struct Twins {
    world: World,
    model: Model,
}

impl Twins {
    fn new() -> Self {
        let world = World::empty();
        world.index.heard(0);
        Self { world, model: Model::default() }
    }

    fn take(&mut self, step: Step) {
        let until = |seconds| crate::fixture::at(seconds);
        let partner_id = partner("acme");
        match step {
            Step::Create { partner, scopes, expires } => {
                let event = KeyCreated {
                    expires_at: expires.map(until),
                    ..created(PARTNERS[partner], SCOPES[scopes])
                };
                self.create(event);
            }
            Step::Regenerate { key, keep } => self.regenerate(key, &keep),
            Step::Revoke { key } => self.on_key(key, Some(revoked()), None),
            Step::EndOverlap { key } => {
                self.on_key(key, Some(KeyEvent::OverlapEnded(KeyOverlapEnded { partner_id })), None)
            }
            Step::Rescope { key, scopes: set } => {
                let scopes = scopes(SCOPES[set]);
                self.on_key(
                    key,
                    Some(KeyEvent::ScopesChanged(KeyScopesChanged { partner_id, scopes })),
                    None,
                );
            }
            Step::Repace { key, rate } => {
                let throttle = Throttle::new(rate, rate).expect("a throttle");
                self.on_key(
                    key,
                    Some(KeyEvent::ThrottleChanged(KeyThrottleChanged { partner_id, throttle })),
                    None,
                );
            }
            Step::Rename { key } => {
                let name = created("acme", &["a:b"]).name;
                self.on_key(key, Some(KeyEvent::Renamed(KeyRenamed { partner_id, name })), None);
            }
            Step::Expire { key, expires } => {
                let event = KeyExpirationChanged { partner_id, expires_at: expires.map(until) };
                self.on_key(key, Some(KeyEvent::ExpirationChanged(event)), None);
            }
            Step::CreateAgain { key } => {
                let secret = self.world.mint();
                let event = KeyCreated { prefix: secret.prefix(), ..created("other", &["client:write"]) };
                self.on_key(key, Some(KeyEvent::Created(event)), Some(secret));
            }
            Step::Unreadable { key } => self.on_key(key, None, None),
            Step::StillBorn => {
                let id = self.world.new_key_id();
                self.model.keys.push((id, None));
                self.on_key(self.model.keys.len() - 1, None, None);
            }
            Step::Catalogue { readable, builtin } => self.catalogue(readable, builtin),
            Step::Pass { seconds } => self.world.pass(Duration::from_secs(seconds)),
        }
    }

    fn create(&mut self, event: KeyCreated) {
        let (id, secret) = (self.world.new_key_id(), self.world.mint());
        self.model.keys.push((id, None));
        let event = KeyEvent::Created(KeyCreated { prefix: secret.prefix(), ..event });
        self.on_key(self.model.keys.len() - 1, Some(event), Some(secret));
    }

    /// A new secret; the last few before it go on for these seconds.
    fn regenerate(&mut self, key: usize, keep: &[u32]) {
        let Some(key) = self.pick(key) else { return };
        let secret = self.world.mint();
        let older = self.model.secrets.iter().rev().filter(|(_, holder)| *holder == key);
        let superseded = |((old, _), seconds): (&(TestSecret, usize), &u32)| SupersededSecret {
            prefix: old.prefix(),
            valid_until: crate::fixture::at(*seconds),
        };
        let event = KeyRegenerated {
            partner_id: partner("acme"),
            prefix: secret.prefix(),
            superseded_secrets: older.zip(keep).map(superseded).collect(),
        };
        self.on_key(key, Some(KeyEvent::Regenerated(event)), Some(secret));
    }

    fn pick(&self, key: usize) -> Option<usize> {
        key.checked_rem(self.model.keys.len())
    }

    fn on_key(&mut self, key: usize, event: Option<KeyEvent>, secret: Option<TestSecret>) {
        let Some(key) = self.pick(key) else { return };
        let (id, state) = &mut self.model.keys[key];
        let body = event.clone().map_or_else(unreadable, Body::Key);
        self.world.happen(Stream::Key(*id), body, secret);
        let recorded = &self.world.log[self.world.log.len() - 1];
        // A stream that did not begin with its creation never makes a key; the domain is not asked twice.
        let began = state.is_some() || recorded.event.revision == 0;
        let happened = Happened {
            key_id: *id,
            revision: recorded.event.revision,
            position: recorded.position.get(),
            at: recorded.event.occurred_at,
            by: &recorded.event.actor,
        };
        *state = if began { evolve(state.take(), event.as_ref(), happened) } else { None };
        self.model.secrets.extend(secret.map(|secret| (secret, key)));
    }

    fn catalogue(&mut self, readable: bool, builtin: bool) {
        if !readable {
            self.world.happen(Stream::Catalogue, unreadable(), None);
            self.model.catalogue = None;
            return;
        }
        let mut resources = Catalogue::builtin().resources().to_vec();
        if !builtin {
            resources.retain(|resource| resource.name != "user");
        }
        let catalogue = Catalogue::new(resources).expect("a catalogue");
        self.world.catalogue(catalogue.clone());
        self.model.catalogue = Some(catalogue);
    }

    fn agree(&self, index: &KeyIndex) -> Result<(), TestCaseError> {
        let now = keyledger_domain::Clock::now(&*self.world.hands);
        let nobody = [(self.world.mint(), 0)];
        for (secret, _) in self.model.secrets.iter().chain(&nobody) {
            prop_assert_eq!(index.stands(secret.prefix()), self.model.works(*secret, now).is_ok());
            for scope in ["client:read", "clientEmail:read", "user:read", "registry:operate"] {
                for partner in [None, Some(partner("acme"))] {
                    let needs = Needs { partner, scope: Scope::parse(scope).expect("a scope") };
                    let verdict = index.authenticate(&secret.0, &needs, 0).expect("the log was heard");
                    prop_assert_eq!(verdict.code, self.model.judge(*secret, &needs, now));
                }
            }
        }
        Ok(())
    }
}

fn mac_keys() -> MacKeys {
    MacKeys::new((MacKeyId(1), MacKey::new([1; 32])), Vec::new())
}

proptest! {
    #[test]
    fn the_index_judges_as_a_fold_of_the_domain_does(steps in prop::collection::vec(step(), 1..80), cut in any::<prop::sample::Index>()) {
        let mut twins = Twins::new();
        twins.take(Step::Catalogue { readable: true, builtin: true });
        for step in steps {
            twins.take(step);
            twins.agree(&twins.world.index)?;
        }
        let world = &twins.world;

        // From nothing.
        let rebuilt = KeyIndex::new(world.config.clone());
        // Written down in the middle, read again, and told the rest.
        let (before, after) = world.log.split_at(cut.index(world.log.len()));
        let half = KeyIndex::new(world.config.clone());
        for recorded in before {
            apply(&half, recorded).expect("the same events");
            apply(&rebuilt, recorded).expect("the same events");
        }
        let restored = KeyIndex::restore(world.config.clone(), &half.snapshot(&mac_keys()), &mac_keys()).expect("a snapshot");
        prop_assert_eq!(restored.checkpoint(), half.checkpoint());
        prop_assert_eq!(restored.digest(), half.digest());
        for recorded in after {
            apply(&restored, recorded).expect("the same events");
            apply(&rebuilt, recorded).expect("the same events");
        }
        for index in [&rebuilt, &restored] {
            prop_assert_eq!(index.digest(), world.index.digest());
            prop_assert_eq!(index.checkpoint(), world.index.checkpoint());
            index.set_peppers(vec![(PEPPER, pepper(PEPPER))]);
            index.heard(keyledger_validator::Monotonic::nanos(&*world.hands));
            twins.agree(index)?;
        }
    }
}

#[test]
fn a_prefix_of_a_test_secret_is_its_own() {
    let world = World::new();
    let secrets: Vec<_> = (0..1_000).map(|_| world.mint()).collect();
    let prefixes: std::collections::BTreeSet<Prefix> = secrets.iter().map(TestSecret::prefix).collect();
    assert_eq!(prefixes.len(), secrets.len(), "the model tells secrets apart by their prefixes");
}
