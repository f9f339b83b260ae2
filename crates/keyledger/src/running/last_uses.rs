//! What keeps the minutes in which secrets were last used beyond the life of the process: they go from the key index to
//! their table, once a minute.
//!
//! Nothing depends on that table but what people are shown, so no trouble with it ends the process or keeps it from
//! starting.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use keyledger_domain::Timestamp;
use keyledger_event_log::Position;
use keyledger_read_models::{LastUsedError, LastUsedTable};
use keyledger_validator::KeyIndex;
use tokio::{task, time};

use super::FollowedIndex;
use crate::installation::ModelsPlace;

/// How often they are written.
const EVERY: Duration = Duration::from_secs(60);

/// How long a start waits for the table.
const AT_THE_START: Duration = Duration::from_secs(5);

/// Before every use.
const BEGINNING: Timestamp = Timestamp::from_millis(0);

/// Takes last uses from the key index to their table.
pub(crate) struct LastUses(Arc<Mutex<Keeper>>);

/// Works on a thread that may block.
struct Keeper {
    index: Arc<KeyIndex>,
    place: ModelsPlace,
    /// None while it cannot be used.
    table: Option<LastUsedTable>,
    /// Up to here the table has everything.
    since: Timestamp,
}

impl LastUses {
    /// Opens the table of an index. A damaged one is made anew, and one that cannot be used is tried again with
    /// each writing.
    pub(crate) async fn open(followed: &FollowedIndex, models: &ModelsPlace) -> Self {
        let served_before = followed.restored > Position::START;
        if let ModelsPlace::Files { last_used: path, .. } = models
            && served_before
            && !path.exists()
        {
            tracing::warn!(path = %path.display(), "there is no table of last uses: it is made, and knows of no use before this start");
        }
        let keeper =
            Keeper { index: followed.index.clone(), place: models.clone(), table: None, since: BEGINNING };
        let last_uses = Self(Arc::new(Mutex::new(keeper)));
        if time::timeout(AT_THE_START, last_uses.write()).await.is_err() {
            tracing::warn!("the table of last uses does not answer: it is tried again in a minute");
        }
        last_uses
    }

    /// Writes once a minute, for ever.
    pub(crate) async fn keep(&self) {
        loop {
            time::sleep(EVERY).await;
            self.write().await;
        }
    }

    /// Writes what was used since the last time. A writing that has begun is waited for.
    pub(crate) async fn write(&self) {
        let keeper = self.0.clone();
        let work = move || keeper.lock().unwrap_or_else(PoisonError::into_inner).write();
        if let Err(error) = task::spawn_blocking(work).await {
            tracing::error!(%error, "last uses could not be written");
        }
    }
}

impl Keeper {
    /// Writes what the table lacks. What could not be written stays in the index, and is tried again the next time.
    fn write(&mut self) {
        let done = match self.record() {
            Err(LastUsedError::Damaged(why)) => {
                tracing::warn!(place = %self.place, why, "the table of last uses is damaged: it is made anew, and knows of no use before this start");
                self.make_anew()
            }
            done => done,
        };
        if let Err(error) = done {
            tracing::warn!(place = %self.place, %error, "last uses cannot be written: it is tried again in a minute");
        }
    }

    fn record(&mut self) -> Result<(), LastUsedError> {
        let table = match &mut self.table {
            Some(table) => table,
            none => none.insert(self.place.write_last_used()?),
        };
        let used = self.index.used_since(self.since);
        table.record(used.secrets)?;
        self.since = used.next;
        Ok(())
    }

    /// Whoever still reads the old file misses nothing: what came since this start is in the index.
    fn make_anew(&mut self) -> Result<(), LastUsedError> {
        self.table = None;
        self.place.remove_last_used()?;
        self.since = BEGINNING;
        self.record()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        path::{Path, PathBuf},
    };

    use keyledger_command_service::ports::LastUsed;
    use keyledger_domain::{Catalogue, Clock as _, Prefix, verdict::Code};
    use keyledger_secret::PlaintextSecret;
    use keyledger_validator::WorkingKey;
    use tempfile::TempDir;

    use super::*;
    use crate::{
        data_dir::{DataDir, Role},
        environment::SystemClock,
        installation::{self, Begun, Installation},
        running::ports::IndexAndTable,
        serve::Readers,
        settings::{Flag, Settings, Sources, load},
    };

    /// A registry that is served in this process, without listeners.
    struct Served {
        installation: Installation,
        readers: Readers,
        uses: LastUses,
        port: IndexAndTable,
    }

    impl Served {
        async fn start(settings: &Settings) -> Self {
            let installation = Installation::open(settings, Role::Serve).await.expect("a registry");
            let readers = Readers::start(settings, &installation).expect("readers");
            while readers.followed.index.silence().is_none() {
                time::sleep(Duration::from_millis(1)).await;
            }
            let uses = LastUses::open(&readers.followed, &readers.models).await;
            let port =
                IndexAndTable { index: readers.followed.index.clone(), table: readers.last_used.clone() };
            Self { installation, readers, uses, port }
        }

        fn table(&self) -> PathBuf {
            self.installation.directory.last_used()
        }

