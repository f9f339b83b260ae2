//! Which log a database holds, and how it was begun: the stream `keyledger-log`.
//!
//! Its first append is what begins a log: which one it is, and everything that it begins with. That is one step of the
//! store, which one of several beginners takes. The first events are then laid into their streams by whoever opens the log
//! to write, in the same order and any number of times, and at the end the stream says that this was done.

use eventstore::{EventData, StreamState};
use keyledger_event_log::{Append, Claim, Lane, LogIdentity, NewEvent, Revision, StreamName};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    connection::{Ask, Connection},
    fault::Fault,
};

const STREAM: &str = "keyledger-log";
const BEGUN: &str = "keyledger-log-begun";
const FIRST: &str = "keyledger-log-first";
const LAID: &str = "keyledger-log-laid";

/// The layout of everything that this crate writes.
pub(crate) const LAYOUT: u64 = 1;

/// A log that was begun.
pub(crate) struct Begun {
    pub(crate) identity: LogIdentity,
    /// The layout that it was begun with; of a later one nothing else is read.
    pub(crate) layout: u64,
    /// What it begins with.
    pub(crate) first: Vec<Append>,
    /// Whether all of that lies in its streams.
    pub(crate) is_laid: bool,
}

/// Begins a log. An error that leaves open whether it was begun is told as any other: what is there then says it.
pub(crate) async fn begin(db: &Connection, identity: LogIdentity, first: &[Append]) -> Result<(), Fault> {
    let LogIdentity { log, epoch } = identity;
    let begun = (BEGUN, json!({ "layout": LAYOUT, "log": log, "epoch": epoch }));
    let events = [begun].into_iter().chain(first.iter().map(|append| (FIRST, written(append))));
    let events = events.zip(0..).map(|((name, says), place)| data(name, &says, event_id(identity, place)));
    db.append(STREAM, StreamState::NoStream, events.collect::<Result<_, _>>()?).await
}

/// Says that the first events lie in their streams. Others may have said so.
pub(crate) async fn laid(db: &Connection, begun: &Begun) -> Result<(), Fault> {
    let last = begun.first.len() as u64;
    let event = data(LAID, &json!({}), event_id(begun.identity, last + 1))?;
    db.append(STREAM, StreamState::StreamRevision(last), vec![event]).await
}

/// Which log there is; none where none was begun.
pub(crate) async fn read(db: &Connection) -> Result<Option<Begun>, Fault> {
    let events = db.read(&Ask::Stream { name: STREAM, from: 0, count: i32::MAX as usize }).await?;
    let Some((begun, rest)) = events.split_first() else { return Ok(None) };
    let strange = || Fault::Damaged(format!("{STREAM} does not say which log this is"));
    let says: Value = serde_json::from_slice(&begun.data).map_err(|_| strange())?;
    let identity = (|| {
        let (log, epoch) =
            (says["log"].as_str()?.parse().ok()?, u32::try_from(says["epoch"].as_u64()?).ok()?);
        Some((LogIdentity { log, epoch }, says["layout"].as_u64()?))
    })();
    let (identity, layout) = identity.filter(|_| begun.event_type == BEGUN).ok_or_else(strange)?;
    let mut begun = Begun { identity, layout, first: Vec::new(), is_laid: false };
    if layout == LAYOUT {
        for event in rest {
            match event.event_type.as_str() {
                FIRST => begun.first.push(append(&event.data).ok_or_else(strange)?),
                LAID => begun.is_laid = true,
                _ => return Err(strange()),
            }
        }
    }
    Ok(Some(begun))
}

/// The id of an event here: another beginner's differs by its log.
fn event_id(LogIdentity { log, epoch }: LogIdentity, place: u64) -> Uuid {
    Uuid::new_v5(&log, format!("{epoch} {place}").as_bytes())
}

fn data(name: &str, says: &Value, id: Uuid) -> Result<EventData, Fault> {
    let data = EventData::json(name, says).map_err(|error| Fault::Damaged(error.to_string()))?;
    Ok(data.id(id))
}

/// An append as it is written down here. It is always an ordinary one.
fn written(append: &Append) -> Value {
    let event = |event: &NewEvent| {
        let NewEvent { id, revision, public, private, mac } = event;
        let [public, private, mac] = [public, private, mac].map(hex::encode);
        json!({ "id": id, "revision": revision.get(), "public": public, "private": private, "mac": mac })
    };
    json!({
        "stream": append.stream.as_str(),
        "claims": append.claims.iter().map(Claim::as_str).collect::<Vec<_>>(),
        "events": append.events.iter().map(event).collect::<Vec<_>>(),
    })
}

fn append(bytes: &[u8]) -> Option<Append> {
    let says: Value = serde_json::from_slice(bytes).ok()?;
    let event = |event: &Value| {
        let part = |name: &str| hex::decode(event[name].as_str()?).ok();
        Some(NewEvent {
            id: event["id"].as_str()?.parse().ok()?,
            revision: Revision::new(event["revision"].as_u64()?),
            public: part("public")?,
            private: part("private")?,
            mac: part("mac")?,
        })
    };
    Some(Append {
        stream: StreamName::new(says["stream"].as_str()?),
        events: says["events"].as_array()?.iter().map(event).collect::<Option<_>>()?,
        claims: says["claims"]
            .as_array()?
            .iter()
            .map(|c| c.as_str().map(Claim::new))
            .collect::<Option<_>>()?,
        lane: Lane::Ordinary,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_append_is_read_as_it_was_written_and_the_text_stays_the_one_that_it_is() {
        let first = Append {
            stream: StreamName::new("key-1"),
            events: vec![NewEvent {
                id: Uuid::from_u128(7),
                revision: Revision::FIRST,
                public: b"{}".to_vec(),
                private: vec![0, 255],
                mac: vec![1, 2],
            }],
            claims: vec![Claim::new("prefix-hT4kQ9xZ")],
            lane: Lane::Ordinary,
        };
        let golden = r#"{"stream":"key-1","claims":["prefix-hT4kQ9xZ"],"events":[{"id":"00000000-0000-0000-0000-000000000007","revision":0,"public":"7b7d","private":"00ff","mac":"0102"}]}"#;
        assert_eq!(written(&first).to_string(), golden);
        let read = append(golden.as_bytes()).expect("an append");
        assert_eq!((&read.stream, &read.events, &read.claims), (&first.stream, &first.events, &first.claims));
    }
}
