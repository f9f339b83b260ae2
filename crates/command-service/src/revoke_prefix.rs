use keyledger_domain::{
    KeyId, KeyName, PartnerId, Prefix, Reason, Timestamp,
    key::{Key, Rejection, Status},
};
use keyledger_event_log::{Lane, Position};

use crate::{CommandError, CommandService, Failure, KeyRef, Refusal, Request, revoke_key::revocation};

/// Revoke the key of which somebody knows the first eight characters, whoever's it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokePrefix {
    /// The prefix of its newest secret, or of an older one.
    pub prefix: Prefix,
    /// Why, in somebody's words.
    pub reason: Reason,
    /// Only tell what would be revoked.
    pub dry_run: bool,
    /// Whether the last operator key may go.
    pub force: bool,
}

/// What an emergency revocation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// How many keys it revoked; 0 on a dry run.
    pub revoked: u64,
    /// The keys that matched, also those that were revoked before.
    pub matches: Vec<Match>,
    /// Whether the readers in this process have applied it.
    pub applied: bool,
    /// The position of the last event that matters to it.
    pub position: Position,
}

/// A key that an emergency revocation matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Its id.
    pub key_id: KeyId,
    /// Its owner.
    pub partner_id: PartnerId,
    /// What people call it.
    pub name: KeyName,
    /// The prefix of its newest secret.
    pub prefix: Prefix,
    /// What it is now: after the revocation, or on a dry run without it.
    pub status: Status,
    /// Whether it had been revoked before.
    pub already_revoked: bool,
}

impl Match {
    pub(crate) fn of(key: &Key, already_revoked: bool, now: Timestamp) -> Self {
        Self {
            key_id: key.key_id,
            partner_id: key.partner_id.clone(),
            name: key.name.clone(),
            prefix: key.prefix,
            status: key.status(now),
            already_revoked,
        }
    }
}

impl CommandService {
    /// Revokes the key that a prefix names.
    ///
    /// # Errors
    /// [`CommandError`]; [`Refusal::Ambiguous`] where the prefix names two keys: nothing was revoked then.
    #[tracing::instrument(name = "revoke_prefix", skip_all, fields(request_id = %request.request_id))]
    pub async fn revoke_prefix(
        &self,
        request: &Request,
        command: RevokePrefix,
    ) -> Result<Revocation, CommandError> {
        let _underway = self.enter(request)?;
        // What was recorded for another request is found out before anything is told, on a dry run too.
        self.recorded(request, 0).await?;
        let RevokePrefix { prefix, reason, dry_run, force } = command;
        let key_id = self.named_by(prefix).await?;
        // The list only named the key; what it is now, the log says.
        let key = self.load(key_id).await?.ok_or(Rejection::NoSuchKey)?;
        if dry_run {
            let matches = vec![Match::of(&key, key.revoked.is_some(), self.now())];
            let position = Position::new(key.position);
            return Ok(Revocation { revoked: 0, matches, applied: true, position });
        }
        let named = KeyRef { partner_id: key.partner_id, key_id };
        let _turn = self.last_operator_stays(&named, force).await?;
        let attempted = self.change(request, key_id, Lane::Urgent, |present, now| {
            Ok(revocation(request, named.find(present)?, Some(reason.clone()), now)?)
        });
        let attempted = attempted.await?;
        let matches = vec![Match::of(&attempted.key, !attempted.recorded, self.now())];
        let changed = self.settle(attempted.key).await;
        let position = Position::new(changed.key.position);
        Ok(Revocation { revoked: u64::from(attempted.recorded), matches, applied: changed.applied, position })
    }

    /// The key that a prefix names. An emergency does not wait for lists: where these do not answer, the key index knows.
    async fn named_by(&self, prefix: Prefix) -> Result<KeyId, CommandError> {
        match self.matching(prefix).await {
            Ok(keys) => match keys.as_slice() {
                [one] => Ok(one.key_id),
                [] => Err(Refusal::NoMatch.into()),
                several => {
                    let of = |key: &Key| Match::of(key, key.revoked.is_some(), self.now());
                    Err(Refusal::Ambiguous(several.iter().map(of).collect()).into())
                }
            },
            Err(error @ CommandError::Failed(Failure::ListsUnavailable(_))) => {
                self.parts().readers.named_by(prefix).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// The keys that a prefix names. Nobody is told that there is none by a list that is behind.
    async fn matching(&self, prefix: Prefix) -> Result<Vec<Key>, CommandError> {
        let keys = self.parts().lists.by_prefix(prefix).await?;
        if !keys.is_empty() {
            return Ok(keys);
        }
        self.lists_must_be_current().await?;
        Ok(self.parts().lists.by_prefix(prefix).await?)
    }

    /// Waits until the lists hold everything that the log holds by now; says up to where.
    pub(crate) async fn lists_must_be_current(&self) -> Result<Position, Failure> {
        let head = self.log().head().await?;
        if self.applied(head).await {
            Ok(head)
        } else {
            Err(Failure::ListsUnavailable("the lists are behind the log".to_owned()))
        }
    }
}
