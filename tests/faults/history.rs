//! The log as an outsider reads it, and what follows from it: reckoned here anew, in JSON, without the product's own code.

use std::collections::{BTreeMap, HashMap, HashSet};

use keyledger_tests::{Client, Registry};
use serde_json::{Value, json};

/// The log from its first event on.
#[derive(Default)]
pub(crate) struct History {
    /// Every event, in order, each as `{position, event}`.
    lines: Vec<Value>,
    /// What each stream goes on with.
    revisions: HashMap<String, u64>,
    ids: HashSet<String>,
    prefixes: HashSet<String>,
}

impl History {
    /// Reads it all.
    #[track_caller]
    pub(crate) fn read(client: &Client) -> Self {
        let mut history = Self::default();
        history.follow(client);
        history
    }

    /// Reads what came since, and checks what holds for every log: positions are dense, no event stands twice, revisions
    /// are dense in each stream, and no two secrets share a prefix.
    #[track_caller]
    pub(crate) fn follow(&mut self, client: &Client) {
        let answer = client.get(&format!("/v1/events?after={}", self.len())).send().expecting(200);
        for line in answer.lines() {
            self.add(line);
        }
    }

    #[track_caller]
    pub(crate) fn add(&mut self, line: Value) {
        assert_eq!(line["position"], self.len() + 1, "a position is missing");
        let event = &line["event"];
        assert!(self.ids.insert(text(&event["id"]).to_owned()), "an event stands twice: {line}");
        let next = self.revisions.entry(text(&event["stream"]).to_owned()).or_default();
        assert_eq!(event["revision"], *next, "a revision is missing: {line}");
        *next += 1;
        if let Some(prefix) = event["data"]["prefix"].as_str() {
            assert!(self.prefixes.insert(prefix.to_owned()), "a prefix was given twice: {line}");
        }
        self.lines.push(line);
    }

    /// Reads it all, where no answer is one too: what lies there may not be a log any more.
    pub(crate) fn try_read(client: &Client) -> Result<Self, String> {
        let answer = client.get("/v1/events").try_send().map_err(|error| format!("no answer: {error}"))?;
        if answer.status != 200 {
            return Err(format!("the log is answered {}: {}", answer.status, answer.text()));
        }
        let mut history = Self::default();
        answer.lines().into_iter().for_each(|line| history.add(line));
        Ok(history)
    }

    /// Whether it begins with all of an earlier one.
    pub(crate) fn continues(&self, earlier: &Self) -> bool {
        self.lines.starts_with(&earlier.lines)
    }

    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The event at a position.
    pub(crate) fn at(&self, position: u64) -> Option<&Value> {
        let index = usize::try_from(position).expect("an index").checked_sub(1)?;
        self.lines.get(index).map(|line| &line["event"])
    }

    /// How often a text names an event, the secret it brought, or what it was marked with.
    pub(crate) fn counts(&self) -> HashMap<&str, usize> {
        let mut counts = HashMap::new();
        for line in &self.lines {
            let (event, data) = (&line["event"], &line["event"]["data"]);
            let texts = [&event["id"], &data["prefix"], &data["name"], &data["reason"]];
            for text in texts.into_iter().filter_map(Value::as_str) {
                *counts.entry(text).or_default() += 1;
            }
        }
        counts
    }

    /// What became of every key, by its id.
    pub(crate) fn keys(&self) -> BTreeMap<String, Value> {
        let mut keys = BTreeMap::new();
        for line in &self.lines {
            let event = &line["event"];
            if let Some(id) = text(&event["stream"]).strip_prefix("key-") {
                let key = keys.entry(id.to_owned()).or_insert_with(|| created(id, event));
                fold(key, event);
                key["revision"] = event["revision"].clone();
                key["position"] = line["position"].clone();
            }
        }
        keys
    }
}

fn created(id: &str, event: &Value) -> Value {
    let data = &event["data"];
    json!({
        "keyId": id,
        "partnerId": data["partnerId"],
        "name": data["name"],
        "prefix": data["prefix"],
        "scopes": data["scopes"],
        "throttle": data["throttle"],
        "expiresAt": data["expiresAt"],
        "createdAt": event["occurredAt"],
        "status": "ACTIVE",
        "supersededSecrets": [],
        "regeneratedAt": null,
        "revokedAt": null,
        "revocationReason": null,
    })
}

fn fold(key: &mut Value, event: &Value) {
    let data = &event["data"];
    match text(&event["type"]) {
        "KeyCreated" => {}
        "KeyRegenerated" => {
            key["prefix"] = data["prefix"].clone();
            key["supersededSecrets"] = data["supersededSecrets"].clone();
            key["regeneratedAt"] = event["occurredAt"].clone();
        }
        "KeyRenamed" => key["name"] = data["name"].clone(),
        "KeyScopesChanged" => key["scopes"] = data["scopes"].clone(),
        "KeyRevoked" => {
            key["status"] = json!("REVOKED");
            key["supersededSecrets"] = json!([]);
            key["revokedAt"] = event["occurredAt"].clone();
            key["revocationReason"] = data["reason"].clone();
        }
        other => panic!("no client asked for a {other}"),
    }
}

/// A partner's keys as the lists tell them, by id, with the fields that this reckoning has too.
#[track_caller]
pub(crate) fn listed(registry: &Registry, partner: &str) -> BTreeMap<String, Value> {
    let mut keys = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/v1/partners/{partner}/keys?limit=200{cursor}");
        let page = registry.operator().get(&path).send().expecting(200).json();
        for key in page["keys"].as_array().expect("a page of keys") {
            let mut key = key.clone();
            key.as_object_mut()
                .expect("a key")
                .retain(|field, _| field != "createdBy" && field != "revokedBy");
            assert!(keys.insert(text(&key["keyId"]).to_owned(), key).is_none(), "a key is listed twice");
        }
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return keys,
        }
    }
}

#[track_caller]
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

mod can_fail {
    use super::*;

    fn history(lines: [(u64, &str, u64, &str); 2]) -> History {
        let mut history = History::default();
        for (position, id, revision, prefix) in lines {
            let event =
                json!({ "id": id, "stream": "key-1", "revision": revision, "data": { "prefix": prefix } });
            history.add(json!({ "position": position, "event": event }));
        }
        history
    }

    #[test]
    fn a_history_that_is_whole_passes() {
        let history = history([(1, "a", 0, "p"), (2, "b", 1, "q")]);
        assert_eq!((history.len(), history.counts()["q"]), (2, 1));
    }

    #[test]
    #[should_panic(expected = "a position is missing")]
    fn a_missing_position_is_seen() {
        history([(1, "a", 0, "p"), (3, "b", 1, "q")]);
    }

    #[test]
    #[should_panic(expected = "an event stands twice")]
    fn an_event_that_stands_twice_is_seen() {
        history([(1, "a", 0, "p"), (2, "a", 1, "q")]);
    }

    #[test]
    #[should_panic(expected = "a revision is missing")]
    fn a_missing_revision_is_seen() {
        history([(1, "a", 0, "p"), (2, "b", 2, "q")]);
    }

    #[test]
    #[should_panic(expected = "a prefix was given twice")]
    fn a_prefix_that_was_given_twice_is_seen() {
        history([(1, "a", 0, "p"), (2, "b", 1, "p")]);
    }
}
