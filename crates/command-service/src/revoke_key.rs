use keyledger_domain::{
    Catalogue, Reason, Timestamp,
    key::{self, Command, Key, Rejection, Situation, decide},
};
use keyledger_event_log::Lane;

use crate::{Changed, CommandError, CommandService, KeyRef, Request, Revisions, change::Decision};

/// End a key and all its secrets for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokeKey {
    /// Which key.
    pub key: KeyRef,
    /// Why, in somebody's words.
    pub reason: Option<Reason>,
    /// Whether the last operator key may go.
    pub force: bool,
    /// For which revisions of the key this is meant.
    pub revisions: Revisions,
}

impl CommandService {
    /// Revokes a key; nothing is recorded where that was done before.
    ///
    /// # Errors
    /// [`CommandError`].
    #[tracing::instrument(name = "revoke_key", skip_all, fields(request_id = %request.request_id))]
    pub async fn revoke_key(&self, request: &Request, command: RevokeKey) -> Result<Changed, CommandError> {
        let _underway = self.enter(request)?;
        let RevokeKey { key, reason, force, revisions } = command;
        let _turn = self.last_operator_stays(&key, force).await?;
        let attempted = self.change(request, key.key_id, Lane::Urgent, |present, now| {
            let present = key.find(present)?;
            revisions.admit_key(present)?;
            Ok(revocation(request, present, reason.clone(), now)?)
        });
        Ok(self.settle(attempted.await?.key).await)
    }
}

/// What revoking a key comes to, also where its prefix or its partner named it.
pub(crate) fn revocation(
    request: &Request,
    key: &Key,
    reason: Option<Reason>,
    now: Timestamp,
) -> Result<Decision, Rejection> {
    let revoke = Command::Revoke(key::RevokeKey { reason });
    // What scopes there are does not matter, so a catalogue that cannot be read never holds a revocation up.
    let situation = Situation { now, catalogue: &Catalogue::default(), authority: &request.authority };
    Ok(Decision { events: decide(Some(key), revoke, situation)?, secret: None })
}
