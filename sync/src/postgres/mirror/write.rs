//! Writing a plan: one transaction, behind the fence.

use super::day_rows;
use super::forecast_ledger::put_runs;
use super::job_rows::{self, JobRows};
use super::ledger::Ledger;
use super::plan::{BLOCK_COLUMNS, Cut, Plan, SEGMENT_BLOCKS};
use super::position::{State, bigint, day_number};
use super::swap_rows;
use super::transaction::{Purpose, begin, commit, copy};
use crate::error::SyncError;
use crate::postgres::ask::Ask as _;
use crate::postgres::copy::CopyBuffer;
use crate::postgres::mirror::day_rows::DayRows;
use sqlx::PgConnection;
use tidegauge_model::Day;

/// Writes a plan whole or not at all.
pub(super) async fn write(
    ledger: Ledger<'_>,
    connection: &mut PgConnection,
    epoch: i64,
    expected: &State,
    plan: &mut Plan,
) -> Result<(), SyncError> {
    begin(ledger.database, connection, Purpose::Write).await?;
    ledger.fence(connection, epoch, expected).await?;
    if let Some(to) = plan.cut {
        cut(ledger, connection, to).await?;
    }
    if let Some(pools) = &plan.pools {
        pools
            .write(ledger.database, connection, ledger.chain)
            .await?;
    }
    let swaps = take(&mut plan.swaps, swap_rows::FIELDS);
    copy(connection, swap_rows::TABLE, swap_rows::COLUMNS, swaps).await?;
    let blocks = take(&mut plan.blocks, 0);
    copy(connection, "mirror_blocks", BLOCK_COLUMNS, blocks).await?;
    put_days(ledger, connection, &mut plan.days, &[]).await?;
    if let Some(runs) = &mut plan.forecasts {
        put_runs(ledger, connection, runs).await?;
    }
    if let Some(jobs) = &mut plan.jobs {
        put_jobs(ledger, connection, jobs).await?;
    }
    if let Some(below) = plan.seal_below {
        seal(ledger, connection, below).await?;
    }
    ledger.stand(connection, epoch, &plan.next).await?;
    commit(connection).await
}

/// Takes a buffer's rows, and leaves it empty.
pub(super) fn take(rows: &mut CopyBuffer, fields: u16) -> CopyBuffer {
    std::mem::replace(rows, CopyBuffer::new(fields))
}

/// Puts the daily jobs in the place of those that are there.
async fn put_jobs(
    ledger: Ledger<'_>,
    connection: &mut PgConnection,
    jobs: &mut JobRows,
) -> Result<(), SyncError> {
    let sql = "DELETE FROM daily_jobs WHERE chain_id = $1";
    let query = ledger.database.query(sql).bind(ledger.chain);
    query.affect(connection).await?;
    let rows = take(&mut jobs.rows, job_rows::FIELDS);
    copy(connection, "daily_jobs", job_rows::COLUMNS, rows).await
}

/// Deletes what lies above a height.
async fn cut(
    ledger: Ledger<'_>,
    connection: &mut PgConnection,
    Cut { to }: Cut,
) -> Result<(), SyncError> {
    let height = to.map(bigint).transpose()?.unwrap_or(-1);
    let segments = SEGMENT_BLOCKS.cast_signed();
    for (sql, above) in [
        (
            "DELETE FROM daily_transactions WHERE chain_id = $1 AND block_number > $2",
            height,
        ),
        (
            "DELETE FROM mirror_blocks WHERE chain_id = $1 AND number > $2",
            height,
        ),
        (
            "DELETE FROM mirror_segments WHERE chain_id = $1 AND segment > $2",
            height.div_euclid(segments),
        ),
        // A day ends with the first block after it.
        (
            "DELETE FROM daily_pool_features WHERE chain_id = $1 AND date IN \
             (SELECT date FROM mirror_days WHERE chain_id = $1 AND as_of_block >= $2)",
            height,
        ),
        (
            "DELETE FROM mirror_days WHERE chain_id = $1 AND as_of_block >= $2",
            height,
        ),
    ] {
        let query = ledger.database.query(sql).bind(ledger.chain).bind(above);
        query.affect(connection).await?;
    }
    Ok(())
}

/// Puts days in the place of what is there of them, and removes others.
pub(super) async fn put_days(
    ledger: Ledger<'_>,
    connection: &mut PgConnection,
    days: &mut [DayRows],
    gone: &[Day],
) -> Result<(), SyncError> {
    if days.is_empty() && gone.is_empty() {
        return Ok(());
    }
    let made = days.iter().map(|day| day.day);
    let all: Vec<i32> = made.chain(gone.iter().copied()).map(day_number).collect();
    for sql in [
        "DELETE FROM daily_pool_features WHERE chain_id = $1 AND date IN \
         (SELECT DATE '1970-01-01' + d FROM unnest($2::integer[]) d)",
        "DELETE FROM mirror_days WHERE chain_id = $1 AND date IN \
         (SELECT DATE '1970-01-01' + d FROM unnest($2::integer[]) d)",
    ] {
        let query = ledger.database.query(sql).bind(ledger.chain).bind(&all);
        query.affect(connection).await?;
    }
    let columns = day_rows::names();
    let mut entries = CopyBuffer::new(6);
    for day in days {
        let mut entry = entries.row();
        entry.i32(ledger.chain).date(day.day);
        // Pools of a chain are far below 2³¹.
        entry.i32(i32::try_from(day.pools).unwrap_or(i32::MAX));
        entry.i64(day.as_of);
        entry.bytes(day.digest.as_slice()).bool(day.settled);
        let rows = take(&mut day.rows, 0);
        copy(connection, day_rows::TABLE, &columns, rows).await?;
    }
    copy(
        connection,
        "mirror_days",
        "chain_id, date, rows, as_of_block, digest, settled",
        entries,
    )
    .await
}

/// Makes segments of the blocks below one, and forgets these.
async fn seal(
    ledger: Ledger<'_>,
    connection: &mut PgConnection,
    below: i64,
) -> Result<(), SyncError> {
    let end = below.saturating_mul(SEGMENT_BLOCKS.cast_signed());
    for sql in [
        "INSERT INTO mirror_segments \
         (chain_id, segment, swaps, last_number, last_hash, raw_digest, rest_digest) \
         SELECT chain_id, number / 1024, sum(swaps)::bigint, max(number), \
           (array_agg(hash ORDER BY number DESC))[1], \
           sha256(string_agg(raw_digest, ''::bytea ORDER BY number)), \
           sha256(string_agg(rest_digest, ''::bytea ORDER BY number)) \
         FROM mirror_blocks WHERE chain_id = $1 AND number < $2 AND swaps > 0 GROUP BY 1, 2",
        "DELETE FROM mirror_blocks WHERE chain_id = $1 AND number < $2",
    ] {
        let query = ledger.database.query(sql).bind(ledger.chain).bind(end);
        query.affect(connection).await?;
    }
    Ok(())
}
