use keyledger_event_log::{
    Append, AppendError, Appended, Checkpoint, Claim, NewEvent, Outcome, Position, Revision, StreamName,
};
use rusqlite::{Connection, OptionalExtension, Result};

use crate::read;

/// Judges one append by what the transaction sees, the appends before it included, and records it where nothing
/// speaks against it. `end` is the last event of the log, and moves on. A refused append changes nothing.
pub(crate) fn record(db: &Connection, append: &Append, end: &mut Checkpoint) -> Result<Outcome> {
    if let Some(outcome) = recorded_before(db, append)? {
        return Ok(outcome);
    }
    let last = last_revision(db, &append.stream)?;
    if last != append.expected() {
        let (stream, decided_for) = (append.stream.clone(), append.events[0].revision);
        return Ok(Err(AppendError::Conflict { stream, decided_for, last }));
    }
    for claim in &append.claims {
        if holder(db, claim)?.is_some_and(|holder| holder != append.stream.as_str()) {
            return Ok(Err(AppendError::ClaimTaken(claim.clone())));
        }
    }
    for claim in &append.claims {
        take(db, claim, &append.stream)?;
    }
    for event in &append.events {
        end.position = end.position.next();
        insert(db, end.position, &append.stream, event)?;
        end.mac.clone_from(&event.mac);
    }
    Ok(Ok(Appended { position: end.position }))
}

/// The outcome for an append of which the log knows an event id: its first position where exactly this append was
/// recorded before, a refusal otherwise.
fn recorded_before(db: &Connection, append: &Append) -> Result<Option<Outcome>> {
    let (mut known, mut same, mut position) = (None, true, Position::START);
    for event in &append.events {
        let recorded = read::find(db, event.id)?;
        known = known.or(recorded.as_ref().map(|recorded| recorded.id));
        match recorded {
            Some(recorded) if recorded.is(&append.stream, event) => position = recorded.position,
            _ => same = false,
        }
    }
    let outcome = |id| if same { Ok(Appended { position }) } else { Err(AppendError::EventIdTaken(id)) };
    Ok(known.map(outcome))
}

fn last_revision(db: &Connection, stream: &StreamName) -> Result<Option<Revision>> {
    db.prepare_cached("SELECT revision FROM events WHERE stream = ?1 ORDER BY revision DESC LIMIT 1")?
        .query_row([stream.as_str()], |row| read::revision(row, 0))
        .optional()
}

fn holder(db: &Connection, claim: &Claim) -> Result<Option<String>> {
    db.prepare_cached("SELECT stream FROM claims WHERE claim = ?1")?
        .query_row([claim.as_str()], |row| row.get(0))
        .optional()
}

fn take(db: &Connection, claim: &Claim, stream: &StreamName) -> Result<()> {
    db.prepare_cached("INSERT INTO claims (claim, stream) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute((claim.as_str(), stream.as_str()))
        .map(|_| ())
}

fn insert(db: &Connection, position: Position, stream: &StreamName, event: &NewEvent) -> Result<()> {
    let (position, revision) = (read::integer(position.get()), read::integer(event.revision.get()));
    let id = event.id.hyphenated();
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    let row = (
        position,
        id.encode_lower(&mut text) as &str,
        stream.as_str(),
        revision,
        &event.public,
        &event.private,
        &event.mac,
    );
    db.prepare_cached(
        "INSERT INTO events (position, id, stream, revision, public, private, mac) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(row)
    .map(|_| ())
}
