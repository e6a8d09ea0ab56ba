//! Reading what the mirror holds, window by window: digests made by SQL of the rows as they are,
//! and what the mirror's own books say of them.

use super::day_rows;
use super::ledger::{Ledger, digest};
use super::plan::SEGMENT_BLOCKS;
use super::position::{bigint, day_number, day_of};
use super::swap_rows::{BlockDigest, RAW_LINE, REST_LINE};
use super::transaction::{Purpose, begin, commit};
use crate::error::SyncError;
use crate::postgres::ask::Ask as _;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use std::collections::BTreeMap;
use tidegauge_model::{B256, BlockNumber, BlockRange, Day};

/// Rows after which a window is large enough.
const WINDOW_ROWS: u64 = 20_000;

/// Most segments of a window.
const MAX_WINDOW_SEGMENTS: u64 = 256;

/// Days of a window.
pub(super) const WINDOW_DAYS: u32 = 4;

/// Whole segments, both included.
#[derive(Clone, Copy, Debug)]
pub(in crate::postgres) struct Window {
    first: u64,
    last: u64,
}

impl Window {
    /// The window of so many segments that begins with a block's.
    pub(in crate::postgres) fn at(block: BlockNumber, segments: u64) -> Self {
        let first = block.0 / SEGMENT_BLOCKS;
        Self {
            first,
            last: first.saturating_add(segments.max(1) - 1),
        }
    }

    /// Its heights.
    pub(super) fn blocks(self) -> BlockRange {
        BlockRange {
            from: BlockNumber(self.first.saturating_mul(SEGMENT_BLOCKS)),
            to: BlockNumber((self.last.saturating_add(1)).saturating_mul(SEGMENT_BLOCKS) - 1),
        }
    }

    /// The first block after it.
    pub(in crate::postgres) fn next(self) -> BlockNumber {
        self.blocks().to.next()
    }

    /// How many segments the next window should be, after this many rows.
    pub(in crate::postgres) fn next_size(self, rows: u64) -> u64 {
        let segments = self.last - self.first + 1;
        match rows {
            0..WINDOW_ROWS => (segments * 2).min(MAX_WINDOW_SEGMENTS),
            _ => (segments * WINDOW_ROWS / rows).max(1),
        }
    }
}

/// What the mirror holds of a window.
#[derive(Default, Debug)]
pub(in crate::postgres) struct Mirrored {
    /// Digests of its rows, of blocks that have any.
    pub(super) rows: BTreeMap<BlockNumber, BlockDigest>,
    /// Entries of blocks: hash and digests.
    pub(super) blocks: BTreeMap<BlockNumber, (String, BlockDigest)>,
    /// Entries of segments: last block and digests.
    pub(super) segments: BTreeMap<u64, SegmentEntry>,
}

/// A segment as its entry says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct SegmentEntry {
    pub(super) swaps: u64,
    pub(super) last: (BlockNumber, String),
    pub(super) raw: B256,
    pub(super) rest: B256,
}

/// A swap as text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::postgres) struct Line {
    /// Its place in the block.
    pub(in crate::postgres) log_index: i64,
    /// All that its row says.
    pub(in crate::postgres) text: String,
}

