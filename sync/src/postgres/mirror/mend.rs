//! Putting right what a comparison found: exactly these blocks and days, behind the fence.

use super::compare::{Findings, SEGMENT_COLUMNS};
use super::day_rows::DayRows;
use super::ledger::Ledger;
use super::plan::BLOCK_COLUMNS;
use super::position::State;
use super::swap_rows;
use super::transaction::{Purpose, begin, commit, copy};
use super::write::put_days;
use crate::error::SyncError;
use crate::postgres::ask::Ask as _;
use sqlx::PgConnection;
use tidegauge_model::Day;

/// Writes the blocks that differ anew, from a mirror that stands at the first state to one that
/// stands at the second.
pub(super) async fn mend_blocks(
    ledger: Ledger<'_>,
    connection: &mut PgConnection,
    epoch: i64,
    (expected, next): (&State, &State),
    found: Findings,
) -> Result<(), SyncError> {
    begin(ledger.database, connection, Purpose::Write).await?;
    ledger.fence(connection, epoch, expected).await?;
    for (sql, which) in [
        (
            "DELETE FROM daily_transactions WHERE chain_id = $1 AND block_number = ANY($2)",
            &found.blocks,
        ),
        (
            "DELETE FROM mirror_blocks WHERE chain_id = $1 AND number = ANY($2)",
            &found.entries,
        ),
        (
            "DELETE FROM mirror_segments WHERE chain_id = $1 AND segment = ANY($2)",
            &found.segments,
        ),
    ] {
        if !which.is_empty() {
            let query = ledger.database.query(sql).bind(ledger.chain).bind(which);
            query.affect(connection).await?;
        }
    }
    let columns = swap_rows::COLUMNS;
    copy(connection, swap_rows::TABLE, columns, found.swaps).await?;
    let entries = found.entry_rows;
    copy(connection, "mirror_blocks", BLOCK_COLUMNS, entries).await?;
    let segments = found.segment_rows;
    copy(connection, "mirror_segments", SEGMENT_COLUMNS, segments).await?;
    ledger.stand(connection, epoch, next).await?;
    commit(connection).await
}

/// The same of days: those that differ, and those that should not be there.
pub(super) async fn mend_days(
    ledger: Ledger<'_>,
    connection: &mut PgConnection,
    epoch: i64,
    (expected, next): (&State, &State),
    (differ, gone): (&mut [DayRows], &[Day]),
) -> Result<(), SyncError> {
    begin(ledger.database, connection, Purpose::Write).await?;
    ledger.fence(connection, epoch, expected).await?;
    put_days(ledger, connection, differ, gone).await?;
    ledger.stand(connection, epoch, next).await?;
    commit(connection).await
}
