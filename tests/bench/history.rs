//! A log as it grows in years: keys are created, and now and then one of them is changed.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use keyledger_domain::event::{
    KeyEvent, KeyRegenerated, KeyRenamed, KeyScopesChanged, KeyThrottleChanged, SupersededSecret,
};
use keyledger_domain::{KeyId, KeyName, Scopes, Throttle, Timestamp};
use keyledger_event_log::Append;
use keyledger_event_log_sqlite::SqliteLog;
use tokio::runtime::Runtime;

use crate::world::{self, Drawn, Place, World, parsed};

/// How many keys are created, and then how many of all that there are by then are changed.
const STEP: usize = 1_000;

/// How long an overlap lasts.
const OVERLAP_SECONDS: u32 = 3_600;

/// A registry whose keys were changed about as often as keys were created.
pub(crate) struct History {
    pub(crate) world: World,
    pub(crate) log: Arc<SqliteLog>,
    drawn: Drawn,
    /// Each key, and its last revision.
    keys: Vec<(KeyId, u64)>,
    events: usize,
}

impl History {
    /// Makes one of at least so many events, besides those of `keyledger init`.
    pub(crate) fn make(home: &Path, events: usize) -> anyhow::Result<Self> {
        let world = World::without_keys(home.join(format!("{events}-events")))?;
        let log = Arc::new(SqliteLog::open(world.log())?);
        let mut history = Self { world, log, drawn: Drawn::new(), keys: Vec::new(), events: 0 };
        let runtime = Runtime::new()?;
        while history.events < events {
            let creations: Vec<_> = (0..STEP).map(|_| history.create()).collect();
            runtime.block_on(world::record(&history.log, creations.into_iter()))?;
            // Each of another key: what is appended together may be recorded in any order.
            let drawn: HashSet<_> = (0..STEP).map(|number| history.draw(number)).collect();
            let changes: Vec<_> = drawn.into_iter().map(|number| history.change(number)).collect();
            runtime.block_on(world::record(&history.log, changes.into_iter()))?;
        }
        Ok(history)
    }

    /// How many events there are, besides those of `keyledger init`.
    pub(crate) fn events(&self) -> usize {
        self.events
    }

    /// The number of a key to be changed: half of them are new, the others of any age.
    fn draw(&self, number: usize) -> usize {
        let among = if number.is_multiple_of(2) { STEP } else { self.keys.len() };
        let drawn = u32::from_le_bytes(self.drawn.bytes()) as usize;
        self.keys.len() - 1 - drawn % among
    }

    fn create(&mut self) -> Append {
        let occurred_at = self.next_moment();
        self.world.secrets.push(self.drawn.secret());
        let (key_id, creation) = self.world.creation(self.keys.len(), occurred_at, &self.drawn);
        self.keys.push((key_id, 0));
        creation
    }

    /// What happens next to the key of that number: in turns a new name, a new secret, other scopes, another throttle.
    pub(crate) fn change(&mut self, number: usize) -> Append {
        let occurred_at = self.next_moment();
        let partner_id = world::partner(number);
        let (key_id, revision) = &mut self.keys[number];
        *revision += 1;
        let place = Place { key_id: *key_id, revision: *revision, occurred_at };
        let (event, secret) = match *revision % 4 {
            1 => {
                let name = KeyName::parse(&format!("Key {number}, renamed in {revision}")).expect("a name");
                (KeyEvent::Renamed(KeyRenamed { partner_id, name }), None)
            }
            2 => {
                let before = world::prefix(&parsed(&self.world.secrets[number]));
                let superseded = SupersededSecret {
                    prefix: before,
                    valid_until: occurred_at.plus_seconds(OVERLAP_SECONDS),
                };
                self.world.secrets[number] = self.drawn.secret();
                let secret = parsed(&self.world.secrets[number]);
                let (prefix, superseded_secrets) = (world::prefix(&secret), vec![superseded]);
                let event = KeyRegenerated { partner_id, prefix, superseded_secrets };
                (KeyEvent::Regenerated(event), Some(secret))
            }
            3 => {
                let scopes = Scopes::new(world::scopes().iter().take(1).cloned()).expect("a scope");
                (KeyEvent::ScopesChanged(KeyScopesChanged { partner_id, scopes }), None)
            }
            _ => {
                let throttle = Throttle::new(500, 1_000).expect("a throttle");
                (KeyEvent::ThrottleChanged(KeyThrottleChanged { partner_id, throttle }), None)
            }
        };
        self.world.append(place, event, secret.as_ref(), &self.drawn)
    }

    fn next_moment(&mut self) -> Timestamp {
        self.events += 1;
        world::moment(self.events)
    }
}
