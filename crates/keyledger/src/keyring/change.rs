//! The steps by which keys come and go. Whether a step is safe for those who run is asked elsewhere.

use keyledger_secret::Randomness;

use super::{Keyring, State};

/// The two kinds of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// Recognises secrets.
    Pepper,
    /// Authenticates events and snapshots.
    Mac,
}

impl Kind {
    /// Its name, also in the file.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pepper => "pepper",
            Self::Mac => "mac",
        }
    }
}

/// Why a step was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChangeError {
    /// One of the kind waits already.
    #[error("{} {id:08x} stands by already: activate or retire it first", kind.name())]
    StandsBy {
        /// Which kind.
        kind: Kind,
        /// Which one.
        id: u32,
    },
    /// None of the kind waits.
    #[error("no {} stands by: add one first, with `keyledger keyring add {}`", .0.name(), .0.name())]
    NoneStandsBy(Kind),
    /// It is not there, or not in the state for it.
    #[error("{} {id:08x} is not in the keyring, or does not stand by: see `keyledger keyring status`", kind.name())]
    NotStandingBy {
        /// Which kind.
        kind: Kind,
        /// Which one.
        id: u32,
    },
    /// It is not there.
    #[error("the keyring holds no {} {id:08x}: see `keyledger keyring status`", kind.name())]
    Absent {
        /// Which kind.
        kind: Kind,
        /// Which one.
        id: u32,
    },
    /// It is in use.
    #[error("{} {id:08x} is active: add and activate another one first", kind.name())]
    Active {
        /// Which kind.
        kind: Kind,
        /// Which one.
        id: u32,
    },
    /// Events that it authenticated are kept for ever.
    #[error("mac {0:08x} authenticated events, which stay: it stays to check them")]
    Needed(u32),
}

impl Keyring {
    /// Adds a key that stands by, and tells its id.
    ///
    /// # Errors
    /// [`ChangeError::StandsBy`]: one at a time.
    pub(crate) fn add(&mut self, kind: Kind, randomness: &dyn Randomness) -> Result<u32, ChangeError> {
        if let Some(waiting) = self.standing_by(kind) {
            return Err(ChangeError::StandsBy { kind, id: waiting });
        }
        Ok(self.draw(kind, State::Standby, randomness))
    }

    /// Makes it the keyring of a later life of its log.
    pub(crate) fn begin_life(&mut self, epoch: u32) {
        self.epoch = self.epoch.max(epoch);
    }

    /// The key of a kind that stands by, by its id.
    pub(crate) fn standing_by(&self, kind: Kind) -> Option<u32> {
        self.entries(kind).iter().find(|entry| entry.state == State::Standby).map(|entry| entry.id)
    }

    /// Makes the key that stands by the active one, and the active one old. Tells the new one's id.
    ///
    /// # Errors
    /// Where none stands by, or not the one that was named.
    pub(crate) fn activate(&mut self, kind: Kind, named: Option<u32>) -> Result<u32, ChangeError> {
        let id = self.standing_by(kind).ok_or(ChangeError::NoneStandsBy(kind))?;
        if let Some(named) = named.filter(|named| *named != id) {
            return Err(ChangeError::NotStandingBy { kind, id: named });
        }
        for entry in self.entries_mut(kind) {
            entry.state = match entry.state {
                State::Standby => State::Active,
                State::Active | State::Old => State::Old,
            };
        }
        Ok(id)
    }

    /// Takes a key out: a pepper that is old, or a key that stands by.
    ///
    /// # Errors
    /// Where it is active, is not there, or is an old MAC key.
    pub(crate) fn retire(&mut self, kind: Kind, id: u32) -> Result<(), ChangeError> {
        let entry =
            self.entries(kind).iter().find(|entry| entry.id == id).ok_or(ChangeError::Absent { kind, id })?;
        match (kind, entry.state) {
            (_, State::Active) => return Err(ChangeError::Active { kind, id }),
            (Kind::Mac, State::Old) => return Err(ChangeError::Needed(id)),
            (Kind::Pepper, State::Old) | (_, State::Standby) => {}
        }
        self.entries_mut(kind).retain(|entry| entry.id != id);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{Counting, keyring},
        *,
    };

    fn states(keyring: &Keyring, kind: Kind) -> Vec<State> {
        keyring.entries(kind).iter().map(|entry| entry.state).collect()
    }

    #[test]
    fn a_key_comes_in_two_steps_and_goes_when_it_is_old() {
        let (mut keyring, randomness) = keyring();
        let first = keyring.entries(Kind::Pepper)[0].id;
        let second = keyring.add(Kind::Pepper, &randomness).expect("added");
        assert_eq!(states(&keyring, Kind::Pepper), [State::Active, State::Standby]);
        assert_eq!(
            keyring.retire(Kind::Pepper, first),
            Err(ChangeError::Active { kind: Kind::Pepper, id: first })
        );
        assert_eq!(keyring.activate(Kind::Pepper, Some(second)), Ok(second));
        assert_eq!(states(&keyring, Kind::Pepper), [State::Old, State::Active]);
        assert!(keyring.active_pepper().is_some_and(|(id, _)| id.0 == second));
        assert_eq!(keyring.retire(Kind::Pepper, first), Ok(()));
        assert_eq!(states(&keyring, Kind::Pepper), [State::Active]);
        assert_eq!(states(&keyring, Kind::Mac), [State::Active], "the other kind is not touched");
    }

    #[test]
    fn a_step_out_of_turn_is_refused() {
        let (mut keyring, randomness) = keyring();
        assert_eq!(keyring.activate(Kind::Mac, None), Err(ChangeError::NoneStandsBy(Kind::Mac)));
        let id = keyring.add(Kind::Mac, &randomness).expect("added");
        assert_eq!(keyring.add(Kind::Mac, &randomness), Err(ChangeError::StandsBy { kind: Kind::Mac, id }));
        assert_eq!(
            keyring.activate(Kind::Mac, Some(1)),
            Err(ChangeError::NotStandingBy { kind: Kind::Mac, id: 1 })
        );
        assert_eq!(keyring.retire(Kind::Mac, 1), Err(ChangeError::Absent { kind: Kind::Mac, id: 1 }));
        let first = keyring.entries(Kind::Mac)[0].id;
        keyring.activate(Kind::Mac, None).expect("activated");
        assert_eq!(keyring.retire(Kind::Mac, first), Err(ChangeError::Needed(first)));
    }

    #[test]
    fn a_key_that_stands_by_can_be_taken_back() {
        let (mut keyring, randomness): (_, Counting) = keyring();
        for kind in [Kind::Pepper, Kind::Mac] {
            let id = keyring.add(kind, &randomness).expect("added");
            assert_eq!(keyring.retire(kind, id), Ok(()));
            assert_eq!(states(&keyring, kind), [State::Active]);
        }
    }
}
