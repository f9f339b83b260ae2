use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Which key of the keyring made an authentication code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacKeyId(pub u32);

impl fmt::Display for MacKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// A key of the keyring that authenticates events, snapshots and what the portal keeps of people. Whoever lacks it can mint no key, whatever they can
/// write to the database.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MacKey([u8; 32]);

impl MacKey {
    /// A key from its 32 bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// What a code is made for; one made for one purpose is worth nothing for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The public part of an event.
    Event,
    /// A snapshot of the key index.
    Snapshot,
    /// Who somebody is who uses the portal, and what they may do.
    Person,
    /// A change of what they may do.
    StandingChange,
    /// Where they are signed in.
    Session,
    /// The code with which the first operator is made.
    SetupCode,
    /// How far a validator in a process of its own has come.
    ValidatorReport,
    /// What an auditor's index holds of the past.
    AuditIndex,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Event => b"keyledger event mac v1\0",
            Self::Snapshot => b"keyledger snapshot mac v1\0",
            Self::Person => b"keyledger person mac v1\0",
            Self::StandingChange => b"keyledger standing change mac v1\0",
            Self::Session => b"keyledger session mac v1\0",
            Self::SetupCode => b"keyledger setup code mac v1\0",
            Self::ValidatorReport => b"keyledger validator report mac v1\0",
            Self::AuditIndex => b"keyledger audit index mac v1\0",
        }
    }
}

/// The keys of a keyring that authenticate: one makes new codes, the older ones still check.
#[derive(Clone)]
pub struct MacKeys {
    active: (MacKeyId, MacKey),
    older: Vec<(MacKeyId, MacKey)>,
}

/// A code is not what the keyring makes of these bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongMac {
    /// The bytes were changed, or whoever wrote them does not hold the key.
    #[error(
        "its authentication code is wrong: it was forged or altered, or the keyring is not the one it was made with"
    )]
    Forged,
    /// The keyring has no key of this id: it is the wrong keyring, or an incomplete one.
    #[error("the keyring holds no MAC key {0}: it is not this log's keyring, or a part of it is missing")]
    UnknownKey(MacKeyId),
}

impl MacKeys {
    /// How many bytes a code has: four of the key's id, 32 of BLAKE3.
    pub const MAC_LENGTH: usize = 36;

    /// Keys of which one makes new codes.
    #[must_use]
    pub fn new(active: (MacKeyId, MacKey), older: Vec<(MacKeyId, MacKey)>) -> Self {
        Self { active, older }
    }

    /// A code over the parts of a message, one after the other.
    #[must_use]
    pub fn sign(&self, purpose: Purpose, message: &[&[u8]]) -> Vec<u8> {
        let (id, key) = &self.active;
        let mut mac = id.0.to_be_bytes().to_vec();
        mac.extend_from_slice(&tag(key, purpose, message));
        mac
    }

    /// Checks a code; takes the same time whatever it holds.
    ///
    /// # Errors
    /// [`WrongMac`]: nobody may believe the message.
    pub fn verify(&self, purpose: Purpose, message: &[&[u8]], mac: &[u8]) -> Result<(), WrongMac> {
        let (id, claimed) = mac.split_first_chunk::<4>().ok_or(WrongMac::Forged)?;
        let id = MacKeyId(u32::from_be_bytes(*id));
        let known = std::iter::once(&self.active).chain(&self.older).find(|(known, _)| *known == id);
        let (_, key) = known.ok_or(WrongMac::UnknownKey(id))?;
        if tag(key, purpose, message).ct_eq(claimed).into() { Ok(()) } else { Err(WrongMac::Forged) }
    }
}

/// Keyed BLAKE3 over the purpose's label and the message.
fn tag(key: &MacKey, purpose: Purpose, message: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_keyed(&key.0);
    hasher.update(purpose.label());
    for part in message {
        hasher.update(part);
    }
    hasher.finalize().into()
}
