//! Comparing rows with the store, window by window: digests made by SQL of the rows as they are
//! against digests of the store's blocks and days.

use super::day_rows::{self, DayRows, Days};
use super::ledger::{Ledger, digest};
use super::plan::{SEGMENT_BLOCKS, is_on, put_block};
use super::position::{State, bigint, day_number, day_of};
use super::swap_rows::{self, BlockDigest, RAW_LINE, REST_LINE, SwapRows, no_swaps};
use super::transaction::{Purpose, begin, commit};
use crate::error::SyncError;
use crate::postgres::ask::Ask as _;
use crate::postgres::copy::CopyBuffer;
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, PgConnection, Row};
use std::collections::{BTreeMap, BTreeSet};
use tidegauge_model::{B256, BlockNumber, BlockRange, BlockRef, Day};
use tidegauge_storage::{ClosedDay, StoredBlock, View};

/// Rows after which a window is large enough.
const WINDOW_ROWS: u64 = 20_000;

/// Most segments of a window.
const MAX_WINDOW_SEGMENTS: u64 = 256;

/// Days of a window.
pub(super) const WINDOW_DAYS: u32 = 4;

/// Blocks read from the store at once.
const READ_BLOCKS: usize = 256;

/// The columns of a segment.
pub(super) const SEGMENT_COLUMNS: &str =
    "chain_id, segment, swaps, last_number, last_hash, raw_digest, rest_digest";
const SEGMENT_FIELDS: u16 = 7;

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

    fn blocks(self) -> BlockRange {
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
    rows: BTreeMap<BlockNumber, BlockDigest>,
    /// Entries of blocks: hash and digests.
    blocks: BTreeMap<BlockNumber, (String, BlockDigest)>,
    /// Entries of segments: last block and digests.
    segments: BTreeMap<u64, SegmentEntry>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct SegmentEntry {
    swaps: u64,
    last: (BlockNumber, String),
    raw: B256,
    rest: B256,
}

/// What is wrong in a window, and how to put it right.
pub(in crate::postgres) struct Findings {
    /// Blocks whose rows differ.
    pub(in crate::postgres) blocks: Vec<i64>,
    /// Their rows as they should be.
    pub(super) swaps: CopyBuffer,
    pub(super) days_of_swaps: BTreeSet<Day>,
    /// Entries of blocks that differ, and as they should be.
    pub(super) entries: Vec<i64>,
    pub(super) entry_rows: CopyBuffer,
    /// Entries of segments that differ, and as they should be.
    pub(super) segments: Vec<i64>,
    pub(super) segment_rows: CopyBuffer,
    /// The first blocks that differ, as the store has them.
    pub(in crate::postgres) examples: Vec<(BlockNumber, Vec<Line>)>,
    /// Rows compared.
    pub(in crate::postgres) rows: u64,
}

/// A swap as text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::postgres) struct Line {
    /// Its place in the block.
    pub(in crate::postgres) log_index: i64,
    /// All that its row says.
    pub(in crate::postgres) text: String,
}

impl Findings {
    /// Whether nothing is wrong.
    pub(in crate::postgres) fn is_clean(&self) -> bool {
        self.blocks.is_empty() && self.entries.is_empty() && self.segments.is_empty()
    }
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
    rows: Option<B256>,
    entry: Option<(B256, bool)>,
}

/// Compares a window with the store; `None`: the mirror's last block is not on its chain.
pub(super) fn compare(
    view: &View<'_>,
    chain: i32,
    state: &State,
    window: Window,
    mirrored: &Mirrored,
    examples: usize,
) -> Result<Option<Findings>, SyncError> {
    if !is_on(view, state.at)? {
        return Ok(None);
    }
    let mut work = Work {
        chain,
        state,
        mirrored,
        found: Findings {
            blocks: Vec::new(),
            swaps: CopyBuffer::new(swap_rows::FIELDS),
            days_of_swaps: BTreeSet::new(),
            entries: Vec::new(),
            entry_rows: CopyBuffer::new(6),
            segments: Vec::new(),
            segment_rows: CopyBuffer::new(SEGMENT_FIELDS),
            examples: Vec::new(),
            rows: 0,
        },
        left: mirrored.rows.clone(),
        entries_left: mirrored.blocks.keys().copied().collect(),
        segments: BTreeMap::new(),
        examples,
    };
    let all = window.blocks();
    let last = state.at.map(|at| at.number.min(all.to));
    if let Some(range) = last.and_then(|last| BlockRange::new(all.from, last)) {
        let mut rows = SwapRows::new(view, chain);
        let mut blocks = view.walk(range)?.peekable();
        while blocks.peek().is_some() {
            let read: Vec<StoredBlock> = blocks
                .by_ref()
                .take(READ_BLOCKS)
                .collect::<Result<_, _>>()?;
            let rests = rows.rests(&read)?;
            for (block, rests) in read.iter().zip(&rests) {
                work.block(&mut rows, block, rests)?;
            }
        }
    }
    work.finish().map(Some)
}

/// A comparison under way.
struct Work<'a> {
    chain: i32,
    state: &'a State,
    mirrored: &'a Mirrored,
    found: Findings,
    /// Blocks with rows that the store was not met to have.
    left: BTreeMap<BlockNumber, BlockDigest>,
    entries_left: BTreeSet<BlockNumber>,
    segments: BTreeMap<u64, Segment>,
    examples: usize,
}

