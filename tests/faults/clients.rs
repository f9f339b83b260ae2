//! Clients that send commands all the time, and go on where they were once the registry is back.

use std::collections::VecDeque;
use std::sync::Mutex;

use keyledger_tests::Dice;

use crate::command::{Command, What};
use crate::door::Door;
use crate::oracle::Oracle;

/// How many keys clients meet on.
const MEETING: usize = 8;

/// What the clients of one test share.
pub(crate) struct Clients {
    pub(crate) door: Door,
    pub(crate) oracle: Oracle,
    /// The paths of the newest keys, on which all of them meet.
    keys: Mutex<VecDeque<String>>,
    /// Commands whose answer was to be found out, and was.
    found_out: Mutex<u64>,
}

impl Clients {
    pub(crate) fn new(oracle: Oracle) -> Self {
        Self { door: Door::default(), oracle, keys: Mutex::default(), found_out: Mutex::default() }
    }

    /// One client, until there is to be no more.
    pub(crate) fn run(&self, name: usize, mut dice: Dice) {
        for number in 0.. {
            if self.door.is_over() {
                return;
            }
            let keys = Vec::from(self.keys.lock().expect("no client panicked in here").clone());
            self.carry_out(&Command::choose(format!("command-{name}-{number}"), &keys, &mut dice));
        }
    }

    /// How often a client asked again with the same idempotency key after a kill, and found out.
    pub(crate) fn found_out(&self) -> u64 {
        *self.found_out.lock().expect("no client panicked in here")
    }

    /// Sends a command until its outcome is known, or cannot be known.
    fn carry_out(&self, command: &Command) {
        for attempt in 0.. {
            let Some((turn, client)) = self.door.enter() else { return };
            let told = match command.call(&client).try_send() {
                Ok(answer) => command.told(&answer),
                Err(_) => {
                    self.door.wait_for_its_end(turn);
                    None
                }
            };
            if let Some(told) = told {
                self.oracle.keep(&told);
                if let (Some(key), What::Create) = (told.key, told.what) {
                    let path = format!("/v1/partners/{}/keys/{}", key.partner_id, key.key_id);
                    let mut keys = self.keys.lock().expect("no client panicked in here");
                    keys.push_front(path);
                    keys.truncate(MEETING);
                }
                if attempt > 0 {
                    *self.found_out.lock().expect("no client panicked in here") += 1;
                }
                return;
            }
            if !command.can_be_repeated() {
                return;
            }
        }
    }
}
