use keyledger_domain::{
    Catalogue,
    key::{self, Command, Situation, decide},
};
use keyledger_event_log::Lane;

use crate::{Changed, CommandError, CommandService, KeyRef, Request, Revisions, change::Decision};

/// End every superseded secret of a key now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndOverlap {
    /// Which key.
    pub key: KeyRef,
    /// For which revisions of the key this is meant.
    pub revisions: Revisions,
}

impl CommandService {
    /// Ends a key's overlap; nothing is recorded where none runs.
    ///
    /// # Errors
    /// [`CommandError`].
    #[tracing::instrument(name = "end_overlap", skip_all, fields(request_id = %request.request_id))]
    pub async fn end_overlap(&self, request: &Request, command: EndOverlap) -> Result<Changed, CommandError> {
        let _underway = self.enter(request)?;
        let EndOverlap { key, revisions } = command;
        // No scope changes, so what scopes there are does not matter.
        let catalogue = Catalogue::default();
        // It takes a right away, so it goes ahead of what gives one.
        let attempted = self.change(request, key.key_id, Lane::Urgent, |present, now| {
            let present = key.find(present)?;
            revisions.admit_key(present)?;
            let situation = Situation { now, catalogue: &catalogue, authority: &request.authority };
            let events = decide(Some(present), Command::EndOverlap(key::EndOverlap), situation)?;
            Ok(Decision { events, secret: None })
        });
        Ok(self.settle(attempted.await?.key).await)
    }
}
