//! From events to what was: the one way, whether of one key or of all.

use keyledger_domain::{KeyId, Moment, envelope::Stream, event::Body, key::Key};
use keyledger_event_log::{ReadError, StreamName};

use super::{
    CatalogueThen, PastError,
    row::{self, Row},
    rows::Rows,
};
use crate::{History, HistoryError, Witnessed};

/// The events of a stream, none of them missing.
pub(super) async fn whole_stream(history: &History, stream: Stream) -> Result<Vec<Witnessed>, HistoryError> {
    let events = history.stream(&StreamName::new(stream.to_string())).await?;
    for (due, event) in (0..).zip(&events) {
        if event.event.revision != due {
            let lacks = format!("the stream {stream} lacks its revision {due}: events were taken out");
            return Err(ReadError::Damaged(lacks).into());
        }
    }
    Ok(events)
}

/// How many of a stream's events had happened by a moment: its first ones, as within a stream the time never falls.
pub(super) fn happened(events: &[Witnessed], moment: Moment) -> usize {
    events.iter().take_while(|event| has_happened(event, moment)).count()
}

/// The events of a stream that had happened by a moment.
pub(super) async fn stream(
    history: &History,
    stream: Stream,
    moment: Moment,
) -> Result<Vec<Witnessed>, HistoryError> {
    let mut events = whole_stream(history, stream).await?;
    events.truncate(happened(&events, moment));
    Ok(events)
}

/// Whether an event had happened by a moment.
pub(super) fn has_happened(event: &Witnessed, moment: Moment) -> bool {
    moment.includes(event.position.get(), event.event.occurred_at)
}

/// A key after some of its events.
pub(super) fn key<'a>(
    key_id: KeyId,
    before: Option<Key>,
    events: impl IntoIterator<Item = &'a Witnessed>,
) -> Option<Key> {
    let next = |key, event: &Witnessed| event.event.happen_to(key, key_id, event.position.get());
    events.into_iter().fold(before, next)
}

/// The catalogue after its first events.
pub(super) fn catalogue(events: &[Witnessed]) -> CatalogueThen {
    let Some(last) = events.last() else { return CatalogueThen::default() };
    let catalogue = match &last.event.body {
        Body::Catalogue(changed) => Some(changed.catalogue.clone()),
        Body::Key(_) | Body::Unreadable(_) => None,
    };
    CatalogueThen { catalogue, revision: Some(last.event.revision), position: last.position.get() }
}

/// The rows of those keys that events of a log are about, after these events; what the keys were before says `before`.
///
/// # Errors
/// Where an event of a key is missing.
pub(super) fn touched(before: &Rows, events: &[Witnessed]) -> Result<Rows, PastError> {
    let mut of_keys: Vec<(KeyId, &Witnessed)> = events
        .iter()
        .filter_map(|event| match event.event.stream {
            Stream::Key(key_id) => Some((key_id, event)),
            Stream::Catalogue => None,
        })
        .collect();
    of_keys.sort_by_key(|(key_id, _)| *key_id);
    let mut rows = Rows::default();
    for group in of_keys.chunk_by(|(a, _), (b, _)| a == b) {
        let key_id = group[0].0;
        let known = before.find(key_id).map(|row| known(key_id, row)).transpose()?;
        must_follow(key_id, known.as_ref(), group)?;
        if let Some(key) = key(key_id, known, group.iter().map(|(_, event)| *event)) {
            rows.push(key_id, Some(|bytes| row::write(&key, bytes)));
        }
    }
    Ok(rows)
}

/// The key of a row.
pub(super) fn known(key_id: KeyId, row: &[u8]) -> Result<Key, PastError> {
    Row::read(row).and_then(|row| row.key(key_id)).ok_or(PastError::Senseless(key_id))
}

/// Refuses events of a key between which, or before which, one is missing. Of a key whose beginning could not be read
/// there is no row, and so nothing to compare its later events with.
fn must_follow(
    key_id: KeyId,
    before: Option<&Key>,
    events: &[(KeyId, &Witnessed)],
) -> Result<(), HistoryError> {
    let mut last = before.map(|key| key.revision);
    for (_, event) in events {
        let found = event.event.revision;
        if let Some(due) = last.map(|last| last + 1).filter(|due| *due != found) {
            let stream = Stream::Key(key_id);
            let lacks = format!("the stream {stream} lacks its revision {due}: events were taken out");
            return Err(ReadError::Damaged(lacks).into());
        }
        last = Some(found);
    }
    Ok(())
}
