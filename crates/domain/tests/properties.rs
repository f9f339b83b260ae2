//! What holds for every sequence of commands.

use std::collections::{HashMap, HashSet};

use keyledger_domain::{
    Actor, Authority, Catalogue, KeyId, KeyName, PartnerId, Prefix, Scope, Scopes, Throttle, Timestamp,
    actor::ActorKind,
    authority::registry_scopes,
    envelope::{Draft, Event, MacKey, MacKeyId, MacKeys, Parts, Private, Sealed, Stream, open, seal},
    event::{Body, KeyEvent},
    key::{
        Command, CreateKey, EditKey, EndOverlap, Happened, Key, Overlap, RegenerateKey, Replace, RevokeKey,
    },
    key::{Situation, decide, evolve},
    verdict::{Standing, judge_secret},
};
use proptest::prelude::*;
use uuid::Uuid;

/// One wish: seconds since the one before, by whom, about what.
#[derive(Clone, Debug)]
struct Wish {
    after: u32,
    by: usize,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Create { scopes: Vec<usize>, expires_in: Option<u32> },
    Regenerate { overlap: u32, replace: Option<bool> },
    EndOverlap,
    Rescope { scopes: Vec<usize> },
    Rethrottle { rate: u32 },
    Rename { name: u8 },
    Expire { expires_in: Option<u32> },
    Revoke,
}

const SCOPES: [&str; 7] = [
    "client:read",
    "clientEmail:read",
    "user:write",
    registry_scopes::KEYS_READ,
    registry_scopes::KEYS_WRITE,
    registry_scopes::EVENTS_READ,
    registry_scopes::OPERATE,
];

fn wishes() -> impl Strategy<Value = (bool, Vec<Wish>)> {
    let scopes = || proptest::collection::vec(0..SCOPES.len(), 1..4);
    let what = prop_oneof![
        3 => (scopes(), proptest::option::of(1..5_000_u32))
            .prop_map(|(scopes, expires_in)| What::Create { scopes, expires_in }),
        4 => (0..3_000_u32, proptest::option::of(any::<bool>()))
            .prop_map(|(overlap, replace)| What::Regenerate { overlap, replace }),
        1 => Just(What::EndOverlap),
        2 => scopes().prop_map(|scopes| What::Rescope { scopes }),
        1 => (1..9_u32).prop_map(|rate| What::Rethrottle { rate }),
        1 => (0..3_u8).prop_map(|name| What::Rename { name }),
        1 => proptest::option::of(1..5_000_u32).prop_map(|expires_in| What::Expire { expires_in }),
        1 => Just(What::Revoke),
    ];
    let wish = (0..1_500_u32, 0..4_usize, what).prop_map(|(after, by, what)| Wish { after, by, what });
    (any::<bool>(), proptest::collection::vec(wish, 1..40))
}

fn scopes(indices: &[usize]) -> Scopes {
    Scopes::new(indices.iter().map(|index| Scope::parse(SCOPES[*index]).expect("a scope"))).expect("scopes")
}

fn keys() -> MacKeys {
    MacKeys::new((MacKeyId(1), MacKey::new([1; 32])), vec![])
}

/// The run of a sequence of wishes on one key: everything that was decided, and what the key was after each event.
struct Run {
    partner: PartnerId,
    now: Timestamp,
    minted: u32,
    states: Vec<Option<Key>>,
    events: Vec<(Sealed, Draft)>,
}

impl Run {
    fn new(reserved: bool) -> Self {
        let partner =
            if reserved { PartnerId::registry() } else { PartnerId::parse("acme").expect("a partner") };
        let now = Timestamp::from_millis(1_800_000_000_000);
        Self { partner, now, minted: 0, states: vec![None], events: Vec::new() }
    }

    fn key(&self) -> Option<&Key> {
        self.states.last().and_then(Option::as_ref)
    }

