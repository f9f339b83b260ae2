use async_trait::async_trait;
use keyledger_command_service::ports::{KeyLists, KeyPage, ListError, ListKeys};
use keyledger_domain::{KeyId, PartnerId, Prefix, Scope, Timestamp, key::Key};
use keyledger_event_log::Position;
use keyledger_read_models::{Cursor, List, MAX_PAGE, PartnerKeysReader, ReadModelError};
use tokio::task;

use super::Lists;

/// The lists of the SQL read model. They block, so each question goes to a thread that may.
pub(crate) struct SqlKeyLists(pub(crate) Lists);

impl SqlKeyLists {
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(PartnerKeysReader) -> Result<T, ReadModelError> + Send + 'static,
    ) -> Result<T, ListError> {
        let lists = self.0.clone();
        let ask = move || question(lists.reader()?).map_err(|error| error.to_string());
        let answer = task::spawn_blocking(ask).await;
        answer.map_err(|error| ListError::Unavailable(error.to_string()))?.map_err(ListError::Unavailable)
    }
}

#[async_trait]
impl KeyLists for SqlKeyLists {
    async fn list(&self, query: ListKeys<'_>) -> Result<KeyPage, ListError> {
        let after = query.cursor.map(Cursor::parse).transpose().map_err(|_| ListError::BadCursor)?;
        let ListKeys { status, now, limit, .. } = query;
        let (partner, search) = (query.partner.clone(), query.search.map(str::to_owned));
        let page = self
            .ask(move |reader| {
                reader.list(List { partner: &partner, status, search: search.as_deref(), now, limit, after })
            })
            .await?;
        Ok(KeyPage { keys: page.keys, next_cursor: page.next.map(|cursor| cursor.to_string()) })
    }

    async fn partners(&self, after: Option<&PartnerId>, limit: usize) -> Result<Vec<PartnerId>, ListError> {
        let after = after.cloned();
        self.ask(move |reader| reader.partners(after.as_ref(), limit)).await
    }

    async fn knows(&self, key_id: KeyId) -> Result<bool, ListError> {
        self.ask(move |reader| Ok(reader.get(key_id)?.is_some())).await
    }

    async fn by_prefix(&self, prefix: Prefix) -> Result<Vec<Key>, ListError> {
        self.ask(move |reader| reader.by_prefix(prefix)).await
    }

    async fn of_partner(
        &self,
        partner: &PartnerId,
        created_up_to: Position,
        after: Option<KeyId>,
        limit: usize,
    ) -> Result<Vec<Key>, ListError> {
        let partner = partner.clone();
        let limit = limit.min(MAX_PAGE);
        self.ask(move |reader| reader.of_partner(&partner, created_up_to, after, limit)).await
    }

    async fn count_live(&self, partner: &PartnerId, now: Timestamp) -> Result<u64, ListError> {
        let partner = partner.clone();
        self.ask(move |reader| reader.count_live(&partner, now)).await
    }

    async fn operator_keys(&self, now: Timestamp) -> Result<Vec<KeyId>, ListError> {
        self.ask(move |reader| reader.operator_keys(now)).await
    }

    async fn holding(
        &self,
        scope: &Scope,
        after: Option<KeyId>,
        limit: usize,
    ) -> Result<Vec<Key>, ListError> {
        let scope = scope.clone();
        let limit = limit.min(MAX_PAGE);
        self.ask(move |reader| reader.keys_holding(&scope, after, limit)).await
    }
}
