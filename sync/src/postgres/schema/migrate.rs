//! Migrations: applied under a lock, on a connection of our own, each in one transaction.

use super::{MIGRATIONS, shape};
use crate::error::SyncError;
use crate::failure::PostgresCause;
use crate::mirror_fault::MirrorFault;
use crate::postgres::ask::{Answer, Ask as _, tell};
use crate::postgres::connect::Database;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{Connection, PgConnection, Row, SqlSafeStr};
use std::time::Duration;

/// Where it is kept which were applied; other programs have tables of this kind too.
const TABLE: &str = "tidegauge_migrations";

/// How long another migration, or anybody's lock, is waited for.
const LOCK_TIMEOUT_SECONDS: u32 = 10;

/// How long all of it may take: the tables are made empty.
const DEADLINE: Duration = Duration::from_secs(120);

/// Makes the tables, or leads them up to this version, and checks that they are as they were made.
pub fn migrate(database: &Database) -> Answer<'_, ()> {
    Box::pin(migrate_within(database))
}

async fn migrate_within(database: &Database) -> Result<(), SyncError> {
    let all = async {
        let mut connection = database.connect_direct().await?;
        let done = migrate_on(database, &mut connection).await;
        // Whatever state a failure left goes with the connection.
        if done.is_ok() {
            connection.close().await?;
        }
        done
    };
    match tokio::time::timeout(DEADLINE, all).await {
        Ok(done) => done,
        Err(_) => Err(SyncError::postgres(
            PostgresCause::Deadline,
            format!("migrations did not end within {DEADLINE:?}"),
        )),
    }
}

async fn migrate_on(database: &Database, connection: &mut PgConnection) -> Result<(), SyncError> {
    let schema = database.schema();
    let known = database
        .query("SELECT 1 FROM pg_namespace WHERE nspname = $1")
        .bind(schema)
        .row(connection)
        .await?;
    if known.is_none() {
        // Schema names are plain: letters, digits and underscores.
        let sql = format!(
            "DO $make$ BEGIN CREATE SCHEMA \"{schema}\"; \
             EXCEPTION WHEN duplicate_schema OR unique_violation THEN NULL; END $make$"
        );
        tell(connection, sql).await?;
    }
    let sql = format!(
        "SET search_path TO \"{schema}\"; SET lock_timeout TO '{LOCK_TIMEOUT_SECONDS}s'; \
         SET client_min_messages TO warning"
    );
    tell(connection, sql).await?;
    refuse_foreign_tables(database, connection).await?;
    if !is_led_up(database, connection).await? {
        lead_up(connection, schema).await?;
    }
    shape::check(database, connection).await
}

/// Whether nothing is to be made: who only writes rows needs no right to make tables.
pub(super) async fn is_led_up(
    database: &Database,
    connection: &mut PgConnection,
) -> Result<bool, SyncError> {
    let made = database
        .query("SELECT to_regclass($1) IS NOT NULL")
        .bind(TABLE)
        .row(connection)
        .await?;
    if !made.map_or(Ok(false), |row| row.try_get::<bool, _>(0))? {
        return Ok(false);
    }
    let rows = database
        .query("SELECT version FROM tidegauge_migrations WHERE success ORDER BY version")
        .rows(connection)
        .await?;
    let applied: Result<Vec<i64>, _> = rows.iter().map(|row| row.try_get(0)).collect();
    Ok(applied? == MIGRATIONS.map(|(version, ..)| version))
}

async fn lead_up(connection: &mut PgConnection, schema: &str) -> Result<(), SyncError> {
    let migrations = MIGRATIONS.map(|(version, name, sql)| {
        Migration::new(
            version,
            name.into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    });
    let mut migrator = Migrator::with_migrations(migrations.into());
    migrator.dangerous_set_table_name(TABLE);
    apply(migrator, connection, schema).await
}

fn apply<'a>(
    migrator: Migrator,
    connection: &'a mut PgConnection,
    schema: &'a str,
) -> Answer<'a, ()> {
    Box::pin(async move {
        let run = migrator.run_direct(None, connection, false);
        run.await.map_err(|e| explained(e, schema))
    })
}

/// Before anything of ours was made there, nothing may bear our names.
pub(super) async fn refuse_foreign_tables(
    database: &Database,
    connection: &mut PgConnection,
) -> Result<(), SyncError> {
    let schema = database.schema();
    let names: Vec<String> = shape::expected().into_iter().map(|t| t.name).collect();
    let found = database
        .query(
            "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = $1 AND c.relname = ANY($2) \
         AND NOT EXISTS (SELECT 1 FROM pg_class m WHERE m.relnamespace = n.oid AND m.relname = $3) \
         ORDER BY 1",
        )
        .bind(schema)
        .bind(names)
        .bind(TABLE)
        .row(connection)
        .await?;
    match found {
        Some(row) => Err(MirrorFault::ForeignTable {
            schema: schema.to_owned(),
            table: row.try_get(0)?,
        }
        .into()),
        None => Ok(()),
    }
}

fn explained(error: MigrateError, schema: &str) -> SyncError {
    let message = match error {
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => return e.into(),
        MigrateError::VersionMissing(version) => format!(
            "a newer version of it applied migration {version}: use that, or another schema (sync.postgres.schema)"
        ),
        other => other.to_string(),
    };
    MirrorFault::Version {
        schema: schema.to_owned(),
        message,
    }
    .into()
}
