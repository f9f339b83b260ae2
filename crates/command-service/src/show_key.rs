use keyledger_domain::{
    PartnerId, Prefix, Timestamp,
    envelope::Stream,
    key::{Key, Rejection},
};
use keyledger_event_log::{Position, Revision};

use crate::{
    CommandError, CommandService, KeyRef, ShownEvent,
    ports::{KeyPage, LastUsedUnavailable, ListError, ListKeys},
};

impl CommandService {
    /// A key as the log knows it.
    ///
    /// # Errors
    /// [`Rejection::NoSuchKey`], also where it is another partner's.
    pub async fn show_key(&self, key: &KeyRef) -> Result<Key, CommandError> {
        let present = self.load(key.key_id).await?;
        Ok(key.find(present.as_ref()).cloned()?)
    }

    /// A page of a partner's keys, as the lists know them.
    ///
    /// # Errors
    /// [`ListError`].
    pub async fn list_keys(&self, query: ListKeys<'_>) -> Result<KeyPage, ListError> {
        self.parts().lists.list(query).await
    }

    /// When the secrets of these prefixes were last used, to the minute and in their order.
    ///
    /// # Errors
    /// [`LastUsedUnavailable`].
    pub async fn last_used(
        &self,
        prefixes: &[Prefix],
    ) -> Result<Vec<Option<Timestamp>>, LastUsedUnavailable> {
        self.parts().last_used.last_used(prefixes).await
    }

    /// The partners that have or had a key, in the order of their names: at most `limit` behind `after`.
    ///
    /// # Errors
    /// [`ListError`].
    pub async fn list_partners(
        &self,
        after: Option<&PartnerId>,
        limit: usize,
    ) -> Result<Vec<PartnerId>, ListError> {
        self.parts().lists.partners(after, limit).await
    }

    /// Everything that happened to a key, oldest first: the public parts, byte for byte.
    ///
    /// # Errors
    /// [`Rejection::NoSuchKey`], also where it is another partner's.
    pub async fn key_history(&self, key: &KeyRef) -> Result<Vec<ShownEvent>, CommandError> {
        self.show_key(key).await?;
        let events = self.stream(Stream::Key(key.key_id), Revision::FIRST).await?;
        if events.is_empty() {
            return Err(Rejection::NoSuchKey.into());
        }
        Ok(events.into_iter().map(|(recorded, _)| ShownEvent::from(recorded)).collect())
    }

    /// The present catalogue and its revision; none in a log that was not initialised.
    ///
    /// # Errors
    /// [`CommandError::Failed`].
    pub async fn show_catalogue(
        &self,
    ) -> Result<Option<(keyledger_domain::Catalogue, u64, Position)>, CommandError> {
        let present = self.catalogue().await?;
        Ok(present.map(|present| (present.catalogue, present.revision.get(), present.position)))
    }
}
