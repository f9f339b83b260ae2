//! No sequence of commands hands anybody a secret of more scopes than they may grant, shows one partner another's keys,
//! or makes a revoked key work again, over all routes.

use std::collections::{BTreeMap, BTreeSet};

use keyledger_command_service::ports::Gatekeeper;
use keyledger_domain::{Authority, PartnerId, Scope};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{Call, World};

const PARTNERS: [&str; 3] = ["acme", "other", "registry"];
const SCOPES: [&str; 7] = [
    "client:read",
    "user:write",
    "nothing:read",
    "registryKeys:read",
    "registryKeys:write",
    "registryEvents:read",
    "registry:operate",
];

/// One request of somebody: who, on whose path, which key, what.
#[derive(Clone, Debug)]
struct Step {
    caller: usize,
    partner: usize,
    key: usize,
    action: Action,
}

#[derive(Clone, Debug)]
enum Action {
    Create(Vec<usize>),
    Regenerate(Option<bool>),
    EndOverlap,
    Edit(Vec<usize>),
    Expire(u32),
    Revoke,
    RevokePrefix,
    RevokePartner,
    List,
    Show,
    History,
    Events,
    Wait(u32),
}

fn actions() -> impl Strategy<Value = Action> {
    let some_scopes = || proptest::collection::vec(0..SCOPES.len(), 1..3);
    prop_oneof![
        4 => some_scopes().prop_map(Action::Create),
        3 => proptest::option::of(any::<bool>()).prop_map(Action::Regenerate),
        1 => Just(Action::EndOverlap),
        3 => some_scopes().prop_map(Action::Edit),
        1 => (1..100_u32).prop_map(Action::Expire),
        1 => Just(Action::Revoke),
        1 => Just(Action::RevokePrefix),
        1 => Just(Action::RevokePartner),
        2 => Just(Action::List),
        2 => Just(Action::Show),
        2 => Just(Action::History),
        1 => Just(Action::Events),
        1 => (1..60_u32).prop_map(Action::Wait),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (any::<usize>(), 0..PARTNERS.len(), any::<usize>(), actions())
        .prop_map(|(caller, partner, key, action)| Step { caller, partner, key, action });
    proptest::collection::vec(step, 1..40)
}

/// What is known from outside: every secret that was ever handed out, and every key that was seen.
struct Run {
    world: World,
    secrets: Vec<String>,
    /// The owner and the newest prefix of each key.
    keys: BTreeMap<String, (String, String)>,
    dead: BTreeSet<String>,
}

impl Run {
    async fn new() -> Self {
        let world = World::new().await;
        let mut run = Self {
            secrets: vec![world.operator.clone()],
            keys: BTreeMap::new(),
            dead: BTreeSet::new(),
            world,
        };
        for (partner, scopes) in [
            ("acme", &["registryKeys:read", "registryKeys:write"][..]),
            ("other", &["registryKeys:read"]),
            ("registry", &["registryKeys:write"]),
            ("registry", &["registryEvents:read"]),
        ] {
            let (key_id, secret) = run.world.create(partner, scopes).await;
            run.keys.insert(key_id, (partner.to_owned(), secret[..8].to_owned()));
            run.secrets.push(secret);
        }
        run
    }

    async fn take(&mut self, step: &Step) {
        let caller = self.secrets[step.caller % self.secrets.len()].clone();
        let authority =
            self.world.projection.identify(caller.as_bytes()).map(|principal| principal.authority).ok();
        let (key_id, (_, prefix)) = self.keys.iter().nth(step.key % self.keys.len()).expect("there are keys");
        let (key_id, prefix) = (key_id.clone(), prefix.clone());
        let keys = format!("/v1/partners/{}/keys", PARTNERS[step.partner]);
        let path = format!("{keys}/{key_id}");
        let names = |picked: &[usize]| picked.iter().map(|at| SCOPES[*at]).collect::<Vec<_>>();
        let call = match &step.action {
            Action::Create(scopes) => Call::post(keys, json!({"name": "a", "scopes": names(scopes)})),
            Action::Regenerate(replace) => {
                let body = match replace {
                    None => json!({}),
                    Some(true) => json!({"replace": "oldest", "overlapSeconds": 30}),
                    Some(false) => json!({"replace": "newest"}),
                };
                Call::post(format!("{path}/regenerate"), body)
            }
            Action::EndOverlap => Call::post(format!("{path}/end-overlap"), json!({})),
            Action::Edit(scopes) => Call::patch(path, json!({"scopes": names(scopes), "force": true})),
            Action::Expire(seconds) => {
                let now = keyledger_domain::Clock::now(&*self.world.clock);
                Call::patch(path, json!({"expiresAt": now.plus_seconds(*seconds)}))
            }
            Action::Revoke => Call::post(format!("{path}/revoke"), json!({})),
            Action::RevokePrefix => Call::post("/v1/revocations", json!({"prefix": prefix, "reason": "x"})),
            Action::RevokePartner => {
                let body = json!({"partnerId": PARTNERS[step.partner], "all": true, "reason": "x"});
                Call::post("/v1/revocations", body)
            }
            Action::List => Call::get(keys),
            Action::Show => Call::get(path),
            Action::History => Call::get(format!("{path}/history")),
            Action::Events => Call::get("/v1/events"),
            Action::Wait(seconds) => return self.world.clock.advance_seconds(i64::from(*seconds)),
        };
        let answer = self.world.send(call.key(&caller)).await;
        assert!(answer.status.as_u16() < 500, "{step:?}: {answer:?}");
        match authority {
            None => assert_eq!(answer.status, 401, "{step:?}"),
            Some(authority) if answer.status.is_success() => self.judge(step, &authority, &answer.body),
            Some(_) => {}
        }
        self.dead_stay_dead();
    }

    /// Judges what somebody was given.
    fn judge(&mut self, step: &Step, authority: &Authority, body: &[u8]) {
        if matches!(step.action, Action::Events) {
            assert!(authority.may_read_events(), "{step:?}");
            return;
        }
        let body: Value = serde_json::from_slice(body).expect("JSON");
        for partner in partners_in(&body) {
            let history = matches!(step.action, Action::History) && authority.may_read_history(&partner);
            assert!(authority.sees(&partner) || history, "{step:?} shows {partner}");
        }
        if let Some(secret) = body["secret"].as_str() {
            let key = self.world.projection.opened_by(secret.as_bytes()).expect("a new secret works");
            let may = |scope: &Scope| authority.may_grant(scope, &key.partner_id);
            assert!(key.scopes.iter().all(may), "{step:?} hands out {}", key.scopes);
            let seen = (key.partner_id.to_string(), secret[..8].to_owned());
            self.keys.insert(key.key_id.to_string(), seen);
            self.secrets.push(secret.to_owned());
        }
        let revoked = match step.action {
            Action::Revoke => vec![&body["keyId"]],
            Action::RevokePrefix | Action::RevokePartner => {
                body["matches"].as_array().expect("matches").iter().map(|key| &key["keyId"]).collect()
            }
            _ => Vec::new(),
        };
        self.dead.extend(revoked.iter().map(|key_id| key_id.as_str().expect("an id").to_owned()));
    }

    fn dead_stay_dead(&self) {
        for secret in &self.secrets {
            let opened = self.world.projection.opened_by(secret.as_bytes());
            assert!(opened.is_none_or(|key| !self.dead.contains(&key.key_id.to_string())));
        }
    }
}

/// Every partner that an answer mentions.
fn partners_in(value: &Value) -> Vec<PartnerId> {
    match value {
        Value::Object(fields) => {
            let own = fields
                .get("partnerId")
                .and_then(Value::as_str)
                .map(|id| PartnerId::parse(id).expect("a partner"));
            own.into_iter().chain(fields.values().flat_map(partners_in)).collect()
        }
        Value::Array(values) => values.iter().flat_map(partners_in).collect(),
        _ => Vec::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_gets_more_than_they_may_grant_or_sees_another_partner(steps in steps()) {
        actix_web::rt::System::new().block_on(async {
            let mut run = Run::new().await;
            for step in &steps {
                run.take(step).await;
            }
            let prefixes: Vec<_> = run.secrets.iter().map(|secret| &secret[..8]).collect();
            assert_eq!(prefixes.iter().collect::<BTreeSet<_>>().len(), prefixes.len(), "two secrets share a prefix");
        });
    }
}
