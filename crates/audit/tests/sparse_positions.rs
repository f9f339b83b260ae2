//! A store whose positions have gaps, as KurrentDB's have: the tree counts leaves by itself.
#![allow(clippy::disallowed_methods, reason = "a test reads the clock")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use keyledger_audit::{
    History,
    proof::prove_inclusion,
    signer::{Signer, SignerParts, State},
    tree::{Checkpoint, Directory, Origin, SigningKey, Tiles as _, leaf_hash},
    verify::{Finding, VerifyParts, verify},
};
use keyledger_domain::{
    Actor, Catalogue, Timestamp,
    actor::ActorKind,
    envelope::{Draft, MacKey, MacKeyId, MacKeys, Private, Stream, seal, uuid_v7},
    event::{Body, ScopeCatalogueChanged},
};
use keyledger_event_log::{
    Append, AppendError, Appended, EventLog, Lane, LogIdentity, MemoryLog, NewEvent, Position, PositionOrder,
    PublicLog, ReadError, RecordedEvent, Revision, StreamName,
};
use uuid::Uuid;

const IDENTITY: LogIdentity = LogIdentity { log: Uuid::from_u128(0x10f), epoch: 1 };

/// How far apart positions are.
const STEP: u64 = 1_000;

/// A log in memory, whose positions are told as another store would give them. One event may be kept back.
struct Sparse {
    log: MemoryLog,
    kept_back: Option<u64>,
}

impl Sparse {
    fn shown(&self, events: Vec<RecordedEvent>) -> Vec<RecordedEvent> {
        let events = events.into_iter().filter(|event| Some(event.position.get()) != self.kept_back);
        let moved = |event: RecordedEvent| RecordedEvent {
            position: Position::new(event.position.get() * STEP),
            ..event
        };
        events.map(moved).collect()
    }
}

#[async_trait]
impl EventLog for Sparse {
    fn identity(&self) -> LogIdentity {
        IDENTITY
    }
    fn order(&self) -> PositionOrder {
        PositionOrder::Sparse
    }
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.log.append(append).await
    }
    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError> {
        Ok(self.shown(self.log.read(Position::new(after.get() / STEP), limit).await?))
    }
    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        Ok(self.shown(self.log.read_stream(stream, from).await?))
    }
    async fn find(&self, id: Uuid) -> Result<Option<RecordedEvent>, ReadError> {
        self.log.find(id).await
    }
    async fn head(&self) -> Result<Position, ReadError> {
        Ok(Position::new(self.log.head().await?.get() * STEP))
    }
    async fn wait(&self, after: Position, patience: Duration) -> Result<Position, ReadError> {
        let head = self.log.wait(Position::new(after.get() / STEP), patience).await?;
        Ok(Position::new(head.get() * STEP))
    }
}

fn keys() -> Arc<MacKeys> {
    Arc::new(MacKeys::new((MacKeyId(1), MacKey::new([1; 32])), Vec::new()))
}

/// A log of so many events, one of which may be kept back.
async fn log(events: u64, kept_back: Option<u64>) -> Arc<dyn EventLog> {
    let log = MemoryLog::new(IDENTITY);
    for revision in 0..events {
        let at = Timestamp::from_millis(1_800_000_000_000 + i64::try_from(revision).expect("few"));
        let draft = Draft {
            id: uuid_v7(at, [7; 10]),
            log: IDENTITY.log,
            epoch: IDENTITY.epoch,
            stream: Stream::Catalogue,
            revision,
            occurred_at: at,
            actor: Actor { kind: ActorKind::Keyring, id: IDENTITY.log.to_string() },
            request_id: "test".to_owned(),
            body: Body::Catalogue(ScopeCatalogueChanged { catalogue: Catalogue::builtin() }),
            private: Private { nonce: [7; 16], verifier: None, request_digest: None },
        };
        let sealed = seal(&draft, &keys()).expect("an event");
        let (public, private, mac) = (sealed.public, sealed.private, sealed.mac);
        let event = NewEvent { id: draft.id, revision: Revision::new(revision), public, private, mac };
        let append = Append {
            stream: StreamName::new("catalogue"),
            events: vec![event],
            claims: Vec::new(),
            lane: Lane::Ordinary,
        };
        log.append(append).await.expect("appended");
    }
    Arc::new(Sparse { log, kept_back })
}

/// Lets a signer sign a log, or refuse to; how it ended up.
async fn sign(log: &Arc<dyn EventLog>, home: &std::path::Path) -> State {
    let signer = Signer::spawn(SignerParts {
        log: PublicLog::of(log.clone()),
        keys: Arc::new(keys),
        key: SigningKey::from_seed([1; 32]),
        memory: home.join("signed"),
        directory: home.join("tree"),
        every: Duration::ZERO,
        clock: Arc::new(Instant::now),
    });
    let signer = signer.expect("a thread");
    let mut progress = signer.watch();
    let settled = |state: &State| matches!(state, State::Live) || state.is_over();
    let state = progress.wait_for(|progress| settled(&progress.state)).await.expect("a word").state.clone();
    signer.stop().await;
    state
}

async fn findings(log: &Arc<dyn EventLog>, home: &std::path::Path) -> Vec<Finding> {
    let history = History::new(log.clone(), Some(Arc::new(keys)));
    let tiles = Directory::of(&home.join("tree"), Origin(IDENTITY));
    let parts = VerifyParts { history: &history, tiles: &tiles, key: None, saved: None, now: None };
    verify(parts, |_, _| {}).await.expect("verified").findings
}

#[tokio::test(flavor = "multi_thread")]
async fn leaves_are_counted_from_0_without_gaps_whatever_the_positions_are() {
    let home = tempfile::tempdir().expect("a directory");
    let whole = log(300, None).await;
    assert!(matches!(sign(&whole, home.path()).await, State::Live));
    assert_eq!(findings(&whole, home.path()).await, []);
    let directory = Directory::of(&home.path().join("tree"), Origin(IDENTITY));
    let note = directory.checkpoint().await.expect("read").expect("a checkpoint");
    let checkpoint = Checkpoint::open(&note, &SigningKey::from_seed([1; 32]).verifier_key()).expect("signed");
    assert_eq!(checkpoint.size, 300);
    let event = whole.read(Position::new(256 * STEP), 1).await.expect("read").remove(0);
    assert_eq!(event.position.get(), 257 * STEP);
    prove_inclusion(&directory, &checkpoint, 256, leaf_hash(&event.public)).await.expect("a proof");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_missing_where_positions_have_gaps_is_named_and_not_signed_over() {
    let home = tempfile::tempdir().expect("a directory");
    assert!(matches!(sign(&log(300, None).await, home.path()).await, State::Live));
    let lacking = log(300, Some(120)).await;
    let found = findings(&lacking, home.path()).await;
    assert!(found.contains(&Finding::Deleted { leaf: 119 }), "{found:?}");
    let (stream, position) = ("catalogue".to_owned(), 121 * STEP);
    assert!(found.contains(&Finding::Revision { position, stream, found: 120, expected: 119 }), "{found:?}");
    let State::Stopped(reason) = sign(&lacking, home.path()).await else { panic!("it signs") };
    assert!(reason.to_string().contains("holds 299 events"), "{reason}");
}
