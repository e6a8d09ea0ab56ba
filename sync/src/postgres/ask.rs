//! Statements with parameters, as futures that any thread may drive.
//!
//! The driver's own are generic over the lifetime of what executes them, and the compiler then
//! fails to see in a long chain of callers that they may move between threads. In a box of one
//! lifetime it sees that once, here.

use crate::error::SyncError;
use crate::postgres::connect::Database;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Executor, PgConnection, Postgres};
use std::future::Future;
use std::pin::Pin;

/// An answer to come.
pub(super) type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, SyncError>> + Send + 'a>>;

/// Asks a server.
pub(super) trait Ask<'a> {
    /// Rows affected.
    fn affect(self, connection: &'a mut PgConnection) -> Answer<'a, u64>;
    /// All rows.
    fn rows(self, connection: &'a mut PgConnection) -> Answer<'a, Vec<PgRow>>;
    /// The first row, if any.
    fn row(self, connection: &'a mut PgConnection) -> Answer<'a, Option<PgRow>>;
}

/// Statements without parameters, one after the other.
pub(super) fn tell<'a>(connection: &'a mut PgConnection, sql: String) -> Answer<'a, ()> {
    Box::pin(async move {
        connection
            .execute(sqlx::raw_sql(AssertSqlSafe(sql)))
            .await?;
        Ok(())
    })
}

/// A fresh connection.
pub(super) fn connect(database: &Database) -> Answer<'_, PgConnection> {
    Box::pin(database.connect())
}

impl<'a> Ask<'a> for Query<'a, Postgres, PgArguments> {
    fn affect(self, connection: &'a mut PgConnection) -> Answer<'a, u64> {
        Box::pin(async move { Ok(self.execute(connection).await?.rows_affected()) })
    }

    fn rows(self, connection: &'a mut PgConnection) -> Answer<'a, Vec<PgRow>> {
        Box::pin(async move { Ok(self.fetch_all(connection).await?) })
    }

    fn row(self, connection: &'a mut PgConnection) -> Answer<'a, Option<PgRow>> {
        Box::pin(async move { Ok(self.fetch_optional(connection).await?) })
    }
}
