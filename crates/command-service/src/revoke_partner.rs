use keyledger_domain::{
    PartnerId, Reason,
    key::{Key, Rejection},
};
use keyledger_event_log::{Lane, Position};

use crate::{
    CommandError, CommandService, Failure, Match, Refusal, Request, Revocation,
    change::{ATTEMPTS, Attempt, Attempted},
    revoke_key::revocation,
};

/// Revoke every key of one partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokePartner {
    /// Whose keys.
    pub partner_id: PartnerId,
    /// Why, in somebody's words.
    pub reason: Reason,
    /// Only tell what would be revoked.
    pub dry_run: bool,
    /// Whether the last operator key may go, where the partner is the registry itself.
    pub force: bool,
}

/// How many keys are listed at once.
const PAGE: usize = 500;

impl CommandService {
    /// Revokes every key that the partner has when it begins, one event for each.
    ///
    /// With an idempotency key the events are numbered without a gap, so that a retry after a crash finds how far the
    /// first try came, and goes on there. It keeps to the keys that were there when the first event was recorded: a key
    /// that the partner got since was meant by nobody.
    ///
    /// # Errors
    /// [`CommandError`]. What was revoked before a failure stays revoked.
    #[tracing::instrument(name = "revoke_partner", skip_all, fields(request_id = %request.request_id))]
    pub async fn revoke_partner(
        &self,
        request: &Request,
        command: RevokePartner,
    ) -> Result<Revocation, CommandError> {
        let _underway = self.enter(request)?;
        let number = self.next_number(request).await?;
        let head = self.lists_must_be_current().await?;
        let (began, position) = match self.recorded(request, 0).await? {
            Some(first) => (first.position, first.position),
            None => (head.next(), head),
        };
        let takes_operators = command.partner_id.is_registry() && !command.force && !command.dry_run;
        let turn = if takes_operators { Some(self.inside().operators.lock().await) } else { None };
        if turn.is_some() && self.another_operator(None, self.now()).await? {
            return Err(Refusal::LastOperatorKey.into());
        }
        let mut walk = Walk { number, began, position, matches: Vec::new() };
        if let Err(error) = self.walk(request, &command, &mut walk).await {
            return Err(walk.broken_off(error));
        }
        let Walk { number, position, matches, .. } = walk;
        if matches.is_empty() {
            return Err(Refusal::NoMatch.into());
        }
        let applied = command.dry_run || self.applied(position).await;
        Ok(Revocation { revoked: u64::from(number), matches, applied, position })
    }

    async fn walk(
        &self,
        request: &Request,
        command: &RevokePartner,
        walk: &mut Walk,
    ) -> Result<(), CommandError> {
        let mut after = None;
        loop {
            let page = self.parts().lists.of_partner(&command.partner_id, walk.began, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key_id);
            for key in page {
                let first = walk.number == 0;
                self.revoke_one(request, command, key, walk).await?;
                if first && walk.number == 1 {
                    // The first event says which keys are meant, for this try and for every later one: begin again there.
                    (walk.began, after) = (walk.position, None);
                    walk.matches.clear();
                    self.lists_must_be_current().await?;
                    break;
                }
            }
        }
    }

    async fn revoke_one(
        &self,
        request: &Request,
        command: &RevokePartner,
        listed: Key,
        walk: &mut Walk,
    ) -> Result<(), CommandError> {
        // Nothing follows a revocation, so the position of a revoked key is that of its revocation.
        let before = listed.revoked.is_some() && listed.position < walk.began.get();
        if command.dry_run || listed.revoked.is_some() {
            // On a retry this may be what the first try recorded last, and it is waited for.
            walk.position = walk.position.max(Position::new(listed.position));
            walk.matches.push(Match::of(&listed, before, self.now()));
            return Ok(());
        }
        let mut attempts = 0;
        let Attempted { key, recorded, .. } = loop {
            let attempt = Attempt { request, number: walk.number, key_id: listed.key_id, lane: Lane::Urgent };
            let mut decide = |present: Option<&Key>, now| {
                Ok(revocation(
                    request,
                    present.ok_or(Rejection::NoSuchKey)?,
                    Some(command.reason.clone()),
                    now,
                )?)
            };
            if let Some(attempted) = self.attempt(attempt, &mut decide).await? {
                break attempted;
            }
            attempts += 1;
            if attempts == ATTEMPTS {
                return Err(Failure::Contended.into());
            }
            // The same request in another process may have taken the number; otherwise the key was changed meanwhile.
            walk.number = self.next_number_from(request, walk.number).await?;
        };
        walk.number += u32::from(recorded);
        walk.position = walk.position.max(Position::new(key.position));
        walk.matches.push(Match::of(&key, before, self.now()));
        Ok(())
    }

    /// The first number of the command under which nothing is recorded: its events are numbered without a gap, so
    /// doubling and halving finds it in few look-ups.
    async fn next_number(&self, request: &Request) -> Result<u32, CommandError> {
        if self.recorded(request, 0).await?.is_none() {
            return Ok(0);
        }
        let (mut taken, mut free) = (0, 1);
        while self.recorded(request, free).await?.is_some() {
            (taken, free) = (free, free.saturating_mul(2));
        }
        while free - taken > 1 {
            let middle = taken + (free - taken) / 2;
            match self.recorded(request, middle).await? {
                Some(_) => taken = middle,
                None => free = middle,
            }
        }
        Ok(free)
    }

    /// As [`Self::next_number`], where everything before `number` is known to be taken.
    async fn next_number_from(&self, request: &Request, mut number: u32) -> Result<u32, CommandError> {
        while self.recorded(request, number).await?.is_some() {
            number += 1;
        }
        Ok(number)
    }
}

/// How far a partner's revocation has come.
struct Walk {
    /// The number of its next event; so many keys were revoked by it.
    number: u32,
    /// Keys created up to here are meant, and what was revoked before it was not revoked by this.
    began: Position,
    /// The last position that matters to it: of its last event, or of the head where it recorded nothing.
    position: Position,
    matches: Vec<Match>,
}

impl Walk {
    /// The error that broke it off, as one of which nobody believes that nothing was recorded.
    fn broken_off(&self, error: CommandError) -> CommandError {
        match error {
            CommandError::Failed(failure) if self.number > 0 => {
                Failure::OutcomeUnknown(format!("{} keys were revoked, and then: {failure}", self.number))
                    .into()
            }
            error => error,
        }
    }
}
