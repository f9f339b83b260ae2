use keyledger_domain::{
    Catalogue, KeyId, Moment, Timestamp,
    key::{Key, Status},
};

use super::{PastError, fold::known, row::Row, rows::Rows};

/// The whole registry as it was.
pub struct State {
    /// When.
    pub moment: Moment,
    /// The time at which is judged what only a clock decides: at a position, when the event there happened.
    pub time: Timestamp,
    /// The scopes that there were.
    pub catalogue: CatalogueThen,
    pub(super) rows: Rows,
}

/// The scope catalogue as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogueThen {
    /// The scopes; none before the log was initialised, or where a release that this one cannot read wrote them: then
    /// nothing was granted by anything.
    pub catalogue: Option<Catalogue>,
    /// The revision of its last change; none before the first.
    pub revision: Option<u64>,
    /// The position of that change, 0 before the first.
    pub position: u64,
}

/// A key of a state, as far as it costs next to nothing to look at it.
pub struct KeyThen<'a> {
    /// Which.
    pub key_id: KeyId,
    row: Row<'a>,
    time: Timestamp,
}

impl State {
    /// How many keys there were, revoked ones too.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there were none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every key, in the order of their ids.
    pub fn keys(&self) -> impl Iterator<Item = Result<KeyThen<'_>, PastError>> {
        self.rows.iter().map(|(key_id, row)| {
            let row = Row::read(row).ok_or(PastError::Senseless(key_id))?;
            Ok(KeyThen { key_id, row, time: self.time })
        })
    }

    /// A key by its id.
    ///
    /// # Errors
    /// [`PastError::Senseless`]
    pub fn find(&self, key_id: KeyId) -> Result<Option<Key>, PastError> {
        self.rows.find(key_id).map(|row| known(key_id, row)).transpose()
    }

    /// BLAKE3 of everything that events say about the keys and the catalogue, in a form of this release: two states are
    /// the same where it is, however each was found.
    ///
    /// # Panics
    /// Never: a catalogue is JSON.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let catalogue = serde_json::to_vec(&self.catalogue.catalogue).expect("a catalogue is JSON");
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(catalogue.len() as u64).to_le_bytes());
        hasher.update(&catalogue);
        hasher.update(self.rows.digest().as_bytes());
        hasher.finalize().into()
    }
}

impl<'a> KeyThen<'a> {
    /// Whose key it was.
    #[must_use]
    pub fn partner(&self) -> &'a str {
        self.row.partner()
    }

    /// What it was.
    #[must_use]
    pub fn status(&self) -> Status {
        self.row.status(self.time)
    }

    /// When it ends, if nothing else ends it before.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.row.expires_at()
    }

    /// The position of its last event.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.row.position()
    }

    /// All of it.
    ///
    /// # Errors
    /// [`PastError::Senseless`]
    pub fn key(&self) -> Result<Key, PastError> {
        self.row.key(self.key_id).ok_or(PastError::Senseless(self.key_id))
    }
}
