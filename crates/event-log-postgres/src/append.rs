use std::collections::HashMap;

use keyledger_event_log::{
    Append, AppendError, Appended, Claim, NewEvent, Outcome, Position, RecordedEvent, Revision, StreamName,
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::read;

/// What a group of appends has to know of the log, asked once while the head is locked, and kept true while its appends
/// are judged one after the other.
#[derive(Default)]
pub(crate) struct Known {
    /// The last revision of each stream that holds something.
    last: HashMap<StreamName, Revision>,
    /// The recorded events that bear an id of the group, without their private parts.
    recorded: HashMap<Uuid, RecordedEvent>,
    /// Who holds which claim.
    holders: HashMap<Claim, StreamName>,
}

/// What stands of a group: rows to be written.
#[derive(Default)]
pub(crate) struct Rows<'a> {
    pub(crate) events: Vec<(Position, &'a StreamName, &'a NewEvent)>,
    pub(crate) claims: Vec<(&'a Claim, &'a StreamName)>,
}

impl Known {
    /// Asks for everything that these appends have to know.
    pub(crate) async fn of(db: &mut PgConnection, appends: &[&Append]) -> sqlx::Result<Self> {
        let streams: Vec<_> = appends.iter().map(|append| append.stream.as_str()).collect();
        let ids: Vec<_> = appends.iter().flat_map(|append| &append.events).map(|event| event.id).collect();
        let claims: Vec<_> = appends.iter().flat_map(|append| &append.claims).map(Claim::as_str).collect();
        let last: Vec<(String, i64)> = sqlx::query_as(
            "SELECT asked.stream, last.revision FROM unnest($1::text[]) AS asked(stream) CROSS JOIN LATERAL (
                 SELECT revision FROM events WHERE events.stream = asked.stream ORDER BY revision DESC LIMIT 1
             ) AS last",
        )
        .bind(streams)
        .fetch_all(&mut *db)
        .await?;
        let recorded = sqlx::query(
            "SELECT position, id, stream, revision, public, ''::bytea AS private, mac FROM events WHERE id = ANY($1)",
        )
        .bind(ids)
        .fetch_all(&mut *db)
        .await?;
        let holders: Vec<(String, String)> = if claims.is_empty() {
            Vec::new()
        } else {
            let asked = sqlx::query_as("SELECT claim, stream FROM claims WHERE claim = ANY($1)").bind(claims);
            asked.fetch_all(&mut *db).await?
        };
        let recorded = recorded.iter().map(|row| read::event(row).map(|event| (event.id, event)));
        Ok(Self {
            last: last
                .into_iter()
                .map(|(stream, last)| (StreamName::new(stream), Revision::new(last.unsigned_abs())))
                .collect(),
            recorded: recorded.collect::<sqlx::Result<_>>()?,
            holders: holders
                .into_iter()
                .map(|(claim, stream)| (Claim::new(claim), StreamName::new(stream)))
                .collect(),
        })
    }

    /// Judges one append by what is known, the appends before it included. What stands goes into `rows`, behind `end`,
    /// which moves on; a refused append changes nothing.
    pub(crate) fn judge<'a>(
        &mut self,
        append: &'a Append,
        end: &mut Position,
        rows: &mut Rows<'a>,
    ) -> Outcome {
        if let Some(outcome) = self.recorded_before(append) {
            return outcome;
        }
        let last = self.last.get(&append.stream).copied();
        if last != append.expected() {
            let (stream, decided_for) = (append.stream.clone(), append.events[0].revision);
            return Err(AppendError::Conflict { stream, decided_for, last });
        }
        let taken = |claim: &&Claim| self.holders.get(claim).is_some_and(|holder| *holder != append.stream);
        if let Some(claim) = append.claims.iter().find(taken) {
            return Err(AppendError::ClaimTaken(claim.clone()));
        }
        for claim in &append.claims {
            if self.holders.insert(claim.clone(), append.stream.clone()).is_none() {
                rows.claims.push((claim, &append.stream));
            }
        }
        for event in &append.events {
            *end = end.next();
            rows.events.push((*end, &append.stream, event));
            self.last.insert(append.stream.clone(), event.revision);
            self.recorded.insert(event.id, recorded(*end, &append.stream, event));
        }
        Ok(Appended { position: *end })
    }

    /// The outcome for an append of which the log knows an event id: its first position where exactly this append was
    /// recorded before, a refusal otherwise.
    fn recorded_before(&self, append: &Append) -> Option<Outcome> {
        let known = append.events.iter().find(|event| self.recorded.contains_key(&event.id))?;
        let mut position = Position::START;
        for event in &append.events {
            match self.recorded.get(&event.id) {
                Some(recorded) if recorded.is(&append.stream, event) => position = recorded.position,
                _ => return Some(Err(AppendError::EventIdTaken(known.id))),
            }
        }
        Some(Ok(Appended { position }))
    }
}

fn recorded(position: Position, stream: &StreamName, event: &NewEvent) -> RecordedEvent {
    RecordedEvent {
        position,
        id: event.id,
        stream: stream.clone(),
        revision: event.revision,
        public: event.public.clone(),
        private: Vec::new(),
        mac: event.mac.clone(),
    }
}

impl Rows<'_> {
    /// Writes everything that stands.
    pub(crate) async fn write(&self, db: &mut PgConnection) -> sqlx::Result<()> {
        if !self.claims.is_empty() {
            sqlx::query("INSERT INTO claims (claim, stream) SELECT * FROM unnest($1::text[], $2::text[])")
                .bind(self.claims.iter().map(|(claim, _)| claim.as_str()).collect::<Vec<_>>())
                .bind(self.claims.iter().map(|(_, stream)| stream.as_str()).collect::<Vec<_>>())
                .execute(&mut *db)
                .await?;
        }
        let events = &self.events;
        sqlx::query(
            "INSERT INTO events (position, id, stream, revision, public, private, mac)
             SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::bigint[], $5::bytea[], $6::bytea[], $7::bytea[])",
        )
        .bind(events.iter().map(|(position, ..)| read::integer(position.get())).collect::<Vec<_>>())
        .bind(events.iter().map(|(.., event)| event.id).collect::<Vec<_>>())
        .bind(events.iter().map(|(_, stream, _)| stream.as_str()).collect::<Vec<_>>())
        .bind(events.iter().map(|(.., event)| read::integer(event.revision.get())).collect::<Vec<_>>())
        .bind(events.iter().map(|(.., event)| event.public.as_slice()).collect::<Vec<_>>())
        .bind(events.iter().map(|(.., event)| event.private.as_slice()).collect::<Vec<_>>())
        .bind(events.iter().map(|(.., event)| event.mac.as_slice()).collect::<Vec<_>>())
        .execute(db)
        .await?;
        Ok(())
    }
}
