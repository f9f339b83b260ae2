use std::collections::BTreeMap;

use keyledger_domain::{
    Actor, KeyId, Moment, Timestamp,
    envelope::Stream,
    key::{Key, Status},
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{CatalogueThen, Chunks, Past, PastError, Plan, State, fold};
use crate::{Watcher, Witnessed};

/// What changed from one moment to another.
#[derive(Clone, Debug)]
pub struct Diff {
    /// The times at which is judged what only a clock decides: at the one moment and at the other.
    pub times: [Timestamp; 2],
    /// What became of the catalogue; none where nothing did.
    pub catalogue: Option<CatalogueChange>,
    /// What became of keys: those to which something happened, in the order in which it first did, and then those that
    /// ended by the clock alone.
    pub keys: Vec<KeyChange>,
}

/// What became of the catalogue.
#[derive(Clone, Debug)]
pub struct CatalogueChange {
    /// As it was.
    pub before: CatalogueThen,
    /// As it is then.
    pub after: CatalogueThen,
    /// What happened.
    pub events: Vec<Occurred>,
}

/// What became of a key.
#[derive(Clone, Debug)]
pub struct KeyChange {
    /// Which.
    pub key_id: KeyId,
    /// As it was; none where it was not there yet.
    pub before: Option<Key>,
    /// As it is then; none where this build cannot read how it came to be.
    pub after: Option<Key>,
    /// What happened to it; nothing where its time ran out.
    pub events: Vec<Occurred>,
}

/// An event, without what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Occurred {
    /// Where it stands.
    pub position: u64,
    /// Its type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// By whom.
    pub actor: Actor,
}

/// One field that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// Its name, as the management API has it.
    pub field: String,
    /// What it was.
    pub before: Value,
    /// What it is then.
    pub after: Value,
}

impl Past {
    /// What changed after one moment and by another.
    ///
    /// # Errors
    /// [`PastError`]
    pub async fn diff(&self, from: Moment, to: Moment, watcher: &mut dyn Watcher) -> Result<Diff, PastError> {
        let in_order = match (from, to) {
            (Moment::Time(from), Moment::Time(to)) => from <= to,
            (Moment::Position(from), Moment::Position(to)) => from <= to,
            _ => false,
        };
        if !in_order {
            return Err(PastError::NotComparable);
        }
        let times = [self.time(from).await?, self.time(to).await?];
        let mut index = self.open_index(to, watcher).await?;
        let before = self.state_by(&mut index, from, watcher).await?;
        let head = self.history.head().await?;
        let parts = match &index {
            None => Plan::of_everything(to, head).scans,
            Some(index) => index.between(from, to, head),
        };
        let mut found = Found { before: &before, keys: BTreeMap::new(), catalogue: Vec::new() };
        for (after, up_to) in parts {
            let mut chunks = Chunks::between(&self.history, after, up_to).await?;
            loop {
                let events = chunks.next(PIECE, watcher).await?;
                if events.is_empty() {
                    break;
                }
                let happened =
                    |event: &&Witnessed| fold::has_happened(event, to) && !fold::has_happened(event, from);
                events.iter().filter(happened).try_for_each(|event| found.take(event))?;
            }
        }
        let Found { keys, catalogue, .. } = found;
        let mut keys: Vec<_> = keys.into_values().collect();
        keys.sort_by_key(|key| key.events.first().map(|event| event.position));
        let ended = ended_by_the_clock(&before, &keys, times)?;
        keys.extend(ended);
        let catalogue = match catalogue.is_empty() {
            true => None,
            false => Some(CatalogueChange {
                before: before.catalogue,
                after: self.catalogue(to).await?,
                events: catalogue,
            }),
        };
        Ok(Diff { times, catalogue, keys })
    }
}

/// How many events are looked at together.
const PIECE: usize = 10_000;

/// What was found so far.
struct Found<'a> {
    before: &'a State,
    keys: BTreeMap<KeyId, KeyChange>,
    catalogue: Vec<Occurred>,
}

impl Found<'_> {
    fn take(&mut self, event: &Witnessed) -> Result<(), PastError> {
        let Stream::Key(key_id) = event.event.stream else {
            self.catalogue.push(Occurred::of(event));
            return Ok(());
        };
        if !self.keys.contains_key(&key_id) {
            let before = self.before.find(key_id)?;
            let change = KeyChange { key_id, after: before.clone(), before, events: Vec::new() };
            self.keys.insert(key_id, change);
        }
        if let Some(change) = self.keys.get_mut(&key_id) {
            change.after = fold::key(key_id, change.after.take(), [event]);
            change.events.push(Occurred::of(event));
        }
        Ok(())
    }
}

/// The keys that ended between the two times although nothing happened to them, the first to end first.
fn ended_by_the_clock(
    state: &State,
    changed: &[KeyChange],
    [from, to]: [Timestamp; 2],
) -> Result<Vec<KeyChange>, PastError> {
    let changed: std::collections::HashSet<_> = changed.iter().map(|change| change.key_id).collect();
    let mut ended = Vec::new();
    for key in state.keys() {
        let key = key?;
        let runs_out = key.expires_at().is_some_and(|expiry| from < expiry && expiry <= to);
        if runs_out && key.status() == Status::Active && !changed.contains(&key.key_id) {
            let (key_id, key) = (key.key_id, Some(key.key()?));
            ended.push(KeyChange { key_id, before: key.clone(), after: key, events: Vec::new() });
        }
    }
    ended.sort_by_key(|change| change.after.as_ref().and_then(|key| key.expires_at));
    Ok(ended)
}

impl Occurred {
    /// What can be said of an event in a line.
    #[must_use]
    pub fn of(event: &Witnessed) -> Self {
        Self {
            position: event.position.get(),
            event_type: event.event.body.event_type().to_owned(),
            occurred_at: event.event.occurred_at,
            actor: event.event.actor.clone(),
        }
    }
}

impl KeyChange {
    /// Every field of the key that is not what it was, under the names of the management API. A key that was not there, or
    /// cannot be read, has none to compare.
    #[must_use]
    pub fn fields(&self, [from, to]: [Timestamp; 2]) -> Vec<FieldChange> {
        let (Some(before), Some(after)) = (&self.before, &self.after) else { return Vec::new() };
        let (before, mut after) = (fields(before, from), fields(after, to));
        let compared = before.into_iter().map(|(field, before)| {
            let after = after.remove(&field).unwrap_or_default();
            FieldChange { field, before, after }
        });
        compared.filter(|change| change.before != change.after).collect()
    }
}

/// What is compared: not by which event, but what it says.
fn fields(key: &Key, now: Timestamp) -> Map<String, Value> {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(key.facts()) else { return Map::new() };
    fields.retain(|name, _| name != "revision" && name != "position");
    fields.insert("status".to_owned(), serde_json::to_value(key.status(now)).unwrap_or_default());
    fields.insert("unreadable".to_owned(), key.unreadable.into());
    fields
}
