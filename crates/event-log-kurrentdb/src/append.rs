use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use eventstore::{EventData, StreamState};
use futures_util::future::try_join_all;
use keyledger_event_log::{
    Append, AppendError, Appended, Checkpoint, Claim, LogIdentity, NewEvent, Outcome, RecordedEvent,
    Revision, StreamName,
};
use serde_json::value::RawValue;
use tokio::{sync::watch, time::Instant};

use crate::{claim, connection::Connection, fault::Fault, identity, metadata, read};

/// How long an append is tried again while the database is away. A change of the leader takes about as long.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long is waited between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// Why the log failed for good, where it did.
pub(crate) type Failure = watch::Sender<Option<Arc<str>>>;

/// What records appends, any number at once.
pub(crate) struct Appender {
    db: Arc<Connection>,
    /// Which log the database must say that it holds; none: a copy that is not finished.
    written_down: Option<LogIdentity>,
    /// The last event that this process saw recorded.
    end: Mutex<Checkpoint>,
    failure: Failure,
    /// Whether the last append found no database: then none waits for one, until it is back.
    away: AtomicBool,
}

/// A try after which it is not known what became of the append.
struct Tried {
    fault: Fault,
    /// Whether the events may be found in the log later all the same.
    outcome_unknown: bool,
}

impl From<Fault> for Tried {
    /// A step that records no event.
    fn from(fault: Fault) -> Self {
        Self { fault, outcome_unknown: false }
    }
}

impl Appender {
    pub(crate) fn new(
        db: Arc<Connection>,
        written_down: Option<LogIdentity>,
        end: Checkpoint,
        failure: Failure,
    ) -> Self {
        Self { db, written_down, end: Mutex::new(end), failure, away: AtomicBool::new(false) }
    }

