use std::time::{Duration, Instant};

use keyledger_event_log::{Checkpoint, LogIdentity};
use sqlx::Connection as _;
use tokio::time;

use super::{
    Database,
    lease::Session,
    questions,
    schema::{self, Schema, identified, unusable},
    standing::{Standing, standing},
    write,
};
use crate::{
    ApplyError, Change, Contents, OpenError, PartnerKeysReader, ReadModelError, batch, checkpoint,
    reader::Source,
};

/// How long whoever stands by waits for the rows to hold what it was brought.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it looks, at first and at most.
const FIRST_LOOK: Duration = Duration::from_millis(2);
const LONGEST_LOOK: Duration = Duration::from_millis(25);

/// How long one try may take. Whoever waits for longer is cut off from the database.
const TRY: Duration = Duration::from_secs(15);

/// How often the lease is kept, or looked for, where nothing comes.
const EVERY: Duration = Duration::from_millis(900);

/// The half that writes, in a database.
pub(crate) struct Writer {
    database: Database,
    schema: Schema,
    log: LogIdentity,
    /// None: a new one is made when it is needed.
    session: Option<Session>,
    /// The last event that was taken in, by whoever wrote it.
    pub(crate) checkpoint: Checkpoint,
    /// When the lease was last kept.
    kept: Option<Instant>,
}

/// What came of a try.
enum Tried {
    /// The rows hold everything.
    Held,
    /// Another process writes, and has come to here.
    StoodBy(Checkpoint),
    /// The rows hold less than was seen in them.
    FellBack(Checkpoint),
}

impl Writer {
    /// Opens the lists, and makes them where there are none.
    pub(crate) fn open(database: &Database, log: LogIdentity) -> Result<Self, OpenError> {
        database.wait(Self::open_schema(database, Schema::Lists, log))
    }

    /// Makes new lists beside those which are read, and removes what an earlier try left.
    pub(crate) fn beside(database: &Database, log: LogIdentity) -> Result<Self, OpenError> {
        database.wait(async {
            let failed = |error: sqlx::Error| unusable(database, error);
            let mut session = Session::connect(database, Schema::Next).await.map_err(failed)?;
            if !session.lead().await.map_err(failed)? {
                return Err(OpenError::BeingRebuilt { place: database.to_string() });
            }
            write::clear_away(&mut session.db).await.map_err(failed)?;
            let mut writer = Self::open_schema(database, Schema::Next, log).await?;
            writer.session = Some(session);
            Ok(writer)
        })
    }

    async fn open_schema(database: &Database, schema: Schema, log: LogIdentity) -> Result<Self, OpenError> {
        let failed = |error: sqlx::Error| unusable(database, error);
        let mut session = Session::connect(database, schema).await.map_err(failed)?;
        // Only the owner of the tables may change them, and who writes into them need not be it.
        if schema::is_current(database, schema, &mut session.db).await?.is_some() {
            let made = schema::migrate(database, schema).await;
            made.map_err(|source| OpenError::Schema {
                place: database.to_string(),
                source: Box::new(source),
            })?;
        }
        write::begin(&mut session.db, log).await.map_err(failed)?;
        let found = identified(&mut session.db, checkpoint::CHECKPOINT.postgres).await;
        let checkpoint = match found.map_err(|error| unusable(database, error))? {
            Some((found, checkpoint)) if found == log => checkpoint,
            Some((found, _)) => {
                return Err(OpenError::AnotherLog { place: database.to_string(), found, wanted: log });
            }
            None => return Err(OpenError::Missing { place: database.to_string() }),
        };
        let database = database.clone();
        Ok(Self { database, schema, log, session: Some(session), checkpoint, kept: None })
    }