impl Ledger<'_> {
    /// Reads a window; beyond the mirror's last block there must be nothing, which is part of
    /// the last window.
    pub(super) async fn mirrored(
        self,
        connection: &mut PgConnection,
        window: Window,
        is_last: bool,
    ) -> Result<Mirrored, SyncError> {
        let range = window.blocks();
        let from = bigint(range.from)?;
        let to = if is_last { i64::MAX } else { bigint(range.to)? };
        let mut found = Mirrored::default();
        begin(self.database, connection, Purpose::Read).await?;
        let sql = format!(
            "SELECT block_number, count(*), \
             sha256(convert_to(string_agg({RAW_LINE}, '' ORDER BY log_index, tx_hash), 'UTF8')), \
             sha256(convert_to(string_agg({REST_LINE}, '' ORDER BY log_index, tx_hash), 'UTF8')) \
             FROM daily_transactions WHERE chain_id = $1 AND block_number BETWEEN $2 AND $3 \
             GROUP BY 1"
        );
        for row in self.ranged(connection, sql, from, to).await? {
            found
                .rows
                .insert(number(row.try_get(0)?), digests(&row, 1)?);
        }
        let sql = "SELECT number, swaps::bigint, raw_digest, rest_digest, hash \
                   FROM mirror_blocks WHERE chain_id = $1 AND number BETWEEN $2 AND $3";
        for row in self.ranged(connection, sql.to_owned(), from, to).await? {
            let entry = (row.try_get(4)?, digests(&row, 1)?);
            found.blocks.insert(number(row.try_get(0)?), entry);
        }
        let sql = "SELECT segment, swaps, raw_digest, rest_digest, last_number, last_hash \
                   FROM mirror_segments WHERE chain_id = $1 AND segment BETWEEN $2 / 1024 AND $3 / 1024";
        for row in self.ranged(connection, sql.to_owned(), from, to).await? {
            let swaps: i64 = row.try_get(1)?;
            let entry = SegmentEntry {
                swaps: swaps.unsigned_abs(),
                raw: digest(row.try_get(2)?),
                rest: digest(row.try_get(3)?),
                last: (number(row.try_get(4)?), row.try_get(5)?),
            };
            found
                .segments
                .insert(row.try_get::<i64, _>(0)?.unsigned_abs(), entry);
        }
        commit(connection).await?;
        Ok(found)
    }

    async fn ranged(
        self,
        connection: &mut PgConnection,
        sql: String,
        from: i64,
        to: i64,
    ) -> Result<Vec<sqlx::postgres::PgRow>, SyncError> {
        let query = self.database.query(AssertSqlSafe(sql));
        let query = query.bind(self.chain).bind(from).bind(to);
        query.rows(connection).await
    }

    /// A block's rows as text.
    pub(super) async fn lines(
        self,
        connection: &mut PgConnection,
        block: BlockNumber,
    ) -> Result<Vec<Line>, SyncError> {
        begin(self.database, connection, Purpose::Read).await?;
        let sql = format!(
            "SELECT log_index::bigint, {RAW_LINE} || {REST_LINE} FROM daily_transactions \
             WHERE chain_id = $1 AND block_number = $2 ORDER BY log_index, tx_hash"
        );
        let rows = self
            .database
            .query(AssertSqlSafe(sql))
            .bind(self.chain)
            .bind(bigint(block)?)
            .rows(connection)
            .await?;
        commit(connection).await?;
        rows.iter()
            .map(|row| {
                Ok(Line {
                    log_index: row.try_get(0)?,
                    text: row.try_get(1)?,
                })
            })
            .collect()
    }

    /// Digests of days as their rows are and as their entries say, both included.
    pub(super) async fn mirrored_days(
        self,
        connection: &mut PgConnection,
        from: Day,
        to: Day,
    ) -> Result<BTreeMap<Day, DayFound>, SyncError> {
        begin(self.database, connection, Purpose::Read).await?;
        let line = day_rows::line_sql();
        let sql = format!(
            "SELECT date - DATE '1970-01-01', sha256(convert_to(string_agg({line}, '' \
             ORDER BY pool_address COLLATE \"C\"), 'UTF8')) FROM daily_pool_features \
             WHERE chain_id = $1 AND date BETWEEN DATE '1970-01-01' + $2::integer \
             AND DATE '1970-01-01' + $3::integer GROUP BY 1"
        );
        let mut found: BTreeMap<Day, DayFound> = BTreeMap::new();
        let query = self.database.query(AssertSqlSafe(sql)).bind(self.chain);
        let query = query.bind(day_number(from)).bind(day_number(to));
        for row in query.rows(connection).await? {
            found.entry(day_of(row.try_get(0)?)?).or_default().rows = Some(digest(row.try_get(1)?));
        }
        let query = self.database.query(
            "SELECT date - DATE '1970-01-01', digest, settled FROM mirror_days WHERE chain_id = $1 \
             AND date BETWEEN DATE '1970-01-01' + $2::integer AND DATE '1970-01-01' + $3::integer",
        );
        let query = query
            .bind(self.chain)
            .bind(day_number(from))
            .bind(day_number(to));
        for row in query.rows(connection).await? {
            let entry = (digest(row.try_get(1)?), row.try_get(2)?);
            found.entry(day_of(row.try_get(0)?)?).or_default().entry = Some(entry);
        }
        commit(connection).await?;
        Ok(found)
    }

    /// A day's rows as text, by pool.
    pub(super) async fn day_lines(
        self,
        connection: &mut PgConnection,
        day: Day,
    ) -> Result<BTreeMap<String, String>, SyncError> {
        begin(self.database, connection, Purpose::Read).await?;
        let line = day_rows::line_sql();
        let sql = format!(
            "SELECT pool_address, {line} FROM daily_pool_features \
             WHERE chain_id = $1 AND date = DATE '1970-01-01' + $2::integer"
        );
        let query = self.database.query(AssertSqlSafe(sql)).bind(self.chain);
        let rows = query.bind(day_number(day)).rows(connection).await?;
        commit(connection).await?;
        rows.iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .collect()
    }
}

/// What the mirror holds of a day.
#[derive(Clone, Copy, Default, Debug)]
pub(in crate::postgres) struct DayFound {
    pub(super) rows: Option<B256>,
    pub(super) entry: Option<(B256, bool)>,
}

fn digests(row: &sqlx::postgres::PgRow, at: usize) -> Result<BlockDigest, SyncError> {
    let swaps: i64 = row.try_get(at)?;
    Ok(BlockDigest {
        // A count beyond that agrees with nothing.
        swaps: u32::try_from(swaps).unwrap_or(u32::MAX),
        raw: digest(row.try_get(at + 1)?),
        rest: digest(row.try_get(at + 2)?),
    })
}

/// A height as a row says; a negative one is nobody's.
fn number(height: i64) -> BlockNumber {
    BlockNumber(u64::try_from(height).unwrap_or(u64::MAX))
}
