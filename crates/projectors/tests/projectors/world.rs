//! A log of sealed events, a projection that writes down what it was told, and a log that can be cut off.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use keyledger_domain::{
    Actor, Catalogue, KeyId, KeyName, PartnerId, Timestamp,
    actor::ActorKind,
    envelope::{Draft, MacKey, MacKeyId, MacKeys, Private, Stream, seal},
    event::{Body, KeyEvent, KeyRenamed, ScopeCatalogueChanged},
};
use keyledger_event_log::{
    Append, AppendError, Appended, Checkpoint, EventLog, Lane, LogIdentity, MemoryLog, NewEvent, Position,
    PositionOrder, ReadError, RecordedEvent, Revision, StreamName,
};
use keyledger_projectors::{
    CheckedEvent, MacKeysSource, MonotonicClock, Progress, Projection, ProjectionError, Projector, State,
    StopReason,
};
use uuid::Uuid;

/// Long enough for anything that is going to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn identity() -> LogIdentity {
    LogIdentity { log: Uuid::from_u128(0x10f), epoch: 2 }
}

pub(crate) fn mac_keys(secret: u8) -> MacKeys {
    MacKeys::new((MacKeyId(1), MacKey::new([secret; 32])), Vec::new())
}

pub(crate) fn keys() -> MacKeysSource {
    let keys = Arc::new(mac_keys(7));
    Arc::new(move || Arc::clone(&keys))
}

pub(crate) fn clock() -> MonotonicClock {
    Arc::new(Instant::now)
}

pub(crate) fn stream(number: u64) -> Stream {
    Stream::Key(KeyId(Uuid::from_u128(u128::from(number))))
}

/// What an event says by default: that a key is called something else.
pub(crate) fn draft(stream: Stream, revision: u64) -> Draft {
    let id = Uuid::new_v5(&Uuid::nil(), format!("{stream} {revision}").as_bytes());
    let name = KeyName::parse(&format!("name {revision}")).expect("a name");
    let renamed = KeyRenamed { partner_id: PartnerId::parse("acme").expect("a partner"), name };
    Draft {
        id,
        log: identity().log,
        epoch: 2,
        stream,
        revision,
        occurred_at: Timestamp::from_millis(1_800_000_000_000),
        actor: Actor { kind: ActorKind::Key, id: "an-operator".to_owned() },
        request_id: "a-request".to_owned(),
        body: Body::Key(KeyEvent::Renamed(renamed)),
        private: Private { nonce: [1; 16], verifier: None, request_digest: None },
    }
}

/// The event that a draft becomes under a MAC key.
pub(crate) fn sealed(draft: &Draft, keys: &MacKeys) -> NewEvent {
    let sealed = seal(draft, keys).expect("an event that can be written");
    NewEvent {
        id: draft.id,
        revision: Revision::new(draft.revision),
        public: sealed.public,
        private: sealed.private,
        mac: sealed.mac,
    }
}

/// Appends an event to the stream it is written for, or to another one.
pub(crate) async fn append(log: &dyn EventLog, stream: Stream, event: NewEvent) -> Position {
    let stream = StreamName::new(stream.to_string());
    let append = Append { stream, events: vec![event], claims: Vec::new(), lane: Lane::Ordinary };
    log.append(append).await.expect("an append").position
}

/// Appends a good event.
pub(crate) async fn append_good(log: &dyn EventLog, number: u64, revision: u64) -> Position {
    let draft = draft(stream(number), revision);
    append(log, stream(number), sealed(&draft, &mac_keys(7))).await
}

/// Appends an authentic event that this build cannot read: one about the catalogue in the stream of a key.
pub(crate) async fn append_unreadable(log: &dyn EventLog, number: u64, revision: u64) -> Position {
    let body = Body::Catalogue(ScopeCatalogueChanged { catalogue: Catalogue::builtin() });
    let draft = Draft { body, ..draft(stream(number), revision) };
    append(log, stream(number), sealed(&draft, &mac_keys(7))).await
}

/// A log with `count` good events, each of a stream of its own.
pub(crate) async fn log_of(count: u64) -> Arc<MemoryLog> {
    let log = Arc::new(MemoryLog::new(identity()));
    for number in 1..=count {
        append_good(&*log, number, 0).await;
    }
    log
}

/// What a [`Notebook`] holds.
#[derive(Clone, Default)]
pub(crate) struct Notes {
    pub(crate) checkpoint: Checkpoint,
    pub(crate) revisions: BTreeMap<String, u64>,
    pub(crate) unreadable: Vec<u64>,
    pub(crate) batches: usize,
    pub(crate) heard: Option<Instant>,
}

/// A projection that writes down what it was told.
#[derive(Clone, Default)]
pub(crate) struct Notebook {
    /// What it is called; nothing where nobody looks.
    pub(crate) name: &'static str,
    pub(crate) notes: Arc<Mutex<Notes>>,
    /// While it is set there is no paper left.
    pub(crate) full: Arc<AtomicBool>,
    /// While it is set whoever writes trips.
    pub(crate) trips: Arc<AtomicBool>,
}

