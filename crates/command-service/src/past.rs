use keyledger_domain::{Catalogue, Moment, Timestamp, envelope::Stream, event::Body, key::Key};
use keyledger_event_log::{Position, Revision};

use crate::{
    CommandError, CommandService, Failure, KeyRef,
    ports::{KeyPage, ListKeys},
};

/// A moment that was asked for, once the log has shown that it lies in its past.
#[derive(Clone, Copy, Debug)]
pub struct Then {
    /// As it was asked for.
    pub moment: Moment,
    /// The time at which is judged what only a clock decides: at a position, when the event there happened.
    pub time: Timestamp,
}

/// Why nothing can be told of a moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotThen {
    /// It has not come yet, or the log has no event there.
    #[error(
        "must lie in the past: give a moment before now, or a position that an event or X-Log-Position told"
    )]
    NotYet,
    /// The log failed.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl CommandService {
    /// Makes sure that a moment lies in the past.
    ///
    /// # Errors
    /// [`NotThen`]
    pub async fn then(&self, moment: Moment) -> Result<Then, NotThen> {
        let time = match moment {
            Moment::Time(time) if time > self.now() => return Err(NotThen::NotYet),
            Moment::Time(time) => time,
            Moment::Position(position) => self.time_at(Position::new(position)).await?,
        };
        Ok(Then { moment, time })
    }

    /// When the event at a position happened.
    async fn time_at(&self, position: Position) -> Result<Timestamp, NotThen> {
        let Some(before) = position.get().checked_sub(1) else { return Ok(Timestamp::from_millis(0)) };
        let before = Position::new(before);
        // In a store whose positions have gaps not every number is one from behind which it reads.
        if !self.is_a_place(before).await? {
            return Err(NotThen::NotYet);
        }
        let found = self.log().read(before, 1).await.map_err(Failure::from)?;
        let found = found.first().filter(|event| event.position == position).ok_or(NotThen::NotYet)?;
        Ok(self.open(found, &self.parts().keyring.mac_keys())?.occurred_at)
    }

    /// A key as it was.
    ///
    /// # Errors
    /// [`Rejection::NoSuchKey`](keyledger_domain::key::Rejection::NoSuchKey), also where it had not come to be.
    pub async fn show_key_then(&self, key: &KeyRef, then: Then) -> Result<Key, CommandError> {
        let past = self.load_at(key.key_id, then.moment).await?;
        Ok(key.find(past.as_ref()).cloned()?)
    }

    /// A page of a partner's keys as they were. It is a page of the present list without the keys that were not there
    /// yet, or were not what is asked for: so it may be short or empty and still not be the last one.
    ///
    /// # Errors
    /// [`Failure::ListsUnavailable`] also where the lists have not come as far as the moment.
    pub async fn list_keys_then(&self, query: ListKeys<'_>, then: Then) -> Result<KeyPage, CommandError> {
        let needed = match then.moment {
            Moment::Position(position) => Position::new(position),
            Moment::Time(_) => self.log().head().await?,
        };
        if !self.applied(needed).await {
            return Err(Failure::ListsUnavailable("the lists are behind the log".to_owned()).into());
        }
        let present = self.list_keys(ListKeys { status: None, now: then.time, ..query }).await?;
        let mut keys = Vec::with_capacity(present.keys.len());
        for key in present.keys {
            // What nothing has happened to since is as it was.
            let past = if then.moment.includes(key.position, key.changed_at) {
                Some(key)
            } else {
                self.load_at(key.key_id, then.moment).await?
            };
            let wanted = |key: &Key| query.status.is_none_or(|status| key.status(then.time) == status);
            keys.extend(past.filter(wanted));
        }
        Ok(KeyPage { keys, next_cursor: present.next_cursor })
    }

    /// The catalogue as it was, and the revision of its last change by then; none before the log was initialised.
    ///
    /// # Errors
    /// [`Failure::Damaged`] where a release that this one cannot read wrote that change.
    pub async fn catalogue_then(&self, then: Then) -> Result<Option<(Catalogue, u64)>, Failure> {
        let events = self.stream(Stream::Catalogue, Revision::FIRST).await?;
        let by_then = |position: Position, at| then.moment.includes(position.get(), at);
        let last =
            events.into_iter().rev().find(|(recorded, event)| by_then(recorded.position, event.occurred_at));
        match last {
            None => Ok(None),
            Some((_, event)) => match event.body {
                Body::Catalogue(changed) => Ok(Some((changed.catalogue, event.revision))),
                Body::Key(_) | Body::Unreadable(_) => {
                    Err(Failure::Damaged("a newer release wrote the catalogue; upgrade this one".to_owned()))
                }
            },
        }
    }
}
