//! What is made sure of a connection before it is used.

use super::server::Server;
use crate::{error::SyncError, failure::PostgresCause};
use sqlx::{Executor, PgConnection, Row};

/// PostgreSQL cuts longer names.
const MAX_NAME_BYTES: usize = 63;

/// What the server shall notice about us, where the session is ours: that we are gone, within half
/// a minute, so that our locks do not outlive us. Those that a version lacks are left out.
const WATCHFUL: &str = "SELECT count(set_config(s.name, w.value, false)) FROM pg_settings s JOIN (VALUES \
     ('tcp_keepalives_idle', '10'), ('tcp_keepalives_interval', '5'), ('tcp_keepalives_count', '3'), \
     ('tcp_user_timeout', '15000'), ('client_connection_check_interval', '5000')) w (name, value) \
     ON w.name = s.name";

/// Without parameters, so that poolers take it in any mode.
const CHECK: &str = "SELECT pg_is_in_recovery() AS standby, \
     current_setting('transaction_read_only') = 'on' AS read_only, \
     current_setting('server_encoding') AS encoding";

/// Refuses names that Postgres would cut or refuse.
pub(super) fn check_schema(schema: &str) -> Result<(), SyncError> {
    let plain = schema
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !schema.bytes().next().is_none_or(|b| b.is_ascii_digit());
    if plain && schema.len() <= MAX_NAME_BYTES && !schema.starts_with("pg_") {
        return Ok(());
    }
    Err(SyncError::postgres(
        PostgresCause::Settings,
        format!(
            "sync.postgres.schema = `{}`: write lower-case letters, digits and _, a letter first, at most {MAX_NAME_BYTES}, not pg_…",
            schema.escape_debug()
        ),
    ))
}

/// Resolves the name, so that a name without address is told from an address without answer.
pub(super) async fn resolve(server: &Server) -> Result<(), SyncError> {
    if server.is_socket() {
        return Ok(());
    }
    let unknown = |message: String| SyncError::postgres(PostgresCause::UnknownHost, message);
    let mut found = tokio::net::lookup_host((server.host.as_str(), server.port))
        .await
        .map_err(|e| unknown(e.to_string()))?;
    match found.next() {
        Some(_) => Ok(()),
        None => Err(unknown("the name has no address".to_owned())),
    }
}

/// Leaves standbys, servers that only read, and databases that cannot hold every text.
pub(super) async fn check(
    connection: &mut PgConnection,
    own_session: bool,
) -> Result<(), SyncError> {
    let row = connection.fetch_one(sqlx::raw_sql(CHECK)).await?;
    let refused = |cause, message: &str| Err(SyncError::postgres(cause, message));
    if row.try_get::<bool, _>("standby")? {
        return refused(PostgresCause::ReadOnly, "it is a standby");
    }
    if row.try_get::<bool, _>("read_only")? {
        return refused(
            PostgresCause::ReadOnly,
            "default_transaction_read_only is on there",
        );
    }
    let encoding: String = row.try_get("encoding")?;
    if encoding != "UTF8" {
        return refused(PostgresCause::Encoding, &format!("it is {encoding}"));
    }
    if own_session {
        connection.execute(sqlx::raw_sql(WATCHFUL)).await?;
    }
    Ok(())
}
