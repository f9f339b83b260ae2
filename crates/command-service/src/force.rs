use keyledger_domain::{
    Timestamp,
    authority::registry_scopes,
    key::{Key, Status},
};
use tokio::sync::MutexGuard;

use crate::{CommandError, CommandService, Failure, KeyRef, Refusal};

impl CommandService {
    /// Refuses, unless forced, what would leave the registry without an operator key. The guard is held until the
    /// command is done, so that of two commands in this process the second one sees what the first has done; between
    /// processes nothing can hold both, and the keyring stays the way back in.
    pub(crate) async fn last_operator_stays(
        &self,
        key: &KeyRef,
        force: bool,
    ) -> Result<Option<MutexGuard<'_, ()>>, CommandError> {
        if force || !key.partner_id.is_registry() {
            return Ok(None);
        }
        let turn = self.inside().operators.lock().await;
        let now = self.now();
        let operates = self.load(key.key_id).await?.is_some_and(|present| is_operator(&present, now));
        if operates && !self.another_operator(Some(key), now).await? {
            return Err(Refusal::LastOperatorKey.into());
        }
        Ok(Some(turn))
    }

    /// Whether a live key other than `but` may operate the registry. The lists name candidates; the log decides.
    pub(crate) async fn another_operator(
        &self,
        but: Option<&KeyRef>,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let candidates = self.parts().lists.operator_keys(now).await?;
        for key_id in candidates.into_iter().filter(|id| but.is_none_or(|but| but.key_id != *id)) {
            if self.load(key_id).await?.is_some_and(|key| is_operator(&key, now)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn is_operator(key: &Key, now: Timestamp) -> bool {
    let operates = || key.scopes.iter().any(|scope| scope.as_str() == registry_scopes::OPERATE);
    key.partner_id.is_registry() && key.status(now) == Status::Active && !key.unreadable && operates()
}
