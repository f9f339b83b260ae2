use eventstore::{ReadAllOptions, RecordedEvent as Stored, StreamPosition, SubscriptionFilter};
use keyledger_event_log::{Checkpoint, Position, RecordedEvent, Revision, StreamName};
use uuid::Uuid;

use crate::{
    claim,
    connection::{Ask, Connection},
    fault::{Fault, is_no_place},
    metadata, place,
};

/// The type of every event: what an event means stands in its public part, which the log does not read.
pub(crate) const EVENT: &str = "keyledger-event";

/// The streams of the log's events, and no others: those of keys, and the catalogue.
const STREAMS: &str = "^(key-|catalogue$)";

/// How many records the server looks at before it comes back from a read to its caller inside.
const WINDOW: u32 = 1_000;

/// How many events of a stream are asked for: all of them.
const ALL: usize = i32::MAX as usize;

/// Whether events of this stream are seen by who reads everything.
pub(crate) fn is_ours(stream: &StreamName) -> bool {
    stream.as_str() == "catalogue" || stream.as_str().starts_with("key-")
}

fn everything_of_ours() -> ReadAllOptions {
    ReadAllOptions::default().filter(SubscriptionFilter::on_stream_name().regex(STREAMS).max(WINDOW))
}

/// The last event, by its position and code.
pub(crate) async fn end(db: &Connection) -> Result<Checkpoint, Fault> {
    let options = everything_of_ours().position(StreamPosition::End).max_count(1);
    let last = db.read(&Ask::All(options)).await?;
    let Some(last) = last.into_iter().next() else { return Ok(Checkpoint::start()) };
    let RecordedEvent { position, mac, .. } = event(last)?;
    Ok(Checkpoint { position, mac })
}

/// At most `limit` events after a position.
pub(crate) async fn after(
    db: &Connection,
    position: Position,
    limit: usize,
) -> Result<Vec<RecordedEvent>, Fault> {
    let from = match position {
        Position::START => StreamPosition::Start,
        position => StreamPosition::Position(place::from(position)),
    };
    // One more, for the event at the position itself may come first.
    let options = everything_of_ours().position(from).max_count(limit.saturating_add(1).min(ALL));
    let found = db.read(&Ask::All(options)).await.map_err(|fault| match fault {
        Fault::Database(error) if is_no_place(&error) => Fault::NoPlace(position.get()),
        other => other,
    })?;
    let events =
        found.into_iter().map(event).filter(|event| event.as_ref().map_or(true, |e| e.position > position));
    events.take(limit).collect()
}

/// The event at a position.
pub(crate) async fn at(db: &Connection, position: Position) -> Result<Option<RecordedEvent>, Fault> {
    let Some(before) = position.get().checked_sub(1) else { return Ok(None) };
    let found = after(db, Position::new(before), 1).await?;
    Ok(found.into_iter().find(|event| event.position == position))
}

/// The events of a stream from a revision on. A revision that is missing is told: somebody deleted it.
pub(crate) async fn stream(
    db: &Connection,
    stream: &StreamName,
    from: Revision,
) -> Result<Vec<RecordedEvent>, Fault> {
    let from = from.get().min(i64::MAX.unsigned_abs());
    let found = db.read(&Ask::Stream { name: stream.as_str(), from, count: ALL }).await?;
    let events = found.into_iter().map(event).collect::<Result<Vec<_>, Fault>>()?;
    for (revision, event) in (from..).zip(&events) {
        if event.revision.get() != revision {
            return Err(Fault::Damaged(format!("revision {revision} of {stream} is missing")));
        }
    }
    Ok(events)
}

/// The event with this id, by the stream that claimed it.
pub(crate) async fn find(db: &Connection, id: Uuid) -> Result<Option<RecordedEvent>, Fault> {
    let Some(holder) = claim::holder(db, &keyledger_event_log::Claim::event(id)).await? else {
        return Ok(None);
    };
    Ok(stream(db, &holder, Revision::FIRST).await?.into_iter().find(|event| event.id == id))
}

/// An event as the port has it.
fn event(stored: Stored) -> Result<RecordedEvent, Fault> {
    let (stream, revision) = (StreamName::new(stored.stream_id()), Revision::new(stored.revision));
    let strange = |what: &str| Fault::Damaged(format!("revision {revision} of {stream} {what}"));
    if stored.event_type != EVENT {
        return Err(strange("was not written by keyledger"));
    }
    let (private, mac) =
        metadata::read(&stored.custom_metadata).ok_or_else(|| strange("has strange metadata"))?;
    let position = place::position(stored.position).ok_or_else(|| {
        strange("has no position of its own: the server is older than 22.10, or its log is too long")
    })?;
    Ok(RecordedEvent {
        position,
        id: stored.id,
        public: stored.data.to_vec(),
        private: private.to_vec(),
        mac: mac.to_vec(),
        stream,
        revision,
    })
}
