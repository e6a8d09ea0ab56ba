//! The mirror's own tables: the position under its lock, blocks, segments and days.

use super::plan::{DayBook, DayEntry};
use super::position::{COLUMNS, Position, State, bigint, day_number, day_of, height_of};
use crate::error::SyncError;
use crate::mirror_fault::MirrorFault;
use crate::postgres::ask::Ask as _;
use crate::postgres::connect::Database;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use tidegauge_model::{B256, BlockNumber, BlockRef};

/// Where the statements of one chain go.
#[derive(Clone, Copy)]
pub(in crate::postgres) struct Ledger<'d> {
    pub(super) database: &'d Database,
    pub(super) chain: i32,
}

/// Entries of blocks or segments read at once.
const PAGE: i64 = 4_096;

impl Ledger<'_> {
    /// The position, locked until the transaction ends; every other writer waits.
    pub(super) async fn lock(
        self,
        connection: &mut PgConnection,
    ) -> Result<Option<Position>, SyncError> {
        self.read(connection, " FOR UPDATE").await
    }

    /// The position as it is.
    pub(super) async fn position(
        self,
        connection: &mut PgConnection,
    ) -> Result<Option<Position>, SyncError> {
        self.read(connection, "").await
    }

    async fn read(
        self,
        connection: &mut PgConnection,
        how: &str,
    ) -> Result<Option<Position>, SyncError> {
        let sql = format!("SELECT {COLUMNS} FROM mirror_position WHERE chain_id = $1{how}");
        let row = self
            .database
            .query(AssertSqlSafe(sql))
            .bind(self.chain)
            .row(connection)
            .await?;
        row.as_ref().map(Position::read).transpose()
    }

    /// Locks the position and makes sure that this writer may write, and that the mirror is as
    /// it left it.
    pub(super) async fn fence(
        self,
        connection: &mut PgConnection,
        epoch: i64,
        expected: &State,
    ) -> Result<(), SyncError> {
        let found = self.lock(connection).await?.ok_or(MirrorFault::Moved)?;
        allow(&found, epoch)?;
        if found.state != *expected {
            return Err(MirrorFault::Moved.into());
        }
        Ok(())
    }

    /// Writes where the mirror stands now, and that its writer is alive.
    pub(super) async fn stand(
        self,
        connection: &mut PgConnection,
        epoch: i64,
        next: &State,
    ) -> Result<(), SyncError> {
        let height = next.at.map(|at| bigint(at.number)).transpose()?;
        let time = next
            .time
            .map(|time| i64::try_from(time.0).unwrap_or(i64::MAX));
        let done = self
            .database
            .query(
                "UPDATE mirror_position SET heartbeat = clock_timestamp(), height = $3, \
                 hash = $4, block_time = to_timestamp($5::bigint), final_height = $6, notice = $7, \
                 recheck_block = $8, recheck_date = DATE '1970-01-01' + $9::integer \
                 WHERE chain_id = $1 AND epoch = $2",
            )
            .bind(self.chain)
            .bind(epoch)
            .bind(height)
            .bind(next.at.map(|at| format!("{:#x}", at.hash)))
            .bind(time)
            .bind(next.finalized.map(bigint).transpose()?)
            .bind(bigint(BlockNumber(next.notice.0))?)
            .bind(next.recheck.block.map(bigint).transpose()?)
            .bind(next.recheck.day.map(day_number))
            .affect(connection)
            .await?;
        // The row is locked and was ours a moment ago.
        if done != 1 {
            return Err(MirrorFault::Moved.into());
        }
        Ok(())
    }

    /// Mirrored blocks below a height, the highest first; one page.
    pub(super) async fn blocks_below(
        self,
        connection: &mut PgConnection,
        height: i64,
    ) -> Result<Vec<BlockRef>, SyncError> {
        let rows = self
            .database
            .query(
                "SELECT number, hash FROM mirror_blocks WHERE chain_id = $1 AND number < $2 \
                 ORDER BY number DESC LIMIT $3",
            )
            .bind(self.chain)
            .bind(height)
            .bind(PAGE)
            .rows(connection)
            .await?;
        rows.iter()
            .map(|row| block_ref(row.try_get(0)?, &row.try_get::<String, _>(1)?))
            .collect()
    }

    /// Segments below a number, the highest first, each with its last block; one page.
    pub(super) async fn segments_below(
        self,
        connection: &mut PgConnection,
        segment: i64,
    ) -> Result<Vec<(i64, BlockRef)>, SyncError> {
        let rows = self
            .database
            .query(
                "SELECT segment, last_number, last_hash FROM mirror_segments \
                 WHERE chain_id = $1 AND segment < $2 ORDER BY segment DESC LIMIT $3",
            )
            .bind(self.chain)
            .bind(segment)
            .bind(PAGE)
            .rows(connection)
            .await?;
        rows.iter()
            .map(|row| {
                let last = block_ref(row.try_get(1)?, &row.try_get::<String, _>(2)?)?;
                Ok((row.try_get(0)?, last))
            })
            .collect()
    }

    /// The days that the mirror holds.
    pub(super) async fn days(self, connection: &mut PgConnection) -> Result<DayBook, SyncError> {
        let rows = self
            .database
            .query(
                "SELECT date - DATE '1970-01-01', digest, settled, as_of_block FROM mirror_days \
                 WHERE chain_id = $1",
            )
            .bind(self.chain)
            .rows(connection)
            .await?;
        let mut book = DayBook::default();
        for row in rows {
            let entry = DayEntry {
                digest: digest(row.try_get(1)?),
                settled: row.try_get(2)?,
                as_of: row.try_get(3)?,
            };
            book.days.insert(day_of(row.try_get(0)?)?, entry);
        }
        Ok(book)
    }
}

/// Whether a writer of an epoch may write.
pub(super) fn allow(found: &Position, epoch: i64) -> Result<(), MirrorFault> {
    if found.epoch == epoch {
        return Ok(());
    }
    Err(MirrorFault::Fenced {
        ours: epoch,
        theirs: found.epoch,
        holder: found.holder.clone(),
    })
}

/// A digest as it lies in a `bytea`; what has another length agrees with nothing.
pub(super) fn digest(bytes: Vec<u8>) -> B256 {
    B256::try_from(bytes.as_slice()).unwrap_or(B256::ZERO)
}

/// A block of the mirror; a hash that is none agrees with nothing.
fn block_ref(number: i64, hash: &str) -> Result<BlockRef, SyncError> {
    Ok(BlockRef {
        number: height_of(number)?,
        hash: hash.parse().unwrap_or(B256::ZERO),
    })
}