/// A segment's digests in the making.
#[derive(Default)]
struct Segment {
    swaps: u64,
    last: Option<BlockRef>,
    raw: Sha256,
    rest: Sha256,
}

impl Work<'_> {
    /// Whether a block belongs to a segment that is complete and final.
    fn is_sealed(&self, block: BlockNumber) -> bool {
        let (Some(at), Some(finalized)) = (self.state.at, self.state.finalized) else {
            return false;
        };
        let end = at.number.min(finalized).next();
        block.0 / SEGMENT_BLOCKS < end.0 / SEGMENT_BLOCKS
    }

    fn block(
        &mut self,
        rows: &mut SwapRows<'_>,
        block: &StoredBlock,
        rests: &[swap_rows::Rest],
    ) -> Result<(), SyncError> {
        let ours = rows.digest(block, rests)?;
        self.found.rows += u64::from(ours.swaps);
        let theirs = self.left.remove(&block.number).unwrap_or_else(no_swaps);
        if ours != theirs {
            self.found.blocks.push(bigint(block.number)?);
            rows.put(block, rests, &mut self.found.swaps)?;
            self.found
                .days_of_swaps
                .insert(Day::of(block.record.timestamp));
            if self.found.examples.len() < self.examples {
                let lines = block.swaps.iter().zip(rests).map(|(swap, rest)| Line {
                    log_index: swap.log_index.0.into(),
                    text: swap_rows::raw_line(swap) + &swap_rows::rest_line(swap, rest),
                });
                let lines = lines.collect();
                self.found.examples.push((block.number, lines));
            }
        }
        if self.is_sealed(block.number) {
            if ours.swaps > 0 {
                let segment = self.segments.entry(block.number.0 / SEGMENT_BLOCKS);
                let segment = segment.or_default();
                segment.swaps += u64::from(ours.swaps);
                segment.last = Some(BlockRef {
                    number: block.number,
                    hash: block.record.hash,
                });
                segment.raw.update(ours.raw);
                segment.rest.update(ours.rest);
            }
            return Ok(());
        }
        self.entries_left.remove(&block.number);
        let entry = (format!("{:#x}", block.record.hash), ours);
        if self.mirrored.blocks.get(&block.number) != Some(&entry) {
            self.found.entries.push(bigint(block.number)?);
            put_block(self.chain, block, ours, &mut self.found.entry_rows)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Findings, SyncError> {
        for block in std::mem::take(&mut self.left).into_keys() {
            self.found.blocks.push(bigint(block)?);
            if self.found.examples.len() < self.examples {
                self.found.examples.push((block, Vec::new()));
            }
        }
        for block in std::mem::take(&mut self.entries_left) {
            self.found.entries.push(bigint(block)?);
        }
        let mut theirs = self.mirrored.segments.clone();
        for (number, segment) in std::mem::take(&mut self.segments) {
            let Some(last) = segment.last else { continue };
            let ours = SegmentEntry {
                swaps: segment.swaps,
                last: (last.number, format!("{:#x}", last.hash)),
                raw: sum(segment.raw),
                rest: sum(segment.rest),
            };
            if theirs.remove(&number).as_ref() != Some(&ours) {
                self.put_segment(number, &ours)?;
            }
        }
        for number in theirs.into_keys() {
            self.found.segments.push(number.cast_signed());
        }
        Ok(self.found)
    }

    fn put_segment(&mut self, number: u64, entry: &SegmentEntry) -> Result<(), SyncError> {
        self.found.segments.push(number.cast_signed());
        let last = bigint(entry.last.0)?;
        let mut row = self.found.segment_rows.row();
        row.i32(self.chain).i64(number.cast_signed());
        row.i64(entry.swaps.cast_signed()).i64(last);
        row.text(&entry.last.1);
        row.bytes(entry.raw.as_slice()).bytes(entry.rest.as_slice());
        Ok(())
    }
}

/// Days that differ from the store's: as they should be, and those that should not be there.
pub(super) type DayFindings = (Vec<DayRows>, Vec<Day>);

/// Compares days, both included, with the store; `None`: the mirror's last block is not on its chain.
pub(super) fn compare_days(
    view: &View<'_>,
    chain: i32,
    state: &State,
    days: (Day, Day),
    mut mirrored: BTreeMap<Day, DayFound>,
) -> Result<Option<DayFindings>, SyncError> {
    if !is_on(view, state.at)? {
        return Ok(None);
    }
    let empty: [u8; 32] = Sha256::digest([]).into();
    let mut rows = Days::new(view, chain)?;
    let mut differ = Vec::new();
    let mut day = days.0;
    while day <= days.1 {
        let reached = |closed: &ClosedDay| {
            closed.whole && state.at.is_some_and(|at| closed.last_block <= at.number)
        };
        if let Some(closed) = view.closed_day(day)?.filter(reached) {
            let made = rows.rows(closed)?;
            let found = mirrored.remove(&day).unwrap_or_default();
            let is_same = found.rows.unwrap_or(B256::new(empty)) == made.digest
                && found.entry == Some((made.digest, made.settled));
            if !is_same {
                differ.push(made);
            }
        }
        if day == day.plus_days(1) {
            break;
        }
        day = day.plus_days(1);
    }
    Ok(Some((differ, mirrored.into_keys().collect())))
}

fn sum(hasher: Sha256) -> B256 {
    let digest: [u8; 32] = hasher.finalize().into();
    B256::new(digest)
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
