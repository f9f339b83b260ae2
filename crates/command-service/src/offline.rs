use std::time::Duration;

use async_trait::async_trait;
use keyledger_domain::{KeyId, PartnerId, Prefix, Scope, Timestamp, key::Key};
use keyledger_event_log::Position;

use crate::ports::{
    KeyLists, KeyPage, LastUsed, LastUsedUnavailable, ListError, ListKeys, Projections, ReadModel, Readers,
    Snapshots,
};

/// A registry that nobody serves: no lists, no uses, and no readers to wait for. With it the root crate records the first
/// catalogue and operator key of a new log, or a further operator key while the server is stopped.
pub struct Offline;

#[async_trait]
impl KeyLists for Offline {
    async fn list(&self, _: ListKeys<'_>) -> Result<KeyPage, ListError> {
        Ok(KeyPage::default())
    }

    async fn partners(&self, _: Option<&PartnerId>, _: usize) -> Result<Vec<PartnerId>, ListError> {
        Ok(Vec::new())
    }

    async fn knows(&self, _: KeyId) -> Result<bool, ListError> {
        Ok(false)
    }

    async fn by_prefix(&self, _: Prefix) -> Result<Vec<Key>, ListError> {
        Ok(Vec::new())
    }

    async fn of_partner(
        &self,
        _: &PartnerId,
        _: Position,
        _: Option<KeyId>,
        _: usize,
    ) -> Result<Vec<Key>, ListError> {
        Ok(Vec::new())
    }

    async fn count_live(&self, _: &PartnerId, _: Timestamp) -> Result<u64, ListError> {
        Ok(0)
    }

    async fn operator_keys(&self, _: Timestamp) -> Result<Vec<KeyId>, ListError> {
        Ok(Vec::new())
    }

    async fn holding(&self, _: &Scope, _: Option<KeyId>, _: usize) -> Result<Vec<Key>, ListError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl LastUsed for Offline {
    async fn last_used(&self, prefixes: &[Prefix]) -> Result<Vec<Option<Timestamp>>, LastUsedUnavailable> {
        Ok(vec![None; prefixes.len()])
    }
}

#[async_trait]
impl Snapshots for Offline {
    async fn take(&self) -> Result<Vec<u8>, String> {
        Err("nobody serves this registry".to_owned())
    }
}

#[async_trait]
impl Readers for Offline {
    async fn applied(&self, _: Position, _: Duration) -> bool {
        true
    }

    fn named_by(&self, _: Prefix) -> Option<KeyId> {
        None
    }
}

impl Projections for Offline {
    fn tell(&self, model: ReadModel, _: &mut dyn FnMut(&str) -> bool) -> Result<(), String> {
        Err(format!("there is no {} here", model.name()))
    }
}
