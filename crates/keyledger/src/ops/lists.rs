use std::time::Duration;

use keyledger_event_log::Position;

use super::Role;
use crate::running::ports::FollowedLists;

/// How long the lists may take to come to where the key index is, before whoever asks is told that they do not.
const PATIENCE: Duration = Duration::from_secs(1);

/// The lists that another process makes, beside an index of this one that has come to `wanted`.
pub(crate) async fn lists_role(lists: &FollowedLists, wanted: Position) -> Role {
    let reached = match lists.look().await {
        Ok(()) => lists.reach(wanted, PATIENCE).await,
        Err(why) => Err(why),
    };
    let known = lists.known();
    let reason = match reached {
        Ok(true) => None,
        Ok(false) => Some(format!(
            "the lists are {} events behind: look whether `keyledger projector` runs",
            wanted.since(known)
        )),
        Err(why) => Some(why),
    };
    Role::new("partner_keys", Some(known.get()), reason)
}
