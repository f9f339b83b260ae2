use keyledger_event_log::{LogIdentity, Position};
use sqlx::PgConnection;

use super::{
    Database,
    schema::{Schema, identified, unusable},
    write,
};
use crate::{OpenError, PartnerKeys, ReadModelError, checkpoint, partner_keys::Writer, postgres};

/// Lists that are made anew in a database while others are read, and take their place.
///
/// Whoever makes them brings [`lists`](Self::lists) up to the head of the log, [holds](Self::hold) the others, brings the
/// new ones up by what was recorded meanwhile, and [puts them in place](Self::finish). Only for that last stretch nothing
/// is written to the lists that are read, and they are read all along. One that does not come to its end leaves tables
/// that nobody reads; the next one removes them.
pub struct Swap {
    database: Database,
    log: LogIdentity,
    /// In a transaction that holds the present lists, once they are held.
    db: Option<PgConnection>,
}

/// Why new lists did not take the place of others. Those are as they were.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SwapError {
    /// They hold less than the others, or are of another log.
    #[error(
        "the lists that are read hold more than the log: they have come to position {held}, and the new ones to {new}"
    )]
    Behind {
        /// Up to where the new ones are.
        new: Position,
        /// Up to where the others are.
        held: Position,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Model(#[from] ReadModelError),
}

/// The names of the schemas change, and nothing else: a statement that runs goes on with the tables it has locked, and the
/// next one finds the new ones. The row of the checkpoint goes, so that a writer that waits for it finds that it is late.
/// Whoever had rights has them on the new tables too.
const EXCHANGE: &str = r#"
    DO $$
    DECLARE command text;
    BEGIN
        FOR command IN
            SELECT format('GRANT %s ON SCHEMA keyledger_lists_next TO %s', held.privilege_type,
                          CASE held.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(held.grantee)) END)
            FROM pg_namespace, aclexplode(nspacl) held
            WHERE nspname = 'keyledger_lists' AND held.grantee <> nspowner
            UNION ALL
            SELECT format('GRANT %s ON keyledger_lists_next.%I TO %s', held.privilege_type, relname,
                          CASE held.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(held.grantee)) END)
            FROM pg_class, aclexplode(relacl) held
            WHERE relnamespace = to_regnamespace('keyledger_lists') AND relkind = 'r' AND held.grantee <> relowner
              AND to_regclass(format('keyledger_lists_next.%I', relname)) IS NOT NULL
        LOOP
            EXECUTE command;
        END LOOP;
        IF to_regnamespace('keyledger_lists') IS NOT NULL THEN
            DELETE FROM keyledger_lists.checkpoint;
            ALTER SCHEMA keyledger_lists RENAME TO keyledger_lists_old;
        END IF;
        ALTER SCHEMA keyledger_lists_next RENAME TO keyledger_lists;
    END $$
"#;

/// Where the lists that are read are owned by somebody else than whoever asks.
const ANOTHER_OWNER: &str = "
    SELECT pg_get_userbyid(nspowner)::text FROM pg_namespace
    WHERE nspname = 'keyledger_lists' AND pg_get_userbyid(nspowner) <> current_user";

impl Swap {
    /// Begins to make the lists of a log anew, beside those that are read, of which there may be none.
    ///
    /// # Errors
    /// [`OpenError::BeingRebuilt`] where another process does, [`OpenError::NotTheOwner`] for who could not give the new
    /// tables to whoever had the others; otherwise as [`PartnerKeys::open_in`].
    pub fn begin(database: &Database, log: LogIdentity) -> Result<(Self, PartnerKeys), OpenError> {
        let failed = |error: sqlx::Error| unusable(database, error);
        let owner: Option<String> = database.wait(async {
            let mut db = database.connect(Schema::Lists, &[]).await.map_err(failed)?;
            sqlx::query_scalar(ANOTHER_OWNER).fetch_optional(&mut db).await.map_err(failed)
        })?;
        if let Some(owner) = owner {
            return Err(OpenError::NotTheOwner { place: database.to_string(), owner });
        }
        let lists = postgres::Writer::beside(database, log)?;
        let lists = PartnerKeys(Writer::Database(Box::new(lists)));
        Ok((Self { database: database.clone(), log, db: None }, lists))
    }

    /// Holds the lists that are read: nothing is written to them until this is finished or dropped.
    ///
    /// # Errors
    /// [`SwapError`], where a writer does not let go of them.
    pub fn hold(&mut self) -> Result<(), SwapError> {
        let database = self.database.clone();
        let db: sqlx::Result<_> = database.wait(async {
            let settings = [("lock_timeout", "10s"), ("idle_in_transaction_session_timeout", "20s")];
            let mut db = database.connect(Schema::Lists, &settings).await?;
            // Statistics come with time; the first pages cannot wait for it.
            for table in ["partner_keys", "partners", "prefixes", "streams"] {
                let analyze = sqlx::AssertSqlSafe(format!("ANALYZE {}.{table}", Schema::Next.name()));
                sqlx::raw_sql(analyze).execute(&mut db).await?;
            }
            sqlx::raw_sql("BEGIN").execute(&mut db).await?;
            let there: bool =
                sqlx::query_scalar("SELECT to_regclass('checkpoint') IS NOT NULL").fetch_one(&mut db).await?;
            if there {
                sqlx::query(write::LOCKED).execute(&mut db).await?;
            }
            Ok(db)
        });
        self.db = Some(db.map_err(ReadModelError::from)?);
        Ok(())
    }

    /// Puts the new lists in the place of those that are held. Where those hold more of this log they stay, unless this is
    /// `forced`.
    ///
    /// # Errors
    /// [`SwapError`].
    pub fn finish(mut self, lists: PartnerKeys, forced: bool) -> Result<(), SwapError> {
        let database = self.database.clone();
        let new = lists.checkpoint().position;
        // Their writer has nothing more to say; its lease goes on until it is dropped.
        let Some(mut db) = self.db.take() else {
            return Err(ReadModelError::Unavailable("the lists are not held".to_owned()).into());
        };
        database.wait(async {
            let there: bool = sqlx::query_scalar("SELECT to_regclass('checkpoint') IS NOT NULL")
                .fetch_one(&mut db)
                .await
                .map_err(ReadModelError::from)?;
            if there
                && !forced
                && let Some((log, held)) = identified(&mut db, checkpoint::CHECKPOINT.postgres).await?
                && (log != self.log || held.position > new)
            {
                return Err(SwapError::Behind { new, held: held.position });
            }
            let exchanged: sqlx::Result<()> = async {
                sqlx::raw_sql(EXCHANGE).execute(&mut db).await?;
                sqlx::raw_sql("COMMIT").execute(&mut db).await?;
                // Whoever still reads them comes to its end first. Where that takes too long, the next rebuild removes them.
                let removed = sqlx::raw_sql("DROP SCHEMA IF EXISTS keyledger_lists_old CASCADE").execute(&mut db).await;
                if let Err(error) = removed {
                    tracing::warn!(%error, "the lists of before are still there: the next rebuild removes them");
                }
                Ok(())
            }
            .await;
            exchanged.map_err(ReadModelError::from)?;
            Ok(())
        })
    }
}

impl Drop for Swap {
    fn drop(&mut self) {
        let db = self.db.take();
        self.database.wait(async move { drop(db) });
    }
}