    fn authority(&self, by: usize) -> Authority {
        let of = |names: &[&str]| {
            let scopes =
                Scopes::new(names.iter().map(|name| Scope::parse(name).expect("a scope"))).expect("scopes");
            Authority::of(self.partner.clone(), &scopes)
        };
        match by {
            0 => of(&[registry_scopes::KEYS_READ]),
            1 => of(&[registry_scopes::EVENTS_READ]),
            2 => of(&[registry_scopes::KEYS_WRITE]),
            _ => Authority::operator(),
        }
    }

    fn mint(&mut self) -> Prefix {
        self.minted += 1;
        Prefix::parse(format!("P{:07}", self.minted).as_bytes()).expect("a prefix")
    }

    fn command(&mut self, what: What) -> Command {
        let now = self.now;
        let later = move |seconds: Option<u32>| seconds.map(|seconds| now.plus_seconds(seconds));
        let edit = EditKey::default();
        match what {
            What::Create { scopes: indices, expires_in } => Command::Create(CreateKey {
                partner_id: self.partner.clone(),
                name: KeyName::parse("a key").expect("a name"),
                prefix: self.mint(),
                scopes: scopes(&indices),
                throttle: Throttle::DEFAULT,
                expires_at: later(expires_in),
            }),
            What::Regenerate { overlap, replace } => Command::Regenerate(RegenerateKey {
                prefix: self.mint(),
                overlap: Overlap::seconds(overlap).expect("an overlap"),
                replace: replace.map(|oldest| if oldest { Replace::Oldest } else { Replace::Newest }),
            }),
            What::EndOverlap => Command::EndOverlap(EndOverlap),
            What::Rescope { scopes: indices } => {
                Command::Edit(EditKey { scopes: Some(scopes(&indices)), ..edit })
            }
            What::Rethrottle { rate } => Command::Edit(EditKey {
                throttle: Some(Throttle::new(rate, rate).expect("a throttle")),
                ..edit
            }),
            What::Rename { name } => {
                let name = Some(KeyName::parse(&format!("name {name}")).expect("a name"));
                Command::Edit(EditKey { name, ..edit })
            }
            What::Expire { expires_in } => {
                Command::Edit(EditKey { expires_at: Some(later(expires_in)), ..edit })
            }
            What::Revoke => Command::Revoke(RevokeKey { reason: None }),
        }
    }

    /// Decides a wish and records what follows; what must hold of each single decision is checked here.
    fn grant(&mut self, wish: Wish) -> Result<(), TestCaseError> {
        self.now = self.now.plus_seconds(wish.after);
        let authority = self.authority(wish.by);
        let hands_out_secret = matches!(wish.what, What::Create { .. } | What::Regenerate { .. });
        let command = self.command(wish.what);
        let catalogue = Catalogue::builtin();
        let situation = Situation { now: self.now, catalogue: &catalogue, authority: &authority };
        let Ok(events) = decide(self.key(), command, situation) else { return Ok(()) };
        for event in events {
            self.record(event);
            prop_assert!(self.key().is_some_and(|key| !key.unreadable), "what was decided can be evolved");
        }
        if let Some(key) = self.key().filter(|_| hands_out_secret) {
            let partner = &key.partner_id;
            prop_assert!(key.scopes.iter().all(|scope| authority.may_grant(scope, partner)));
        }
        Ok(())
    }

    fn record(&mut self, event: KeyEvent) {
        let draft = Draft {
            id: Uuid::from_u128(self.events.len() as u128 + 1),
            log: Uuid::nil(),
            epoch: 1,
            stream: Stream::Key(KeyId(Uuid::nil())),
            revision: self.events.len() as u64,
            occurred_at: self.now,
            actor: Actor { kind: ActorKind::Key, id: "somebody".to_owned() },
            request_id: "request".to_owned(),
            body: Body::Key(event),
            private: Private { nonce: [0; 16], verifier: None, request_digest: None },
        };
        let sealed = seal(&draft, &keys()).expect("what was decided can be written");
        self.states.push(apply(self.key().cloned(), &read(&sealed, &draft)));
        self.events.push((sealed, draft));
    }
}

