//! Three partners, their admins, an operator, and the registry they all work with.

use keyledger_tests::{Answer, Client, Created, Registry};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::{Value, json};

use super::model::ModelKey;
use super::{OPERATOR, Step};

/// The three admins, the operator, and every key that they made.
pub(super) struct World<'a> {
    registry: &'a Registry,
    partners: Vec<String>,
    callers: Vec<Client>,
    admins: Vec<String>,
    keys: Vec<ModelKey>,
}

impl<'a> World<'a> {
    /// Partners that no other case has.
    pub(super) fn new(registry: &'a Registry, case: usize) -> Self {
        let partners: Vec<_> = (0..OPERATOR).map(|n| format!("case-{case}-partner-{n}")).collect();
        let admin = |partner: &String| {
            registry.create(partner, "admin", &["registryKeys:read", "registryKeys:write"])
        };
        let admins: Vec<_> = partners.iter().map(admin).collect();
        let callers = admins.iter().map(|admin| registry.management(&admin.secret));
        let callers = callers.chain([registry.operator()]).collect();
        let admins = admins.into_iter().map(|admin| admin.id).collect();
        Self { registry, partners, callers, admins, keys: Vec::new() }
    }

    /// Takes a step, and compares what it answers and what it did with the model.
    pub(super) fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let Step::Create { by, partner } = *step else { return self.change(step) };
        let path = format!("/v1/partners/{}/keys", self.partners[partner]);
        let body = json!({ "name": "made", "scopes": ["client:read"] });
        let answer = self.callers[by].post(&path, &body).send();
        let expected = if by == OPERATOR || by == partner { 201 } else { 404 };
        prop_assert_eq!(answer.status, expected, "{:?}: {}", step, answer.text());
        if expected == 201 {
            self.keys.push(ModelKey::new(partner, Created::from_answer(&answer)));
            self.judges_as_expected(self.keys.len() - 1)?;
        }
        Ok(())
    }

    fn change(&mut self, step: &Step) -> Result<(), TestCaseError> {
        if self.keys.is_empty() {
            return Ok(());
        }
        let (by, at) = match *step {
            Step::Regenerate { by, key, .. }
            | Step::EndOverlap { by, key }
            | Step::Edit { by, key }
            | Step::Revoke { by, key }
            | Step::RevokePrefix { by, key, .. } => (by, key % self.keys.len()),
            Step::Create { .. } => return Ok(()),
        };
        let key = &self.keys[at];
        let answer = self.ask(step, by, key.newest());
        let allowed = by == OPERATOR || (by == key.partner && !matches!(step, Step::RevokePrefix { .. }));
        if !allowed {
            let expected = if matches!(step, Step::RevokePrefix { .. }) { 403 } else { 404 };
            prop_assert_eq!(answer.status, expected, "{:?}: {}", step, answer.text());
            return self.judges_as_expected(at);
        }
        let expected = match step {
            Step::Regenerate { replace, .. } => key.regenerate_status(*replace),
            Step::EndOverlap { .. } | Step::Edit { .. } => key.change_status(),
            _ => 200,
        };
        prop_assert_eq!(answer.status, expected, "{:?}: {}", step, answer.text());
        if answer.status == 200 {
            Self::evolve(&mut self.keys[at], step, &answer);
        }
        self.judges_as_expected(at)
    }

    fn ask(&self, step: &Step, by: usize, key: &Created) -> Answer {
        let caller = &self.callers[by];
        match step {
            Step::Regenerate { overlap, replace: None, .. } => {
                caller.post(&key.at("regenerate"), &json!({ "overlapSeconds": overlap })).send()
            }
            Step::Regenerate { replace: Some("newest"), .. } => {
                caller.post(&key.at("regenerate"), &json!({ "replace": "newest" })).send()
            }
            Step::Regenerate { overlap, replace, .. } => {
                let body = json!({ "overlapSeconds": overlap, "replace": replace });
                caller.post(&key.at("regenerate"), &body).send()
            }
            Step::EndOverlap { .. } => caller.post(&key.at("end-overlap"), &json!({})).send(),
            Step::Edit { .. } => {
                caller.patch(&key.path(), &json!({ "scopes": ["client:read", "user:read"] })).send()
            }
            Step::RevokePrefix { generation, .. } => {
                let key =
                    self.keys.iter().find(|known| known.newest().id == key.id).expect("the key is known");
                let prefix = &key.secrets[generation % key.secrets.len()].prefix;
                caller.post("/v1/revocations", &json!({ "prefix": prefix, "reason": "leak" })).send()
            }
            Step::Revoke { .. } | Step::Create { .. } => caller.post(&key.at("revoke"), &json!({})).send(),
        }
    }

    fn evolve(key: &mut ModelKey, step: &Step, answer: &Answer) {
        match step {
            Step::Regenerate { overlap, replace, .. } => {
                key.regenerated(Created::from_answer(answer), *overlap, *replace);
            }
            Step::EndOverlap { .. } => key.overlap_ended(),
            Step::Revoke { .. } | Step::RevokePrefix { .. } => key.was_revoked(),
            Step::Edit { .. } | Step::Create { .. } => {}
        }
    }

    /// Every secret that a key ever had is judged as the model says.
    fn judges_as_expected(&self, at: usize) -> Result<(), TestCaseError> {
        let key = &self.keys[at];
        for (secret, expected) in key.secrets.iter().zip(key.verdicts()) {
            let verdict = self.registry.verify(&json!({ "key": secret.secret, "cost": 0 }));
            prop_assert_eq!(&verdict["code"], expected, "{:?}", key);
        }
        Ok(())
    }

    /// Each admin's list holds their own keys and no others, and no route shows them another partner's key.
    pub(super) fn keeps_partners_apart(&self) -> Result<(), TestCaseError> {
        for (partner, caller) in self.callers[..OPERATOR].iter().enumerate() {
            let list =
                caller.get(&format!("/v1/partners/{}/keys?limit=200", self.partners[partner])).send().json();
            let listed = list["keys"].as_array().cloned().unwrap_or_default();
            let mut listed: Vec<_> = listed.iter().map(|key| key["keyId"].clone()).collect();
            let own =
                self.keys.iter().filter(|key| key.partner == partner).map(|key| key.newest().id.clone());
            let mut own: Vec<_> = own.chain([self.admins[partner].clone()]).map(Value::from).collect();
            listed.sort_by_key(Value::to_string);
            own.sort_by_key(Value::to_string);
            prop_assert_eq!(listed, own);
            for foreign in self.keys.iter().filter(|key| key.partner != partner) {
                self.is_absent_for(caller, foreign.newest())?;
            }
        }
        Ok(())
    }

    fn is_absent_for(&self, caller: &Client, foreign: &Created) -> Result<(), TestCaseError> {
        let list = format!("/v1/partners/{}/keys", foreign.partner);
        let routes = [
            ("GET", list.clone(), 404),
            ("POST", list, 404),
            ("GET", foreign.path(), 404),
            ("PATCH", foreign.path(), 404),
            ("POST", foreign.at("regenerate"), 404),
            ("POST", foreign.at("end-overlap"), 404),
            ("POST", foreign.at("revoke"), 404),
            ("GET", foreign.at("history"), 404),
            ("POST", "/v1/revocations".to_owned(), 403),
            ("GET", format!("/v1/events?keyId={}", foreign.id), 403),
            ("PUT", "/v1/scopes".to_owned(), 403),
        ];
        for (method, path, expected) in routes {
            let answer = caller.call(method, &path).json(&json!({})).send();
            prop_assert_eq!(answer.status, expected, "{} {}: {}", method, path, answer.text());
            prop_assert!(!answer.text().contains(&foreign.prefix), "{} {} shows it", method, path);
        }
        Ok(())
    }

    /// The prefix of every secret that was given.
    pub(super) fn prefixes(&self) -> impl Iterator<Item = &String> {
        self.keys.iter().flat_map(|key| &key.secrets).map(|secret| &secret.prefix)
    }
}