    /// Records an append, or finds out what became of it, for as long as the patience lasts.
    pub(crate) async fn append(&self, append: &Append) -> Outcome {
        let away = self.away.load(Ordering::Relaxed);
        let deadline = Instant::now() + if away { Duration::ZERO } else { PATIENCE };
        let mut outcome_unknown = false;
        loop {
            if let Some(why) = self.failure.borrow().clone() {
                return Err(refusal(why.to_string(), outcome_unknown));
            }
            let tried = match self.attempt(append).await {
                Ok(outcome) => {
                    self.away.store(false, Ordering::Relaxed);
                    return outcome;
                }
                Err(tried) => tried,
            };
            outcome_unknown |= tried.outcome_unknown;
            let (fault, why) = (&tried.fault, tried.fault.to_string());
            if fault.is_final() {
                tracing::error!(why, "the log cannot be written any more");
                self.failure.send_replace(Some(why.as_str().into()));
            } else if !fault.is_passing() || Instant::now() >= deadline {
                self.away.store(fault.is_passing(), Ordering::Relaxed);
                tracing::warn!(why, outcome_unknown, "an append was not acknowledged");
                return Err(refusal(why, outcome_unknown));
            } else if !matches!(fault, Fault::Raced) {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Reads, judges, and records what stands. What an earlier try recorded is found by the first step.
    async fn attempt(&self, append: &Append) -> Result<Outcome, Tried> {
        let stream = &append.stream;
        let holders = try_join_all(append.claims.iter().map(|claim| claim::holder(&self.db, claim)));
        let (held, holders, ()) = tokio::try_join!(
            read::stream(&self.db, stream, Revision::FIRST),
            holders,
            self.still_holds_the_end()
        )?;
        if let Some(outcome) = recorded_before(append, &held) {
            return Ok(outcome.inspect(|_| self.saw(held.last())));
        }
        let last = held.last().map(|event| event.revision);
        if last != append.expected() {
            let (stream, decided_for) = (stream.clone(), append.events[0].revision);
            return Ok(Err(AppendError::Conflict { stream, decided_for, last }));
        }
        let mut free = Vec::new();
        for (claim, holder) in append.claims.iter().zip(&holders) {
            match holder {
                None => free.push(claim),
                Some(holder) if holder == stream => {}
                Some(_) => return Ok(Err(AppendError::ClaimTaken(claim.clone()))),
            }
        }
        // Where another was faster with one of them, the next try finds its holder.
        try_join_all(free.into_iter().map(|claim: &Claim| claim::take(&self.db, claim, stream))).await?;
        self.record(append).await
    }

    async fn record(&self, append: &Append) -> Result<Outcome, Tried> {
        let expected = match append.expected() {
            Some(last) => StreamState::StreamRevision(last.get()),
            None => StreamState::NoStream,
        };
        let events = append.events.iter().map(event_data).collect::<Option<Vec<_>>>();
        let events = events.ok_or(Fault::Refused(NO_JSON))?;
        let appended = self.db.append(append.stream.as_str(), expected, events).await;
        appended.map_err(|fault| Tried { outcome_unknown: !fault.leaves_nothing(), fault })?;
        // It says that these ids stand there: whether they stand for these events is read.
        let unknown = |fault| Tried { fault, outcome_unknown: true };
        let first = append.events[0].revision;
        let held = read::stream(&self.db, &append.stream, first).await.map_err(unknown)?;
        let outcome = recorded_before(append, &held).ok_or_else(|| {
            let stream = &append.stream;
            unknown(Fault::Damaged(format!(
                "what was acknowledged is not in {stream}: somebody deletes from it"
            )))
        })?;
        Ok(outcome.inspect(|_| self.saw(held.last())))
    }

    /// Keeps in mind that an event is in the log.
    fn saw(&self, event: Option<&RecordedEvent>) {
        let Some(RecordedEvent { position, mac, .. }) = event else { return };
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        if *position > end.position {
            *end = Checkpoint { position: *position, mac: mac.clone() };
        }
    }

    /// Makes sure that the log is still the one that this process knows.
    async fn still_holds_the_end(&self) -> Result<(), Fault> {
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if end == Checkpoint::start() {
            let found = identity::read(&self.db).await?.map(|begun| begun.identity);
            return match found {
                found if found == self.written_down => Ok(()),
                Some(found) => Err(Fault::Other(found)),
                None => Err(Fault::Changed),
            };
        }
        match read::at(&self.db, end.position).await {
            Ok(Some(event)) if event.mac == end.mac => Ok(()),
            Ok(_) | Err(Fault::NoPlace(_)) => Err(Fault::Changed),
            Err(fault) => Err(fault),
        }
    }
}

const NO_JSON: AppendError = AppendError::Malformed("a public part is no JSON, or has blanks around it");

/// What this adapter asks of an append besides what every one asks.
pub(crate) fn check(append: &Append) -> Result<(), AppendError> {
    append.check()?;
    if !read::is_ours(&append.stream) {
        return Err(AppendError::Malformed("its stream is neither a key's nor the catalogue"));
    }
    append.events.iter().all(|event| as_json(&event.public).is_some()).then_some(()).ok_or(NO_JSON)
}

/// The outcome for an append of which the stream holds an event id: its first position where exactly this append was
/// recorded before, a refusal otherwise.
fn recorded_before(append: &Append, held: &[RecordedEvent]) -> Option<Outcome> {
    let by_id = |event: &NewEvent| held.iter().find(|held| held.id == event.id);
    let known = append.events.iter().find(|event| by_id(event).is_some())?;
    let stream: &StreamName = &append.stream;
    let mut position = None;
    for event in &append.events {
        match by_id(event) {
            Some(recorded) if recorded.is(stream, event) => position = Some(recorded.position),
            _ => return Some(Err(AppendError::EventIdTaken(known.id))),
        }
    }
    position.map(|position| Ok(Appended { position }))
}

/// An event as the store takes it.
fn event_data(event: &NewEvent) -> Option<EventData> {
    let data = EventData::json(read::EVENT, &as_json(&event.public)?).ok()?;
    Some(data.id(event.id).metadata(Bytes::from(metadata::written(&event.private, &event.mac))))
}

/// The public part as JSON that is written as it stands. The vendor's client takes ready bytes only for what is none.
fn as_json(public: &[u8]) -> Option<&RawValue> {
    let text = std::str::from_utf8(public).ok()?;
    let json: &RawValue = serde_json::from_str(text).ok()?;
    (json.get().len() == text.len()).then_some(json)
}

fn refusal(why: String, outcome_unknown: bool) -> AppendError {
    if outcome_unknown { AppendError::OutcomeUnknown(why) } else { AppendError::Unavailable(why) }
}