impl Notebook {
    /// Loses everything, as a store does whose last moments were not written down.
    pub(crate) fn forget(&self) {
        *self.notes.lock().expect("nobody panics with the notebook in hand") = Notes::default();
    }

    pub(crate) fn read(&self) -> Notes {
        self.notes.lock().expect("nobody panics with the notebook in hand").clone()
    }

    pub(crate) fn at(checkpoint: Checkpoint) -> Self {
        let notebook = Self::default();
        notebook.notes.lock().expect("nobody else has it").checkpoint = checkpoint;
        notebook
    }
}

impl Projection for Notebook {
    fn name(&self) -> &'static str {
        self.name
    }

    fn checkpoint(&self) -> Checkpoint {
        self.read().checkpoint
    }

    fn apply(&mut self, events: &[CheckedEvent]) -> Result<(), ProjectionError> {
        assert!(!self.trips.load(Ordering::SeqCst), "it tripped");
        if self.full.load(Ordering::SeqCst) {
            return Err(ProjectionError::Unavailable("the notebook is full".to_owned()));
        }
        let mut notes = self.read();
        for CheckedEvent { position, mac, event, .. } in events {
            let stream = event.stream.to_string();
            let held = notes.revisions.get(&stream).copied();
            if event.revision != held.map_or(0, |held| held + 1) {
                let found = event.revision;
                return Err(ProjectionError::MissingRevision { position: *position, stream, held, found });
            }
            notes.revisions.insert(stream, event.revision);
            if matches!(event.body, Body::Unreadable(_)) {
                notes.unreadable.push(position.get());
            }
            notes.checkpoint = Checkpoint { position: *position, mac: mac.clone() };
        }
        notes.batches += 1;
        *self.notes.lock().expect("nobody panics with the notebook in hand") = notes;
        Ok(())
    }

    fn heard(&mut self, at: Instant) {
        self.notes.lock().expect("nobody panics with the notebook in hand").heard = Some(at);
    }

    fn digest(&self) -> Result<[u8; 32], ProjectionError> {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&self.read().checkpoint.position.get().to_be_bytes());
        Ok(digest)
    }
}

/// Starts a projector on a log.
pub(crate) fn follow(log: Arc<dyn EventLog>, notebook: &Notebook) -> Projector {
    Projector::spawn(log, keys(), clock(), notebook.clone()).expect("a thread")
}

/// Waits for a state of a projector.
pub(crate) async fn until(projector: &Projector, wanted: impl Fn(&Progress) -> bool) -> Progress {
    let mut progress = projector.watch();
    let reached = tokio::time::timeout(PATIENCE, progress.wait_for(wanted)).await;
    reached.expect("it comes within the patience").expect("the projector tells").clone()
}

/// Waits until a projector has stopped by itself, and says why.
pub(crate) async fn stop_reason(projector: &Projector) -> Arc<StopReason> {
    match until(projector, |progress| progress.state.is_over()).await.state {
        State::Stopped(reason) => reason,
        other => panic!("it is {other:?}"),
    }
}

/// A log behind a line that can be cut, or laid to another log.
pub(crate) struct Line {
    log: Mutex<Arc<MemoryLog>>,
    pub(crate) cut: AtomicBool,
}

impl Line {
    pub(crate) fn to(log: Arc<MemoryLog>) -> Arc<Self> {
        Arc::new(Self { log: Mutex::new(log), cut: AtomicBool::new(false) })
    }

    /// The log at the other end.
    pub(crate) fn log(&self) -> Arc<MemoryLog> {
        Arc::clone(&self.log.lock().expect("nobody panics with the line in hand"))
    }

    /// Puts another log in the place of the one at the other end: somebody changed the file.
    pub(crate) fn exchange(&self, log: Arc<MemoryLog>) {
        *self.log.lock().expect("nobody panics with the line in hand") = log;
    }

    fn pass(&self) -> Result<(), ReadError> {
        if self.cut.load(Ordering::SeqCst) {
            Err(ReadError::Unavailable("the line is cut".to_owned()))
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl EventLog for Line {
    fn identity(&self) -> LogIdentity {
        self.log().identity()
    }
    fn order(&self) -> PositionOrder {
        self.log().order()
    }
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.log().append(append).await
    }
    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError> {
        self.pass()?;
        self.log().read(after, limit).await
    }
    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        self.pass()?;
        self.log().read_stream(stream, from).await
    }
    async fn find(&self, id: Uuid) -> Result<Option<RecordedEvent>, ReadError> {
        self.pass()?;
        self.log().find(id).await
    }
    async fn head(&self) -> Result<Position, ReadError> {
        self.pass()?;
        self.log().head().await
    }
    async fn wait(&self, after: Position, patience: Duration) -> Result<Position, ReadError> {
        self.pass()?;
        let head = self.log().wait(after, patience).await?;
        self.pass()?;
        Ok(head)
    }
}
