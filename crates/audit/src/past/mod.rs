//! What was, at any moment.
//!
//! [`Past`] answers about one key by folding its stream, and about the whole registry from an [`Index`](IndexPlace): a
//! directory of what every key was after each 16,384 events, which is made from the log, thrown away and made again at
//! will. What an answer means stands at [`Moment`](keyledger_domain::Moment); [`explain`](Past::explain) says whether a key
//! would have been allowed and by which events, [`diff`](Past::diff) what changed between two moments.

mod chunks;
mod diff;
mod explain;
mod fold;
mod index;
mod row;
mod rows;
mod state;

use keyledger_domain::{KeyId, Moment, Timestamp, envelope::Stream, key::Key};
use keyledger_event_log::Position;

use crate::{History, HistoryError, Watcher};
use chunks::Chunks;
use index::{Index, Plan};
use rows::Rows;

pub use diff::{CatalogueChange, Diff, FieldChange, KeyChange, Occurred};
pub use explain::{Explanation, Question, Reason};
pub use index::{IndexPlace, Shape};
pub use state::{CatalogueThen, KeyThen, State};

/// What a history says about any moment in it.
pub struct Past {
    history: History,
    index: Option<IndexPlace>,
}

/// Why a question about the past has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PastError {
    /// The log cannot be read, or is not to be believed.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The position lies behind the end of the log.
    #[error("there is no position {asked} yet: the log ends at {head}")]
    Ahead {
        /// What was asked for.
        asked: u64,
        /// Where the log ends.
        head: Position,
    },
    /// No event stands at the position: the log has gaps, and it is in one.
    #[error("no event stands at position {0}: give a position that an event or X-Log-Position told")]
    NoEvent(u64),
    /// The two moments of a comparison are of two kinds, or the wrong way round.
    #[error("compare two moments, or two positions, the earlier one first")]
    NotComparable,
    /// The index was damaged, and cannot be made again.
    #[error(
        "the index of the past was damaged and cannot be made again ({0}): name another directory with --index, or read \
         without one"
    )]
    NotKept(String),
    /// The index holds something that is authentic and is no key.
    #[error("the index of the past makes no sense of the key {0}: remove the index, or read without it")]
    Senseless(KeyId),
}

impl Past {
    /// The past that `history` tells. With an index what was once read is not read again; without one, every question about
    /// the whole registry reads the log from its beginning.
    #[must_use]
    pub fn new(history: History, index: Option<IndexPlace>) -> Self {
        Self { history, index }
    }

    /// The time at which is judged what only a clock decides: at a position, when the event there happened.
    ///
    /// # Errors
    /// [`PastError`]
    pub async fn time(&self, moment: Moment) -> Result<Timestamp, PastError> {
        let asked = match moment {
            Moment::Time(time) => return Ok(time),
            Moment::Position(0) => return Ok(Timestamp::from_millis(0)),
            Moment::Position(position) => position,
        };
        let head = self.history.head().await?;
        if asked > head.get() {
            return Err(PastError::Ahead { asked, head });
        }
        let event = self.history.event_at(Position::new(asked)).await?.ok_or(PastError::NoEvent(asked))?;
        Ok(event.event.occurred_at)
    }

    /// A key as it was; none where it had not come to be.
    ///
    /// # Errors
    /// [`PastError`]
    pub async fn key(&self, key_id: KeyId, moment: Moment) -> Result<Option<Key>, PastError> {
        let events = fold::stream(&self.history, Stream::Key(key_id), moment).await?;
        Ok(fold::key(key_id, None, &events))
    }

    /// The scope catalogue as it was.
    ///
    /// # Errors
    /// [`PastError`]
    pub async fn catalogue(&self, moment: Moment) -> Result<CatalogueThen, PastError> {
        Ok(fold::catalogue(&fold::stream(&self.history, Stream::Catalogue, moment).await?))
    }

    /// The whole registry as it was.
    ///
    /// # Errors
    /// [`PastError`]
    pub async fn state(&self, moment: Moment, watcher: &mut dyn Watcher) -> Result<State, PastError> {
        let mut index = self.open_index(moment, watcher).await?;
        self.state_by(&mut index, moment, watcher).await
    }

    async fn state_by(
        &self,
        index: &mut Option<Index>,
        moment: Moment,
        watcher: &mut dyn Watcher,
    ) -> Result<State, PastError> {
        let time = self.time(moment).await?;
        let head = self.history.head().await?;
        let (mut rows, scans) = match index {
            None => (Rows::default(), Plan::of_everything(moment, head).scans),
            Some(index) => {
                let Plan { whole, scans } = index.plan(moment, head);
                let rows = index.load(whole, &self.history, watcher).await?;
                (self.as_of(rows, moment).await?, scans)
            }
        };
        let size = self.index.as_ref().map_or(Shape::DEFAULT, |place| place.shape).events;
        for (after, up_to) in scans {
            let mut chunks = Chunks::between(&self.history, after, up_to).await?;
            loop {
                let mut events = chunks.next(size, watcher).await?;
                if events.is_empty() {
                    break;
                }
                events.retain(|event| fold::has_happened(event, moment));
                rows = fold::touched(&rows, &events)?.over(rows).compacted();
            }
        }
        Ok(State { moment, time, catalogue: self.catalogue(moment).await?, rows })
    }

    /// These rows, without what had not happened by a moment: each key to which something has happened since is folded anew.
    async fn as_of(&self, rows: Rows, moment: Moment) -> Result<Rows, PastError> {
        let Moment::Time(time) = moment else { return Ok(rows) };
        let mut anew = Rows::default();
        for (key_id, bytes) in rows.iter() {
            if row::changed_at(bytes).ok_or(PastError::Senseless(key_id))? > time {
                let key = self.key(key_id, moment).await?;
                anew.push(key_id, key.as_ref().map(|key| |bytes| row::write(key, bytes)));
            }
        }
        Ok(if anew.len() == 0 { rows } else { anew.over(rows) })
    }

    /// The index, as far as it is needed for a moment; none where none is kept, or can be.
    async fn open_index(
        &self,
        moment: Moment,
        watcher: &mut dyn Watcher,
    ) -> Result<Option<Index>, PastError> {
        let Some(place) = &self.index else { return Ok(None) };
        // Where positions have gaps there are fewer events than that.
        if self.history.head().await?.get() < place.shape.events as u64 {
            return Ok(None);
        }
        let mut index = match Index::open(place, &self.history, watcher).await {
            Ok(index) => index,
            Err(index::IndexError::Past(error)) => return Err(error),
            Err(index::IndexError::Place(error)) => {
                watcher.remark(&format!(
                    "no index of the past can be kept in {} ({error}), so the whole log is read: name another directory \
                     with --index",
                    place.directory.display()
                ));
                return Ok(None);
            }
        };
        index.grow(moment, &self.history, watcher).await?;
        Ok(Some(index))
    }
}
