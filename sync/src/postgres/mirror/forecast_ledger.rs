//! Runs of forecasts in the mirror: read, written, compared.

use super::forecast_rows::{self, RunBook, RunChanges, RunFound, RunKey, RunRows};
use super::ledger::{Ledger, digest};
use super::position::{day_number, day_of};
use super::transaction::{Purpose, begin, commit, copy};
use crate::error::SyncError;
use crate::postgres::ask::Ask as _;
use crate::postgres::copy::CopyBuffer;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use std::collections::BTreeMap;
use tidegauge_model::UnixSeconds;

impl Ledger<'_> {
    /// The runs that the mirror holds.
    pub(super) async fn runs(self, connection: &mut PgConnection) -> Result<RunBook, SyncError> {
        let query = self.database.query(
            "SELECT model, date - DATE '1970-01-01', extract(epoch FROM made_at)::bigint \
             FROM mirror_runs WHERE chain_id = $1",
        );
        let mut book = RunBook::default();
        for row in query.bind(self.chain).rows(connection).await? {
            let seconds: i64 = row.try_get(2)?;
            let made_at = UnixSeconds(u64::try_from(seconds).unwrap_or(0));
            book.runs.insert(key(&row)?, made_at);
        }
        Ok(book)
    }

    /// Digests of all runs' rows, and those noted of them.
    pub(super) async fn mirrored_runs(
        self,
        connection: &mut PgConnection,
    ) -> Result<BTreeMap<RunKey, RunFound>, SyncError> {
        begin(self.database, connection, Purpose::Read).await?;
        let line = forecast_rows::line_sql();
        let sql = format!(
            "SELECT model, date - DATE '1970-01-01', sha256(convert_to(string_agg({line}, '' \
             ORDER BY pool_address COLLATE \"C\", target COLLATE \"C\"), 'UTF8')) FROM predictions \
             WHERE chain_id = $1 GROUP BY 1, 2"
        );
        let mut found: BTreeMap<RunKey, RunFound> = BTreeMap::new();
        let query = self.database.query(AssertSqlSafe(sql)).bind(self.chain);
        for row in query.rows(connection).await? {
            found.entry(key(&row)?).or_default().rows = Some(digest(row.try_get(2)?));
        }
        let query = self.database.query(
            "SELECT model, date - DATE '1970-01-01', digest FROM mirror_runs WHERE chain_id = $1",
        );
        for row in query.bind(self.chain).rows(connection).await? {
            found.entry(key(&row)?).or_default().entry = Some(digest(row.try_get(2)?));
        }
        commit(connection).await?;
        Ok(found)
    }
}

/// Puts runs in the place of what is there of them, and removes others; within a transaction.
pub(super) async fn put_runs(
    ledger: Ledger<'_>,
    connection: &mut PgConnection,
    changes: &mut RunChanges,
) -> Result<(), SyncError> {
    if changes.is_empty() {
        return Ok(());
    }
    let made = changes.put.iter().map(|run| &run.key);
    let (mut models, mut days) = (Vec::new(), Vec::new());
    for (model, day) in made.chain(&changes.gone) {
        models.push(model.clone());
        days.push(day_number(*day));
    }
    for sql in [
        "DELETE FROM predictions p USING unnest($2::text[], $3::integer[]) AS gone(model, day) \
         WHERE p.chain_id = $1 AND p.model = gone.model AND p.date = DATE '1970-01-01' + gone.day",
        "DELETE FROM mirror_runs r USING unnest($2::text[], $3::integer[]) AS gone(model, day) \
         WHERE r.chain_id = $1 AND r.model = gone.model AND r.date = DATE '1970-01-01' + gone.day",
    ] {
        let query = ledger.database.query(sql).bind(ledger.chain);
        query.bind(&models).bind(&days).affect(connection).await?;
    }
    let columns = forecast_rows::names();
    let mut entries = CopyBuffer::new(6);
    for run in &mut changes.put {
        enter(ledger.chain, run, &mut entries);
        let rows = std::mem::replace(&mut run.rows, CopyBuffer::new(forecast_rows::FIELDS));
        copy(connection, forecast_rows::TABLE, &columns, rows).await?;
    }
    let columns = "chain_id, model, date, rows, made_at, digest";
    copy(connection, "mirror_runs", columns, entries).await
}

fn enter(chain: i32, run: &RunRows, entries: &mut CopyBuffer) {
    let (model, day) = &run.key;
    let mut entry = entries.row();
    entry.i32(chain).text(model).date(*day);
    // A run's rows are far below 2³¹.
    entry.i32(i32::try_from(run.count).unwrap_or(i32::MAX));
    entry.timestamp(run.made_at).bytes(run.digest.as_slice());
}

fn key(row: &sqlx::postgres::PgRow) -> Result<RunKey, SyncError> {
    Ok((row.try_get(0)?, day_of(row.try_get(1)?)?))
}
