//! The keyring: the peppers under which secrets are recognised and the keys by which events are authenticated. It lies
//! outside the database and its backups, so that whoever steals or writes to those can recognise and mint nothing.
//!
//! A new key comes in two steps. It is added and stands by until every running process has loaded it; then it is
//! activated and the one before it becomes old. An old pepper goes when no live secret needs it; an old MAC key stays,
//! because the events that it authenticated stay.

mod bytes;
mod change;
mod file;
mod split;
mod usage;
mod watch;

use keyledger_domain::envelope::{MacKey, MacKeyId, MacKeys, PepperId};
use keyledger_event_log::LogIdentity;
use keyledger_secret::{Pepper, Randomness};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use bytes::KeyBytes;
pub(crate) use change::{ChangeError, Kind};
pub(crate) use file::KeyringError;
pub(crate) use usage::{LiveSecret, live_secrets};
pub(crate) use watch::watch;

/// The keyring of one log.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Keyring {
    log: Uuid,
    epoch: u32,
    peppers: Vec<Entry>,
    macs: Vec<Entry>,
}

/// One key.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its id, unique among its kind; it follows from the key.
    pub id: u32,
    /// What it is for at present.
    pub state: State,
    key: KeyBytes,
}

/// What a key is for at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// Whatever is made is made with it. There is one of each kind.
    Active,
    /// It waits to be activated. What was made with it elsewhere is recognised already.
    Standby,
    /// Nothing is made with it any more; what was is still recognised.
    Old,
}

impl State {
    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Standby => "standby",
            Self::Old => "old",
        }
    }
}

impl Keyring {
    /// A keyring for a new log: one pepper, one MAC key.
    pub(crate) fn generate(log: LogIdentity, randomness: &dyn Randomness) -> Self {
        let mut keyring = Self { log: log.log, epoch: log.epoch, peppers: Vec::new(), macs: Vec::new() };
        for kind in [Kind::Pepper, Kind::Mac] {
            keyring.draw(kind, State::Active, randomness);
        }
        keyring
    }

    /// Which log it is for, and which life of it: whoever can write to the log must not choose that.
    pub(crate) fn log(&self) -> LogIdentity {
        LogIdentity { log: self.log, epoch: self.epoch }
    }

    /// Every key that authenticates: the active one makes codes, all check them.
    pub(crate) fn mac_keys(&self) -> MacKeys {
        let key = |entry: &Entry| (MacKeyId(entry.id), MacKey::new(entry.key.expose()));
        let (active, others): (Vec<_>, Vec<_>) =
            self.macs.iter().partition(|entry| entry.state == State::Active);
        let active = active.first().expect("a keyring has one active MAC key: it is checked when it is made");
        MacKeys::new(key(active), others.into_iter().map(key).collect())
    }

    /// Every pepper under which secrets are recognised.
    pub(crate) fn peppers(&self) -> Vec<(PepperId, Pepper)> {
        self.peppers.iter().map(pepper).collect()
    }

    /// The pepper under which new secrets are kept; none in a keyring for a role that makes none.
    pub(crate) fn active_pepper(&self) -> Option<(PepperId, Pepper)> {
        self.peppers.iter().find(|entry| entry.state == State::Active).map(pepper)
    }

    /// The keys of one kind, in the order of the file.
    pub(crate) fn entries(&self, kind: Kind) -> &[Entry] {
        match kind {
            Kind::Pepper => &self.peppers,
            Kind::Mac => &self.macs,
        }
    }

    fn entries_mut(&mut self, kind: Kind) -> &mut Vec<Entry> {
        match kind {
            Kind::Pepper => &mut self.peppers,
            Kind::Mac => &mut self.macs,
        }
    }

    /// Adds a new key, and tells its id.
    fn draw(&mut self, kind: Kind, state: State, randomness: &dyn Randomness) -> u32 {
        loop {
            let key = KeyBytes::draw(randomness);
            let id = key.id(kind);
            if self.entries(kind).iter().all(|entry| entry.id != id) {
                self.entries_mut(kind).push(Entry { id, state, key });
                return id;
            }
        }
    }

    /// Which keys it holds and what each is for, one a line, without the keys: what a process reports that loaded it.
    pub(crate) fn summary(&self) -> String {
        let line =
            |kind: Kind, entry: &Entry| format!("{} {:08x} {}\n", kind.name(), entry.id, entry.state.name());
        let kinds = [Kind::Pepper, Kind::Mac];
        kinds
            .into_iter()
            .flat_map(|kind| self.entries(kind).iter().map(move |entry| line(kind, entry)))
            .collect()
    }
}

fn pepper(entry: &Entry) -> (PepperId, Pepper) {
    (PepperId(entry.id), Pepper::new(entry.key.expose()))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use keyledger_domain::envelope::Purpose;

    use super::*;

    /// Other bytes each time, the same in every run.
    pub(super) struct Counting(pub AtomicU8);

    impl Randomness for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    pub(super) fn keyring() -> (Keyring, Counting) {
        let randomness = Counting(AtomicU8::new(0));
        (Keyring::generate(LogIdentity { log: Uuid::from_u128(7), epoch: 1 }, &randomness), randomness)
    }

    static_assertions::assert_not_impl_any!(Keyring: std::fmt::Debug, std::fmt::Display, Serialize);
    static_assertions::assert_not_impl_any!(Entry: std::fmt::Debug, std::fmt::Display, Serialize);

    #[test]
    fn a_new_keyring_recognises_and_authenticates() {
        // The ids were made independently, with Python's blake3.
        let (keyring, _) = keyring();
        assert_eq!(keyring.peppers().len(), 1);
        assert!(keyring.active_pepper().is_some_and(|(id, _)| id == PepperId(0xf49b_72a2)));
        let mac = keyring.mac_keys().sign(Purpose::Event, &[b"x"]);
        assert_eq!(keyring.mac_keys().verify(Purpose::Event, &[b"x"], &mac), Ok(()));
    }

    #[test]
    fn a_key_that_stands_by_and_one_that_is_old_check_what_they_made() {
        let (before, randomness) = keyring();
        let mut after = before.clone();
        let id = after.add(Kind::Mac, &randomness).expect("a key");
        let standing_by = after.clone();
        after.activate(Kind::Mac, None).expect("activated");
        let codes = [&before, &after].map(|keyring| keyring.mac_keys().sign(Purpose::Event, &[b"x"]));
        for keyring in [&standing_by, &after] {
            for mac in &codes {
                assert_eq!(keyring.mac_keys().verify(Purpose::Event, &[b"x"], mac), Ok(()));
            }
        }
        assert_eq!(codes[1][..4], id.to_be_bytes());
        assert!(before.mac_keys().verify(Purpose::Event, &[b"x"], &codes[1]).is_err());
    }

    #[test]
    fn the_summary_names_keys_and_holds_none() {
        let (keyring, _) = keyring();
        let summary = keyring.summary();
        assert_eq!(summary, "pepper f49b72a2 active\nmac 7236e99c active\n");
    }
}
