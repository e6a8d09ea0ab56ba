//! Comparing what the mirror holds with the store: which blocks and days differ, and how they
//! should be.

use super::day_rows::{DayRows, Days};
use super::mirrored::{DayFound, Line, Mirrored, SegmentEntry, Window};
use super::plan::{SEGMENT_BLOCKS, is_on, put_block};
use super::position::{State, bigint};
use super::swap_rows::{self, BlockDigest, Facts, SwapRows, no_swaps};
use crate::error::SyncError;
use crate::postgres::copy::CopyBuffer;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use tidegauge_model::{B256, BlockNumber, BlockRange, BlockRef, Day};
use tidegauge_storage::{ClosedDay, StoredBlock, View};

/// The columns of a segment.
pub(super) const SEGMENT_COLUMNS: &str =
    "chain_id, segment, swaps, last_number, last_hash, raw_digest, rest_digest";
const SEGMENT_FIELDS: u16 = 7;

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

impl Findings {
    /// Whether nothing is wrong.
    pub(in crate::postgres) fn is_clean(&self) -> bool {
        self.blocks.is_empty() && self.entries.is_empty() && self.segments.is_empty()
    }
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
        let mut rows = SwapRows::new(view, chain, Facts::default());
        for found in view.valued_walk(range, None)? {
            let found = found?;
            let rests = rows.rests(&found)?;
            work.block(&mut rows, &found.0, &rests)?;
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