fn read(sealed: &Sealed, draft: &Draft) -> Event {
    let stream = draft.stream.to_string();
    let Sealed { public, private, mac } = sealed;
    let parts = Parts { id: draft.id, stream: &stream, revision: draft.revision, public, private, mac };
    open(parts, draft.log, &keys()).expect("what was written can be read")
}

fn apply(key: Option<Key>, event: &Event) -> Option<Key> {
    let Stream::Key(key_id) = event.stream else { return key };
    let body = match &event.body {
        Body::Key(body) => Some(body),
        _ => None,
    };
    let (revision, position) = (event.revision, event.revision + 1);
    evolve(key, body, Happened { key_id, revision, position, at: event.occurred_at, by: &event.actor })
}

/// Until when each secret a key ever had works, as a reader of its events would know it.
fn standings(states: &[Option<Key>]) -> HashMap<Prefix, Standing> {
    let mut standings = HashMap::new();
    for key in states.iter().flatten() {
        for standing in standings.values_mut() {
            *standing = Standing::Ended;
        }
        for secret in &key.superseded_secrets {
            standings.insert(secret.prefix, Standing::Overlapping(secret.valid_until));
        }
        standings.insert(key.prefix, Standing::Current);
    }
    standings
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_was_decided_can_be_evolved_written_and_read_and_replay_equals_the_running_state(
        (reserved, wishes) in wishes()
    ) {
        let mut run = Run::new(reserved);
        for wish in wishes {
            run.grant(wish)?;
        }
        // Folding is prefix-closed: the first N events make the state that was there after N events.
        let mut replayed = None;
        for (number, (sealed, draft)) in run.events.iter().enumerate() {
            let event = read(sealed, draft);
            prop_assert_eq!(&event.body, &draft.body);
            replayed = apply(replayed, &event);
            prop_assert_eq!(&replayed, &run.states[number + 1]);
        }
    }

    #[test]
    fn a_revoked_key_is_never_valid_again_and_at_most_two_secrets_live_at_a_time((reserved, wishes) in wishes()) {
        let mut run = Run::new(reserved);
        for wish in wishes {
            run.grant(wish)?;
            let Some(key) = run.key() else { continue };
            let live = |now| {
                let judge = |standing| judge_secret(key.revoked.is_some(), standing, key.expires_at, now);
                standings(&run.states).into_values().filter(|standing| judge(*standing).is_ok()).count()
            };
            prop_assert!(live(run.now) <= 2);
            if run.states.iter().flatten().any(|key| key.revoked.is_some()) {
                prop_assert!(key.revoked.is_some(), "revoked for good");
                for now in [0, run.now.millis(), i64::MAX].map(Timestamp::from_millis) {
                    prop_assert_eq!(live(now), 0);
                }
            }
        }
    }

    #[test]
    fn no_key_uses_a_prefix_twice_and_no_overlap_outlives_its_key((reserved, wishes) in wishes()) {
        let mut run = Run::new(reserved);
        for wish in wishes {
            run.grant(wish)?;
        }
        let mut prefixes = HashSet::new();
        for (_, draft) in &run.events {
            let prefix = match &draft.body {
                Body::Key(KeyEvent::Created(event)) => Some(event.prefix),
                Body::Key(KeyEvent::Regenerated(event)) => Some(event.prefix),
                _ => None,
            };
            prop_assert!(prefix.is_none_or(|prefix| prefixes.insert(prefix)));
        }
        for pair in run.states.windows(2) {
            let [Some(before), Some(after)] = pair else { continue };
            let fresh = after.superseded_secrets.iter().filter(|secret| !before.superseded_secrets.contains(secret));
            for secret in fresh {
                prop_assert!(after.expires_at.is_none_or(|expiry| secret.valid_until <= expiry));
            }
        }
    }
}
