use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, SqlStr,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};

/// Where it is noted which migrations were applied, in each schema.
const TABLE: &str = "migrations";

/// Tables in a schema of their own. None of their statements names it: the connections do, by their `search_path`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tables {
    /// The schema's name.
    pub schema: &'static str,
    /// What makes them: a description and its SQL for each version, in order. A released one is never edited.
    pub migrations: &'static [(&'static str, &'static str)],
    /// The advisory lock of those who make them, in its two halves.
    pub lock: (i32, i32),
}

impl Tables {
    /// The schema version that this build reads and writes.
    #[must_use]
    pub const fn known(&self) -> usize {
        self.migrations.len()
    }

    /// The version of the tables that a connection finds; 0 where there are none.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn found(db: &mut PgConnection) -> sqlx::Result<i64> {
        let there: bool =
            sqlx::query_scalar("SELECT to_regclass('migrations') IS NOT NULL").fetch_one(&mut *db).await?;
        if !there {
            return Ok(0);
        }
        sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM migrations WHERE success")
            .fetch_one(db)
            .await
    }

    /// Makes the schema where there is none and brings it to this build's version, on a connection that finds it. Of several
    /// processes that start at once one does it and the others wait.
    ///
    /// # Errors
    /// Whatever speaks against it: most of all that only the owner may.
    pub async fn make(&self, mut db: PgConnection) -> Result<(), MigrateError> {
        let (first, second) = self.lock;
        sqlx::query("SELECT pg_advisory_lock($1, $2)").bind(first).bind(second).execute(&mut db).await?;
        let make = AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS {}", self.schema));
        sqlx::raw_sql(make).execute(&mut db).await?;
        let migrations = (1..).zip(self.migrations).map(|(version, (description, sql))| {
            let sql = SqlStr::from_static(sql);
            Migration::new(version, (*description).into(), MigrationType::Simple, sql, false)
        });
        let mut migrator = Migrator::with_migrations(migrations.collect());
        migrator.dangerous_set_table_name(TABLE);
        migrator.run(&mut db).await?;
        // The lock ends with its session.
        Ok(db.close().await?)
    }
}
