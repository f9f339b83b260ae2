use std::{
    sync::{Arc, atomic::AtomicU64, atomic::Ordering::Relaxed},
    time::Duration,
};

use async_trait::async_trait;
use keyledger_command_service::ports::Readers;
use keyledger_domain::{KeyId, Prefix};
use keyledger_event_log::Position;
use keyledger_projectors::Projector;
use keyledger_validator::KeyIndex;
use tokio::{
    sync::Mutex,
    task,
    time::{sleep, timeout},
};

use super::Lists;

/// The readers in this process: the key index and the lists.
pub(crate) struct LocalReaders {
    pub(crate) index: Arc<KeyIndex>,
    pub(crate) projectors: Vec<Arc<Projector>>,
}

#[async_trait]
impl Readers for LocalReaders {
    async fn applied(&self, position: Position, patience: Duration) -> bool {
        let all = async {
            for projector in &self.projectors {
                if !projector.applied(position, patience).await {
                    return false;
                }
            }
            true
        };
        // The patience is for all of them together.
        timeout(patience, all).await.unwrap_or(false)
    }

    fn named_by(&self, prefix: Prefix) -> Option<KeyId> {
        self.index.named_by(prefix)
    }
}

/// The key index in this process, and the lists that another one makes.
pub(crate) struct IndexHereListsElsewhere {
    pub(crate) index: Arc<KeyIndex>,
    pub(crate) projector: Arc<Projector>,
    pub(crate) lists: FollowedLists,
}

#[async_trait]
impl Readers for IndexHereListsElsewhere {
    async fn applied(&self, position: Position, patience: Duration) -> bool {
        let (index, lists) =
            tokio::join!(self.projector.applied(position, patience), self.lists.reach(position, patience));
        index && lists.unwrap_or(false)
    }

    fn named_by(&self, prefix: Prefix) -> Option<KeyId> {
        self.index.named_by(prefix)
    }
}

/// How often the lists are asked for what another process has put into them.
const PERIOD: Duration = Duration::from_millis(5);

/// How far lists have come that another process makes. However many wait, one of them asks.
#[derive(Clone)]
pub(crate) struct FollowedLists(Arc<Followed>);

struct Followed {
    lists: Lists,
    known: AtomicU64,
    asking: Mutex<()>,
}

impl FollowedLists {
    /// Follows these, whenever somebody waits for them.
    pub(crate) fn new(lists: Lists) -> Self {
        Self(Arc::new(Followed { lists, known: AtomicU64::new(0), asking: Mutex::new(()) }))
    }

    /// Up to where they had come when somebody last asked.
    pub(crate) fn known(&self) -> Position {
        Position::new(self.0.known.load(Relaxed))
    }

    /// Waits until they hold the event at `position`, at most for `patience`; says whether they do.
    ///
    /// # Errors
    /// One sentence, where nobody can tell.
    pub(crate) async fn reach(&self, position: Position, patience: Duration) -> Result<bool, String> {
        let mut trouble = None;
        let reached = async {
            while self.known() < position {
                // Whoever waits for its turn finds what the one before it was told.
                let _turn = self.0.asking.lock().await;
                if self.known() >= position {
                    break;
                }
                trouble = self.ask().await.err();
                if self.known() < position {
                    sleep(PERIOD).await;
                }
            }
        };
        let reached = timeout(patience, reached).await.is_ok();
        match trouble {
            Some(why) if !reached => Err(why),
            _ => Ok(reached),
        }
    }

    /// Looks how far they have come.
    ///
    /// # Errors
    /// One sentence, where nobody can tell.
    pub(crate) async fn look(&self) -> Result<(), String> {
        let _turn = self.0.asking.lock().await;
        self.ask().await
    }

    async fn ask(&self) -> Result<(), String> {
        let lists = self.0.lists.clone();
        let ask = move || lists.reader()?.checkpoint().map_err(|error| error.to_string());
        let found = task::spawn_blocking(ask).await.map_err(|error| error.to_string())??;
        // They may have been made anew meanwhile, and are then behind.
        self.0.known.store(found.position.get(), Relaxed);
        Ok(())
    }
}
