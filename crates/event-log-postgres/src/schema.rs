use keyledger_event_log::LogIdentity;
use sqlx::{
    PgConnection, PgPool,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};
use uuid::Uuid;

/// One migration for each schema version, in order; a released one is never edited.
const MIGRATIONS: &[(&str, &str)] =
    &[("events", include_str!("../../../migrations/postgres/log/0001_events.sql"))];

/// The schema version that this build reads and writes.
pub(crate) const KNOWN: i64 = MIGRATIONS.len() as i64;

/// Where it is noted which of them were applied. The read models' own stand in another table.
const TABLE: &str = "log_migrations";

/// The schema version of a database; 0 where there is no log.
pub(crate) async fn version(db: &mut PgConnection) -> sqlx::Result<i64> {
    let there: bool =
        sqlx::query_scalar("SELECT to_regclass('log_migrations') IS NOT NULL").fetch_one(&mut *db).await?;
    if !there {
        return Ok(0);
    }
    sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM log_migrations WHERE success")
        .fetch_one(db)
        .await
}

/// Brings the schema to this build's version. Of several processes that start at once one does it and the others wait.
pub(crate) async fn migrate(db: &PgPool) -> Result<(), MigrateError> {
    let migrations = (1..).zip(MIGRATIONS).map(|(version, (description, sql))| {
        let sql = sqlx::SqlStr::from_static(sql);
        Migration::new(version, (*description).into(), MigrationType::Simple, sql, false)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.dangerous_set_table_name(TABLE);
    migrator.run(db).await
}

/// Which log this is; none where none was begun.
pub(crate) async fn identity(db: &mut PgConnection) -> sqlx::Result<Option<LogIdentity>> {
    let row: Option<(Uuid, i32)> =
        sqlx::query_as("SELECT log, epoch FROM identity").fetch_optional(db).await?;
    Ok(row.map(|(log, epoch)| LogIdentity { log, epoch: epoch.unsigned_abs() }))
}

/// Writes down, once, which log this is. False: it is one already.
pub(crate) async fn set_identity(db: &mut PgConnection, identity: LogIdentity) -> sqlx::Result<bool> {
    let epoch = i32::try_from(identity.epoch).unwrap_or(i32::MAX);
    let done = sqlx::query("INSERT INTO identity (log, epoch) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(identity.log)
        .bind(epoch)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether there are events: without an identity they are a copy that was not finished.
pub(crate) async fn holds_events(db: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM events)").fetch_one(db).await
}