    /// Takes the changes in: writes them, or waits until whoever holds the lease has written them.
    pub(crate) fn apply(&mut self, changes: &[Change<'_>]) -> Result<(), ApplyError> {
        let database = self.database.clone();
        database.wait(self.take_in(changes))
    }

    async fn take_in(&mut self, changes: &[Change<'_>]) -> Result<(), ApplyError> {
        let Some(last) = changes.last() else { return Ok(()) };
        let give_up = time::Instant::now() + PATIENCE;
        let (mut look, mut lost) = (FIRST_LOOK, false);
        loop {
            let tried = time::timeout(TRY, self.try_once(changes)).await;
            match tried.unwrap_or_else(|_| Err(unavailable("the database does not answer"))) {
                Ok(Tried::Held) => {
                    self.checkpoint = last.checkpoint();
                    return Ok(());
                }
                Ok(Tried::FellBack(found)) => {
                    self.fall_back(found);
                    return Err(unavailable("the lists fell back, and are brought up again"));
                }
                Ok(Tried::StoodBy(found)) if time::Instant::now() >= give_up => {
                    let position = found.position;
                    return Err(unavailable(&format!(
                        "another process writes the lists, and is at {position}"
                    )));
                }
                Ok(Tried::StoodBy(_)) => {
                    time::sleep(look).await;
                    look = LONGEST_LOOK.min(look * 2);
                }
                // A connection that was cut says nothing of the database: what was committed is found on a new one.
                Err(ApplyError::Model(ReadModelError::Unavailable(why))) if !lost => {
                    tracing::debug!(why, "the connection of the lists was lost; trying again");
                    (self.session, lost) = (None, true);
                }
                Err(error) => {
                    self.session = None;
                    return Err(error);
                }
            }
        }
    }

    fn fall_back(&mut self, found: Checkpoint) {
        let (from, to) = (self.checkpoint.position, found.position);
        tracing::warn!(%from, %to, "the lists lost their last moments, and are brought up again");
        self.checkpoint = found;
    }

    async fn try_once(&mut self, changes: &[Change<'_>]) -> Result<Tried, ApplyError> {
        let session = self.session().await.map_err(ReadModelError::from)?;
        // Whoever has it has it for as long as the session answers, which the writing itself shows.
        let leads = session.leads || session.lead().await.map_err(ReadModelError::from)?;
        if leads { self.write(changes).await } else { self.stand_by(changes).await }
    }

    async fn session(&mut self) -> sqlx::Result<&mut Session> {
        match &mut self.session {
            Some(session) => Ok(session),
            none => Ok(none.insert(Session::connect(&self.database, self.schema).await?)),
        }
    }

    /// Looks how far whoever holds the lease has come.
    async fn stand_by(&mut self, changes: &[Change<'_>]) -> Result<Tried, ApplyError> {
        let (log, seen) = (self.log, self.checkpoint.clone());
        let session = self.session().await.map_err(ReadModelError::from)?;
        let found = identified(&mut session.db, checkpoint::CHECKPOINT.postgres).await?;
        // Between two generations there is none.
        let Some((identity, found)) = found else { return Ok(Tried::StoodBy(seen)) };
        must_be(identity, log)?;
        Ok(match standing(&found, &seen, changes)? {
            Standing::Hold => Tried::Held,
            Standing::Lack(_) => Tried::StoodBy(found),
            Standing::FellBack => Tried::FellBack(found),
        })
    }

    /// Writes what the rows lack, in one transaction that begins with the lock of the checkpoint's row.
    async fn write(&mut self, changes: &[Change<'_>]) -> Result<Tried, ApplyError> {
        let (log, seen) = (self.log, self.checkpoint.clone());
        let session = self.session().await.map_err(ReadModelError::from)?;
        let mut transaction = session.db.begin().await.map_err(ReadModelError::from)?;
        let done: Result<_, ApplyError> = async {
            let Some((identity, found)) = identified(&mut transaction, write::LOCKED).await? else {
                // The row was taken away by a rebuild that took its place: the name stands for other tables now.
                return Ok((Tried::StoodBy(seen), false));
            };
            must_be(identity, log)?;
            let lacking = match standing(&found, &seen, changes)? {
                Standing::Hold => return Ok((Tried::Held, false)),
                Standing::FellBack => return Ok((Tried::FellBack(found), false)),
                Standing::Lack(held) => &changes[held..],
            };
            let held = write::held(&mut transaction, batch::touched(lacking)).await?;
            write::write(&mut transaction, &batch::fold(held, lacking)?).await?;
            if let Some(last) = lacking.last() {
                write::advance(&mut transaction, &last.checkpoint()).await.map_err(ReadModelError::from)?;
            }
            Ok((Tried::Held, true))
        }
        .await;
        let ended = match &done {
            Ok((_, true)) => transaction.commit().await,
            _ => transaction.rollback().await,
        };
        let (tried, _) = done?;
        ended.map_err(ReadModelError::from)?;
        Ok(tried)
    }

    /// Lets the database hear of the lease, or looks whether it is free, about once a second.
    pub(crate) fn keep(&mut self, at: Instant) {
        if self.kept.is_some_and(|kept| at.saturating_duration_since(kept) < EVERY) {
            return;
        }
        self.kept = Some(at);
        let database = self.database.clone();
        let kept = database.wait(async {
            let kept = self.look().await;
            if kept.is_ok() {
                return kept;
            }
            // The connection may have been cut long ago.
            self.session = None;
            self.look().await
        });
        match kept {
            Ok(Tried::FellBack(found)) => self.fall_back(found),
            Ok(Tried::Held | Tried::StoodBy(_)) => {}
            Err(error) => {
                tracing::debug!(%error, "the database of the lists is away");
                let session = self.session.take();
                self.database.wait(async move { drop(session) });
            }
        }
    }

    /// Looks for the lease, and how far the rows are.
    async fn look(&mut self) -> Result<Tried, ApplyError> {
        let look = async {
            let session = self.session().await.map_err(ReadModelError::from)?;
            session.lead().await.map_err(ReadModelError::from)?;
            self.stand_by(&[]).await
        };
        let late = |_| Err(unavailable("the database does not answer"));
        time::timeout(PATIENCE, look).await.unwrap_or_else(late)
    }

    pub(crate) fn contents(&self) -> Result<Contents, ReadModelError> {
        questions::contents_of(&self.database, self.schema)
    }

    pub(crate) fn reader(&self) -> Result<PartnerKeysReader, OpenError> {
        schema::to_read(&self.database, self.log)?;
        Ok(PartnerKeysReader(Source::Database(self.database.clone())))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Within the runtime; and in order, so that whoever stands by need not wait for the server to notice.
        let session = self.session.take();
        let close = async {
            if let Some(session) = session {
                let _ = session.db.close().await;
            }
        };
        self.database.wait(async {
            let _ = time::timeout(Duration::from_secs(1), close).await;
        });
    }
}

fn must_be(found: LogIdentity, log: LogIdentity) -> Result<(), ApplyError> {
    if found == log { Ok(()) } else { Err(ApplyError::AnotherWriter) }
}

fn unavailable(why: &str) -> ApplyError {
    ApplyError::Model(ReadModelError::Unavailable(why.to_owned()))
}
