use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use keyledger_tests::{Client, Created, Dice, Registry};
use serde_json::json;

/// How many clients send commands at once.
const CLIENTS: usize = 2;

/// How long each of them waits between two commands.
const PAUSE: Duration = Duration::from_millis(20);

/// Clients that never stop sending commands, until they are told to.
pub(super) struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<usize>>,
}

impl Load {
    pub(super) fn on(registry: &Registry, dice: &mut Dice) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let clients = (0..CLIENTS).map(|number| {
            let (operator, dice, stop) = (registry.operator(), dice.another(), Arc::clone(&stop));
            thread::spawn(move || send(&operator, &format!("partner-{number}"), dice, &stop))
        });
        Self { clients: clients.collect(), stop }
    }

    /// Ends them, and tells how many commands were done.
    pub(super) fn stop(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.clients.into_iter().map(|client| client.join().expect("every command is answered")).sum()
    }
}

/// Creates keys and does everything to them, of which every command must succeed.
fn send(operator: &Client, partner: &str, mut dice: Dice, stop: &AtomicBool) -> usize {
    let mut commands = 0;
    while !stop.load(Ordering::Relaxed) {
        let body = json!({ "name": "under load", "scopes": ["client:read"] });
        let created = operator.post(&format!("/v1/partners/{partner}/keys"), &body).send().expecting(201);
        let key = Created::from_answer(&created);
        let name = json!({ "name": format!("renamed {commands}"), "scopes": ["site:read", "client:read"] });
        operator.patch(&key.path(), &name).send().expecting(200);
        thread::sleep(PAUSE);
        let overlap = json!({ "overlapSeconds": 600 });
        operator.post(&key.at("regenerate"), &overlap).send().expecting(200);
        thread::sleep(PAUSE);
        if dice.chance(50) {
            operator.post(&key.at("end-overlap"), &json!({})).send().expecting(200);
        }
        if dice.chance(50) {
            operator
                .post(&key.at("revoke"), &json!({ "reason": "of no use any more" }))
                .send()
                .expecting(200);
        }
        thread::sleep(PAUSE);
        commands += 4;
    }
    commands
}
