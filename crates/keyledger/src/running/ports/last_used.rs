use std::sync::Arc;

use async_trait::async_trait;
use keyledger_command_service::ports::{LastUsed, LastUsedUnavailable};
use keyledger_domain::{Prefix, Timestamp};
use keyledger_read_models::LastUsedReader;
use keyledger_validator::KeyIndex;
use tokio::task;

/// What this process saw is in the index, what earlier ones saw in the table.
pub(crate) struct IndexAndTable {
    pub(crate) index: Arc<KeyIndex>,
    pub(crate) table: LastUsedReader,
}

#[async_trait]
impl LastUsed for IndexAndTable {
    async fn last_used(&self, prefixes: &[Prefix]) -> Result<Vec<Option<Timestamp>>, LastUsedUnavailable> {
        let (table, asked) = (self.table.clone(), prefixes.to_vec());
        let unavailable = |why: String| LastUsedUnavailable(why);
        let before = task::spawn_blocking(move || table.last_used(&asked)).await;
        let before = before
            .map_err(|error| unavailable(error.to_string()))?
            .map_err(|error| unavailable(error.to_string()))?;
        // The later of both: after a start the clock may stand behind what the table has.
        let later =
            |(prefix, before): (&Prefix, Option<Timestamp>)| self.index.last_used(*prefix).max(before);
        Ok(prefixes.iter().zip(before).map(later).collect())
    }
}
