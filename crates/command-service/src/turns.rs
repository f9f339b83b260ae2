use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use keyledger_domain::KeyId;
use keyledger_event_log::Lane;

/// The commands of this process on each key, one at a time, so that none decides on a state that the one before it is
/// about to change. Between processes the log itself tells, by revisions; without turns a busy key would starve the
/// slower of its writers.
///
/// An urgent command waits for the one that is at work and for urgent ones before it, and for no other.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<KeyId, Waiting>>);

/// Those who are at work on one key or wait to be.
#[derive(Default)]
struct Waiting {
    queue: Arc<Queue>,
    /// How many they are: the last one to leave takes the queue away.
    count: usize,
}

/// Whoever holds `turn` is at work. Ordinary commands come to it through a door that they hold until they are done, so
/// that at most one of them stands before whoever is urgent.
#[derive(Default)]
struct Queue {
    door: tokio::sync::Mutex<()>,
    turn: tokio::sync::Mutex<()>,
}

/// Somebody's place in a queue, until it is dropped.
struct Place<'a> {
    turns: &'a Turns,
    key_id: KeyId,
    queue: Arc<Queue>,
}

impl Turns {
    /// Does some work on a key when it is its turn.
    pub(crate) async fn take<T>(&self, key_id: KeyId, lane: Lane, work: impl Future<Output = T>) -> T {
        let place = self.join(key_id);
        let _door = match lane {
            Lane::Ordinary => Some(place.queue.door.lock().await),
            Lane::Urgent => None,
        };
        let _turn = place.queue.turn.lock().await;
        work.await
    }

    fn join(&self, key_id: KeyId) -> Place<'_> {
        let mut keys = self.keys();
        let waiting = keys.entry(key_id).or_default();
        waiting.count += 1;
        Place { turns: self, key_id, queue: Arc::clone(&waiting.queue) }
    }

    fn keys(&self) -> MutexGuard<'_, HashMap<KeyId, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut keys = self.turns.keys();
        let Some(waiting) = keys.get_mut(&self.key_id) else { return };
        waiting.count -= 1;
        if waiting.count == 0 {
            keys.remove(&self.key_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use futures_util::future::join_all;
    use uuid::Uuid;

    use super::*;

    const KEY: KeyId = KeyId(Uuid::from_u128(1));

    #[tokio::test]
    async fn what_is_urgent_waits_for_the_one_at_work_and_not_for_those_who_wait() {
        let (turns, order) = (Turns::default(), &RefCell::new(Vec::new()));
        let lanes = [Lane::Ordinary, Lane::Ordinary, Lane::Ordinary, Lane::Urgent, Lane::Urgent];
        let commands = (0..).zip(lanes).map(|(number, lane)| {
            turns.take(KEY, lane, async move {
                order.borrow_mut().push(number);
                tokio::task::yield_now().await;
            })
        });
        join_all(commands).await;
        assert_eq!(*order.borrow(), [0, 3, 4, 1, 2]);
        assert!(turns.keys().is_empty(), "whoever left is forgotten");
    }

    #[tokio::test]
    async fn other_keys_are_not_waited_for_and_whoever_gives_up_leaves_the_queue() {
        let turns = Turns::default();
        let never = turns.take(KEY, Lane::Ordinary, std::future::pending::<()>());
        let other = turns.take(KeyId(Uuid::from_u128(2)), Lane::Ordinary, async { "done" });
        tokio::select! {
            biased;
            () = never => panic!("what is pending does not end"),
            done = other => assert_eq!(done, "done"),
        }
        assert!(turns.keys().is_empty(), "both have left");
    }
}