        fn use_it(&self, secret: &PlaintextSecret) {
            let verdict =
                self.readers.followed.index.authenticate(secret.expose().as_bytes(), &WorkingKey, 1);
            assert_eq!(verdict.ok().map(|verdict| verdict.code), Some(Code::Valid));
        }

        async fn told(&self, secret: &PlaintextSecret) -> Option<Timestamp> {
            let told = self.port.last_used(&[prefix(secret)]).await.expect("an answer");
            assert_eq!(told.len(), 1);
            told[0]
        }

        /// Ends as the process does, or as it does where it is killed.
        async fn stop(self, in_order: bool) {
            self.readers.stop().await;
            if in_order {
                self.uses.write().await;
            }
        }
    }

    fn prefix(secret: &PlaintextSecret) -> Prefix {
        Prefix::parse(&secret.prefix()).expect("a secret begins with a prefix")
    }

    fn this_minute() -> Timestamp {
        Timestamp::from_minutes(SystemClock.now().minutes())
    }

    /// A new registry, and its operator's secret.
    async fn registry() -> (TempDir, Settings, PlaintextSecret) {
        let home = tempfile::tempdir().expect("a directory");
        let value = home.path().join("data").display().to_string();
        let data_dir = Flag { setting: "server.data_dir", flag: "--data-dir", value };
        let loaded = load(&Sources { flags: vec![data_dir], ..Sources::default() }).expect("settings");
        let begun = installation::begin(&loaded.settings, Catalogue::builtin()).await.expect("a registry");
        let Begun::Made { operator_key, .. } = begun else { panic!("there was one already") };
        (home, loaded.settings, operator_key)
    }

    #[tokio::test]
    async fn a_use_is_told_at_once_and_still_after_a_restart() {
        let (_home, settings, secret) = registry().await;
        let served = Served::start(&settings).await;
        assert_eq!(served.told(&secret).await, None);
        let before = this_minute();
        served.use_it(&secret);
        let told = served.told(&secret).await.expect("a use");
        assert!(before <= told && told <= this_minute(), "{told}");
        served.stop(true).await;

        let served = Served::start(&settings).await;
        assert_eq!(served.readers.followed.index.last_used(prefix(&secret)), None, "the index begins anew");
        assert_eq!(served.told(&secret).await, Some(told));
        served.stop(true).await;
    }

    #[tokio::test]
    async fn a_crash_takes_away_only_what_was_not_written_yet() {
        let (_home, settings, secret) = registry().await;
        let served = Served::start(&settings).await;
        served.use_it(&secret);
        served.uses.write().await;
        let told = served.told(&secret).await;
        served.stop(false).await;
        let served = Served::start(&settings).await;
        assert_eq!(served.told(&secret).await, told);
        served.stop(true).await;
    }

    #[tokio::test]
    async fn the_time_never_goes_back_also_where_the_clock_did() {
        let (_home, settings, secret) = registry().await;
        let served = Served::start(&settings).await;
        let ahead = this_minute().plus_seconds(3_600);
        let mut table = LastUsedTable::open(served.table()).expect("the table");
        table.record(vec![(prefix(&secret), ahead)]).expect("an earlier process, whose clock was ahead");
        drop(table);
        served.use_it(&secret);
        assert_eq!(served.told(&secret).await, Some(ahead));
        served.stop(true).await;
        let served = Served::start(&settings).await;
        assert_eq!(served.told(&secret).await, Some(ahead));
        served.stop(true).await;
    }

    fn damage(path: &Path) {
        fs::write(path, "this is no database any more".repeat(1_000)).expect("a damaged file");
    }

    #[tokio::test]
    async fn a_table_that_is_damaged_at_the_start_is_made_anew() {
        let (_home, settings, secret) = registry().await;
        let served = Served::start(&settings).await;
        served.use_it(&secret);
        let path = served.table();
        served.stop(true).await;
        damage(&path);

        let served = Served::start(&settings).await;
        assert_eq!(served.told(&secret).await, None);
        served.use_it(&secret);
        let told = served.told(&secret).await;
        served.stop(true).await;
        let served = Served::start(&settings).await;
        assert!(told.is_some() && served.told(&secret).await == told);
        served.stop(true).await;
    }

    #[tokio::test]
    async fn a_table_that_cannot_be_used_keeps_nobody_from_starting_and_is_tried_again() {
        let (_home, settings, secret) = registry().await;
        let directory = table_of(&settings);
        fs::create_dir(&directory).expect("something in the way");
        let served = Served::start(&settings).await;
        served.use_it(&secret);
        served.uses.write().await;
        let told = served.port.last_used(&[prefix(&secret)]).await;
        assert!(told.is_err(), "what cannot be known is not told as never: {told:?}");
        fs::remove_dir(&directory).expect("it can be removed");
        served.uses.write().await;
        let told = served.told(&secret).await;
        served.stop(false).await;
        let served = Served::start(&settings).await;
        assert!(told.is_some() && served.told(&secret).await == told, "what was not written then is now");
        served.stop(true).await;
    }

    fn table_of(settings: &Settings) -> PathBuf {
        DataDir::new(&settings.server.data_dir).last_used()
    }
}
