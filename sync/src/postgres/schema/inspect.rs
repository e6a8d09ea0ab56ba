//! What there is at a database, and whether we may do there what we have to; changes nothing.

use super::migrate::{is_led_up, refuse_foreign_tables};
use super::shape;
use crate::error::SyncError;
use crate::postgres::ask::{Answer, Ask as _, tell};
use crate::postgres::connect::Database;
use sqlx::{PgConnection, Row};

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inspected {
    /// The server's version.
    pub version: String,
    /// Whether the connection is encrypted.
    pub is_encrypted: bool,
    /// Who we are there.
    pub user: String,
    /// Where our tables are, or will be.
    pub schema: String,
    /// Whether they are there, as this version makes them.
    pub is_made: bool,
    /// What keeps us from working there.
    pub trouble: Option<String>,
}

/// Looks at a database.
///
/// # Errors
/// Where it cannot be reached, with the way out.
pub fn inspect(database: &Database) -> Answer<'_, Inspected> {
    Box::pin(async move {
        let mut connection = Box::pin(database.connect_direct()).await?;
        inspect_on(database, &mut connection).await
    })
}

async fn inspect_on(
    database: &Database,
    connection: &mut PgConnection,
) -> Result<Inspected, SyncError> {
    let schema = database.schema();
    let about = database
        .query(
            "SELECT current_setting('server_version'), session_user::text, \
             coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false), \
             has_database_privilege(current_database(), 'CREATE'), \
             (SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = $1)",
        )
        .bind(schema)
        .row(connection)
        .await?
        .ok_or_else(|| sqlx::Error::RowNotFound)?;
    let may_make_schema: bool = about.try_get(3)?;
    let may_make_tables: Option<bool> = about.try_get(4)?;
    let mut found = Inspected {
        version: about.try_get(0)?,
        user: about.try_get(1)?,
        is_encrypted: about.try_get(2)?,
        schema: schema.to_owned(),
        is_made: false,
        trouble: None,
    };
    let Some(may_make_tables) = may_make_tables else {
        found.trouble = (!may_make_schema).then(|| {
            format!(
                "schema {schema} is not there, and {} may not make it: GRANT CREATE ON DATABASE … TO {0}",
                found.user
            )
        });
        return Ok(found);
    };
    tell(connection, format!("SET search_path TO \"{schema}\"")).await?;
    if let Err(error) = refuse_foreign_tables(database, connection).await {
        found.trouble = Some(error.to_string());
        return Ok(found);
    }
    found.is_made = is_led_up(database, connection).await?;
    if !found.is_made {
        found.trouble = (!may_make_tables).then(|| {
            format!(
                "{} may not make tables in schema {schema}: GRANT ALL ON SCHEMA {schema} TO {0}",
                found.user
            )
        });
        return Ok(found);
    }
    found.trouble = match shape::check(database, connection).await {
        Err(error) => Some(error.to_string()),
        Ok(()) => lacking(database, connection, &found.user).await?,
    };
    Ok(found)
}

/// A right that we lack on one of our tables.
async fn lacking(
    database: &Database,
    connection: &mut PgConnection,
    user: &str,
) -> Result<Option<String>, SyncError> {
    let names: Vec<String> = shape::expected().into_iter().map(|t| t.name).collect();
    let row = database
        .query(
            "SELECT n, p FROM unnest($1::text[]) n, \
             unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p \
             WHERE NOT has_table_privilege(n, p) LIMIT 1",
        )
        .bind(names)
        .row(connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let (table, right): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    Ok(Some(format!(
        "{user} may not {right} in {table}: GRANT ALL ON ALL TABLES IN SCHEMA {} TO {user}",
        database.schema()
    )))
}
