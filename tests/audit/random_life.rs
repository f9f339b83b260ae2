//! Random commands of one client, and every key that they made.

use keyledger_tests::{Answer, Client, Created, Dice, Registry};
use serde_json::{Value, json};

/// The scopes that are drawn from; the catalogue loses `user` now and then, and gets it back.
pub(crate) const SCOPES: [&str; 5] =
    ["client:read", "clientEmail:read", "client:write", "site:read", "user:read"];

/// Who does something, and what there is by now.
pub(crate) struct RandomLife<'a> {
    operator: Client,
    dice: Dice,
    partners: Vec<String>,
    /// With every secret that each key has had, oldest first.
    pub(crate) keys: Vec<Vec<Created>>,
    catalogue: Value,
    registry: &'a Registry,
    /// Until when a secret works: for tests that wait for its end, and for those that must not meet it.
    pub(crate) ends: Ends,
}

/// When overlaps and keys end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// Hours from now.
    Later,
    /// In a second or two.
    Soon,
}

impl<'a> RandomLife<'a> {
    pub(crate) fn of(registry: &'a Registry, name: &str, ends: Ends, dice: Dice) -> Self {
        let operator = registry.operator();
        let catalogue = operator.get("/v1/scopes").send().expecting(200).json();
        let partners = (0..2).map(|number| format!("{name}-{number}")).collect();
        Self { operator, dice, partners, keys: Vec::new(), catalogue, registry, ends }
    }

    pub(crate) fn partners(&self) -> &[String] {
        &self.partners
    }

    pub(crate) fn dice(&mut self) -> &mut Dice {
        &mut self.dice
    }

    /// Does something. The answer is that of a command that was done, whichever it was.
    pub(crate) fn step(&mut self) -> Answer {
        loop {
            let done = match self.dice.below(12) {
                0..3 => self.create(),
                3..6 => self.regenerate(),
                6 => self.change_catalogue(),
                7..10 => self.edit(),
                10 => self.on_some_key("end-overlap", &json!({})),
                _ => self.on_some_key("revoke", &json!({ "reason": "drawn" })),
            };
            // A key that was revoked or has expired takes no command.
            if let Some(answer) = done.filter(|answer| answer.status < 300) {
                return answer;
            }
        }
    }

    fn scopes(&mut self) -> Vec<&'static str> {
        let of = &SCOPES[..3];
        let mut scopes = vec![*self.dice.pick(of), "user:read"];
        scopes.truncate(1 + usize::try_from(self.dice.below(2)).expect("small"));
        scopes
    }

    fn end(&mut self) -> Value {
        let seconds = if self.ends == Ends::Soon { 1 + self.dice.below(2) } else { 36_000 };
        json!(keyledger_tests::from_now(std::time::Duration::from_secs(seconds)))
    }

    fn create(&mut self) -> Option<Answer> {
        let partner = self.dice.pick(&self.partners).clone();
        let mut body = json!({ "name": "drawn", "scopes": self.scopes() });
        if self.dice.chance(40) {
            body["expiresAt"] = self.end();
        }
        let answer = self.operator.post(&format!("/v1/partners/{partner}/keys"), &body).send();
        // The catalogue may lack a scope at the moment.
        if answer.status == 201 {
            self.keys.push(vec![Created::from_answer(&answer)]);
        }
        Some(answer)
    }

    fn regenerate(&mut self) -> Option<Answer> {
        let overlap = match (self.dice.below(3), self.ends) {
            (0, _) => 0,
            (_, Ends::Soon) => 1,
            (_, Ends::Later) => 3_600,
        };
        let body = json!({ "overlapSeconds": overlap, "replace": "oldest" });
        let at = self.some_key()?;
        let answer = self.operator.post(&self.keys[at][0].at("regenerate"), &body).send();
        if answer.status == 200 {
            self.keys[at].push(Created::from_answer(&answer));
        }
        Some(answer)
    }

    fn edit(&mut self) -> Option<Answer> {
        let body = match self.dice.below(4) {
            0 => json!({ "name": format!("drawn {}", self.dice.below(1_000)) }),
            1 => json!({ "scopes": self.scopes() }),
            2 => json!({ "expiresAt": self.end() }),
            _ => {
                json!({ "throttle": { "ratePerSecond": 1 + self.dice.below(99), "burst": 50 }, "name": "both" })
            }
        };
        let at = self.some_key()?;
        Some(self.operator.patch(&self.keys[at][0].path(), &body).send())
    }

    /// Takes `user` out of the catalogue, or puts it back.
    fn change_catalogue(&mut self) -> Option<Answer> {
        let mut catalogue = self.catalogue.clone();
        if self.dice.chance(50) {
            catalogue["resources"].as_array_mut()?.retain(|resource| resource["name"] != "user");
        }
        Some(self.operator.put("/v1/scopes", &catalogue).send().expecting(200))
    }

    fn on_some_key(&mut self, what: &str, body: &Value) -> Option<Answer> {
        let at = self.some_key()?;
        Some(self.operator.post(&self.keys[at][0].at(what), body).send())
    }

    fn some_key(&mut self) -> Option<usize> {
        let there = u64::try_from(self.keys.len()).ok().filter(|there| *there > 0)?;
        usize::try_from(self.dice.below(there)).ok()
    }

    /// What a client sees of everything now: every key by its path, and the list of each partner.
    pub(crate) fn look(&self) -> Vec<(String, Answer)> {
        let lists = self.partners.iter().map(|partner| format!("/v1/partners/{partner}/keys?limit=200"));
        let keys = self.keys.iter().map(|secrets| secrets[0].path());
        let paths = lists.chain(keys).chain(["/v1/scopes".to_owned()]);
        paths.map(|path| (path.clone(), self.registry.operator().get(&path).send().expecting(200))).collect()
    }
}
