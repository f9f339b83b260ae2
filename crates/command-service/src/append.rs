use keyledger_domain::{
    Timestamp,
    envelope::{Draft, Event, Private, Stream, Verifier, seal, uuid_v7},
    event::Body,
};
use keyledger_event_log::{Append, AppendError, Lane, NewEvent, Position, Revision, StreamName};
use uuid::Uuid;

use crate::{CommandError, CommandService, Failure, Refusal, Request, claims_of};

/// What was decided to be recorded, all in one append.
pub(crate) struct Decided {
    pub(crate) stream: Stream,
    /// The revision of the first event.
    pub(crate) revision: Revision,
    /// The number of the first event in its command.
    pub(crate) number: u32,
    pub(crate) occurred_at: Timestamp,
    pub(crate) bodies: Vec<Body>,
    /// What recognises the secret that the first event brings.
    pub(crate) verifier: Option<Verifier>,
    pub(crate) lane: Lane,
}

/// What became of an append.
pub(crate) enum Outcome {
    /// It is durable; its last event stands here.
    Recorded(Position),
    /// Another writer was faster, or took a claim or an event id: load again and decide again.
    Overtaken,
}

/// An event that a request recorded before.
pub(crate) struct Recorded {
    pub(crate) event: Event,
    pub(crate) position: Position,
}

impl CommandService {
    /// Seals what was decided and records it.
    pub(crate) async fn append(&self, request: &Request, decided: Decided) -> Result<Outcome, Failure> {
        let append = self.seal(request, decided)?;
        let first = self.log().append(append.clone()).await;
        let settled = match first {
            // The same bytes again are acknowledged again, so this finds out; or it is told as unknown.
            Err(AppendError::OutcomeUnknown(why)) => match self.log().append(append).await {
                Err(AppendError::Unavailable(_) | AppendError::OutcomeUnknown(_)) => {
                    tracing::error!(why, "the outcome of an append is unknown");
                    return Err(Failure::OutcomeUnknown(why));
                }
                second => second,
            },
            first => first,
        };
        match settled {
            Ok(appended) => Ok(Outcome::Recorded(appended.position)),
            Err(error) => match Failure::from(error) {
                Failure::Contended => Ok(Outcome::Overtaken),
                failure => {
                    tracing::error!(error = %failure, "the log did not take an append");
                    Err(failure)
                }
            },
        }
    }

    fn seal(&self, request: &Request, decided: Decided) -> Result<Append, Failure> {
        let Decided { stream, revision, number, occurred_at, bodies, mut verifier, lane } = decided;
        let identity = self.identity();
        let keys = self.parts().keyring.mac_keys();
        let names = request.names(identity.log);
        let (mut events, mut claims) = (Vec::with_capacity(bodies.len()), Vec::new());
        let mut revision = revision;
        for (number, body) in (number..).zip(bodies) {
            let id = match names {
                Some(names) => names.event_id(number),
                None => uuid_v7(occurred_at, self.random()),
            };
            claims.extend(claims_of(id, &body));
            let request_digest = request.idempotency.as_ref().map(|idempotency| idempotency.digest);
            let draft = Draft {
                id,
                log: identity.log,
                epoch: identity.epoch,
                stream,
                revision: revision.get(),
                occurred_at,
                actor: request.actor.clone(),
                request_id: request.request_id.clone(),
                body,
                private: Private { nonce: self.random(), verifier: verifier.take(), request_digest },
            };
            let sealed = seal(&draft, &keys).map_err(|error| Failure::Damaged(error.to_string()))?;
            let (public, private, mac) = (sealed.public, sealed.private, sealed.mac);
            events.push(NewEvent { id, revision, public, private, mac });
            revision = revision.next();
        }
        Ok(Append { stream: StreamName::new(stream.to_string()), events, claims, lane })
    }

    /// What was recorded under the number of a command with an idempotency key.
    ///
    /// # Errors
    /// A refusal, where it was recorded for another request.
    pub(crate) async fn recorded(
        &self,
        request: &Request,
        number: u32,
    ) -> Result<Option<Recorded>, CommandError> {
        let Some(idempotency) = &request.idempotency else { return Ok(None) };
        let Some(names) = request.names(self.identity().log) else { return Ok(None) };
        let id: Uuid = names.event_id(number);
        let Some(found) = self.log().find(id).await? else { return Ok(None) };
        let event = self.open(&found, &self.parts().keyring.mac_keys())?;
        // A private part that was purged names no request any more; the id alone says whose it was.
        let digest = event.private.as_ref().and_then(|private| private.request_digest);
        if digest.is_some_and(|digest| digest != idempotency.digest) {
            return Err(Refusal::IdempotencyKeyReused.into());
        }
        Ok(Some(Recorded { event, position: found.position }))
    }
}
