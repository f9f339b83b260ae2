use keyledger_domain::{
    Catalogue,
    key::{self, Command, Overlap, Replace, Situation, decide},
};
use keyledger_event_log::Lane;

use crate::{CommandError, CommandService, KeyRef, Minted, Request, Revisions, change::Decision};

/// Give a key a new secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegenerateKey {
    /// Which key.
    pub key: KeyRef,
    /// How long the present secret goes on working; none: a day.
    pub overlap: Option<Overlap>,
    /// Which live secret to give up while an overlap runs.
    pub replace: Option<Replace>,
    /// For which revisions of the key this is meant.
    pub revisions: Revisions,
}

impl CommandService {
    /// Mints a new secret for a key.
    ///
    /// # Errors
    /// [`CommandError`].
    #[tracing::instrument(name = "regenerate_key", skip_all, fields(request_id = %request.request_id))]
    pub async fn regenerate_key(
        &self,
        request: &Request,
        command: RegenerateKey,
    ) -> Result<Minted, CommandError> {
        let _underway = self.enter(request)?;
        let RegenerateKey { key, overlap, replace, revisions } = command;
        let overlap = overlap.unwrap_or(Overlap::DEFAULT);
        // No scope changes, so what scopes there are does not matter, and a catalogue that cannot be read is not in the way.
        let catalogue = Catalogue::default();
        let attempted = self.change(request, key.key_id, Lane::Ordinary, |present, now| {
            let present = key.find(present)?;
            revisions.admit_key(present)?;
            let (secret, prefix) = self.mint();
            let regenerate = Command::Regenerate(key::RegenerateKey { prefix, overlap, replace });
            let situation = Situation { now, catalogue: &catalogue, authority: &request.authority };
            Ok(Decision { events: decide(Some(present), regenerate, situation)?, secret: Some(secret) })
        });
        Ok(self.settle_minted(attempted.await?).await)
    }
}
