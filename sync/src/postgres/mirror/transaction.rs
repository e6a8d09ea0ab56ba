//! One transaction at a time on one connection, with every deadline on the server.

use crate::error::SyncError;
use crate::postgres::ask::{Answer, tell};
use crate::postgres::connect::Database;
use crate::postgres::copy::CopyBuffer;
use sqlx::PgConnection;

/// How long a lock is waited for: the position's, or one that somebody took by hand.
const LOCK_TIMEOUT: &str = "5s";

/// How long one statement may take.
const STATEMENT_TIMEOUT: &str = "60s";

/// How long the server waits for our next statement before it ends the session and lets go of
/// the position.
const IDLE_TIMEOUT: &str = "60s";

/// What one message of a COPY holds at most; the server takes up to 1 GiB, in memory.
const COPY_CHUNK_BYTES: usize = 1 << 20;

/// What a transaction is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::postgres) enum Purpose {
    /// Writes, seeing what is committed before each statement.
    Write,
    /// Reads, all of it at one state.
    Read,
}

/// Begins a transaction. Who drops the connection ends it without a trace, so a failure inside
/// needs nothing but that.
pub(in crate::postgres) async fn begin(
    database: &Database,
    connection: &mut PgConnection,
    purpose: Purpose,
) -> Result<(), SyncError> {
    let schema = database.schema();
    let mode = match purpose {
        Purpose::Write => "READ COMMITTED, READ WRITE",
        Purpose::Read => "REPEATABLE READ, READ ONLY",
    };
    let sql = format!(
        "BEGIN ISOLATION LEVEL {mode}; SET LOCAL search_path TO \"{schema}\"; \
         SET LOCAL lock_timeout TO '{LOCK_TIMEOUT}'; \
         SET LOCAL statement_timeout TO '{STATEMENT_TIMEOUT}'; \
         SET LOCAL idle_in_transaction_session_timeout TO '{IDLE_TIMEOUT}'"
    );
    tell(connection, sql).await
}

/// Makes it last. After an error nobody knows whether it does: ask the position.
pub(in crate::postgres) async fn commit(connection: &mut PgConnection) -> Result<(), SyncError> {
    tell(connection, "COMMIT".to_owned()).await
}

/// Sends rows to a table, in the order of these columns. A row that is there already is an error:
/// who copies has made room.
pub(super) fn copy<'a>(
    connection: &'a mut PgConnection,
    table: &'static str,
    columns: &str,
    rows: CopyBuffer,
) -> Answer<'a, ()> {
    let sql = format!("COPY {table} ({columns}) FROM STDIN (FORMAT binary)");
    Box::pin(async move {
        if rows.is_empty() {
            return Ok(());
        }
        let mut sink = connection.copy_in_raw(&sql).await?;
        for chunk in rows.finish().chunks(COPY_CHUNK_BYTES) {
            sink.send(chunk).await?;
        }
        sink.finish().await?;
        Ok(())
    })
}
