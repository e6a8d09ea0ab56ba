//! What the next transaction is to do, read from one view of the store.

use super::day_rows::{DayRows, Days};
use super::forecast_rows::{RunBook, RunChanges};
use super::job_rows::{JobRows, jobs};
use super::pools::{Changes, Known};
use super::position::{Recheck, State, bigint};
use super::swap_rows::{self, BlockDigest, Facts, SwapRows};
use crate::error::SyncError;
use crate::postgres::copy::CopyBuffer;
use std::collections::BTreeMap;
use std::sync::Arc;
use tidegauge_features::HORIZON_DAYS;
use tidegauge_model::{B256, BlockNumber, BlockRange, BlockRef, Day, UnixSeconds};
use tidegauge_storage::{NoticeKind, Sequence, StoredBlock, Unwalked, View};

/// Rows that one transaction copies, and one block more at most: seconds of work that a failure
/// makes us do again.
const MAX_ROWS: usize = 60_000;

/// Bytes that it copies, and one block more at most: half of that again is what the server keeps
/// of it in its log.
const MAX_BYTES: usize = 36 << 20;

/// Rows of days that it copies, and one day more at most; they are wide.
const MAX_DAY_ROWS: usize = 10_000;

/// Beyond so many blocks a transaction is likely to be full.
const MANY_BLOCKS: u64 = 1_024;

/// Notices read at once.
const NOTICES: usize = 4_096;

/// Blocks of a segment.
pub(in crate::postgres) const SEGMENT_BLOCKS: u64 = 1_024;

/// The columns of a block's entry.
pub(super) const BLOCK_COLUMNS: &str = "chain_id, number, hash, swaps, raw_digest, rest_digest";
const BLOCK_FIELDS: u16 = 6;

/// A day's entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct DayEntry {
    /// SHA-256 over its rows.
    pub(super) digest: B256,
    /// Whether nothing of it changes any more.
    pub(super) settled: bool,
    /// Its last block.
    pub(super) as_of: i64,
}

/// Days of the mirror, and up to which final day those that may change were compared.
#[derive(Clone, Default, Debug)]
pub(super) struct DayBook {
    pub(super) days: BTreeMap<Day, DayEntry>,
    pub(super) compared: Option<Day>,
    /// And runs of forecasts.
    pub(super) forecasts: RunBook,
    /// And what the daily jobs said; `None`: not known.
    pub(super) jobs: Option<B256>,
}

/// What the next transaction is to do.
pub(super) struct Plan {
    /// What is deleted first: blocks above this height, or all of them.
    pub(super) cut: Option<Cut>,
    /// Rows of blocks in order.
    pub(super) swaps: CopyBuffer,
    /// Days of these rows.
    pub(super) days_of_swaps: Vec<Day>,
    /// Entries of blocks.
    pub(super) blocks: CopyBuffer,
    /// Pools and tokens.
    pub(super) pools: Option<Changes>,
    /// Days to write anew.
    pub(super) days: Vec<DayRows>,
    /// What is to be done about forecasts; `None`: nothing has changed of them.
    pub(super) forecasts: Option<RunChanges>,
    /// The daily jobs, where one has changed.
    pub(super) jobs: Option<JobRows>,
    /// Where the mirror stands then.
    pub(super) next: State,
    /// Segments below this number are complete and final.
    pub(super) seal_below: Option<i64>,
    /// The book of days, once this is written.
    pub(super) compared: Option<Day>,
    /// The store's tip.
    pub(super) tip: Option<BlockRef>,
    /// Its time.
    pub(super) tip_time: Option<UnixSeconds>,
    /// Whether more is to be done at once.
    pub(super) more: bool,
    /// What was read and does not fit.
    pub(super) left: Option<Left>,
}

impl Plan {
    /// Deletes what lies above a height, and no more.
    pub(super) fn cut_only(cut: Cut, next: State, book: &DayBook) -> Self {
        Self {
            cut: Some(cut),
            swaps: CopyBuffer::new(swap_rows::FIELDS),
            days_of_swaps: Vec::new(),
            blocks: CopyBuffer::new(BLOCK_FIELDS),
            pools: None,
            days: Vec::new(),
            forecasts: None,
            jobs: None,
            next,
            seal_below: None,
            compared: book.compared,
            tip: None,
            tip_time: None,
            more: true,
            left: None,
        }
    }
}

/// A cut: nothing above the height stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Cut {
    /// The last block that stays; `None`: none does.
    pub(super) to: Option<BlockNumber>,
}

/// What a look at the store gave.
pub(super) enum Look {
    /// Nothing is to be done.
    Nothing(Plan),
    /// This is.
    Do(Plan),
    /// The mirror's last block is not on the store's chain: look for one that is.
    Elsewhere,
}

/// What a look has read and not used.
pub(super) struct Left {
    walk: Unwalked,
    facts: Facts,
}

/// What a look starts from.
pub(super) struct Base {
    pub(super) chain: i32,
    pub(super) state: State,
    pub(super) known: Arc<Known>,
    pub(super) book: Arc<DayBook>,
    /// Where both chains were found to agree, below the mirror's last block.
    pub(super) agreed: Option<Option<BlockRef>>,
    /// What the look before has read and not used.
    pub(super) left: Option<Left>,
}

/// Compares the mirror with the store, and says what to do next.
pub(super) fn look(view: &View<'_>, mut base: Base) -> Result<Look, SyncError> {
    let mut state = base.state;
    let cut = match base.agreed {
        Some(at) => {
            if !is_on(view, at)? {
                return Ok(Look::Elsewhere);
            }
            state.at = at;
            state.time = time_of(view, at)?;
            Some(Cut {
                to: at.map(|at| at.number),
            })
        }
        None if is_on(view, state.at)? => None,
        None => return Ok(Look::Elsewhere),
    };
    state.recheck = state.recheck.and(noticed(view, &mut state)?);
    let tip = view.tip()?;
    // An endpoint may call final what nobody has yet.
    let reached = tip.map(|tip| tip.block.number);
    state.finalized = state.finalized.max(view.finalized().min(reached));
    let mut plan = Plan {
        cut,
        swaps: CopyBuffer::new(swap_rows::FIELDS),
        days_of_swaps: Vec::new(),
        blocks: CopyBuffer::new(BLOCK_FIELDS),
        pools: base.known.changes(view)?,
        days: Vec::new(),
        forecasts: None,
        jobs: None,
        next: state,
        seal_below: None,
        compared: base.book.compared,
        tip: tip.map(|tip| tip.block),
        tip_time: tip.and_then(|tip| tip.timestamp),
        more: false,
        left: None,
    };
    add_blocks(view, base.chain, base.left.take(), &mut plan)?;
    add_days(view, &base, &mut plan)?;
    add_kept(view, &base, &mut plan)?;
    plan.seal_below = sealable(&plan.next)?;
    let changed = plan.cut.is_some()
        || plan.next != base.state
        || !plan.days.is_empty()
        || plan.jobs.is_some()
        || plan.forecasts.as_ref().is_some_and(|runs| !runs.is_empty())
        || plan.pools.as_ref().is_some_and(|pools| !pools.is_empty());
    Ok(if changed {
        Look::Do(plan)
    } else {
        Look::Nothing(plan)
    })
}

/// Where a mirror stands that holds all up to a height: with the hash of the last block known
/// there or below, for not every block is read where its logs are none of ours.
pub(super) fn stand_at(view: &View<'_>, height: BlockNumber) -> Result<BlockRef, SyncError> {
    let known = view.block_below(height.next())?;
    Ok(BlockRef {
        number: height,
        hash: known.map_or(B256::ZERO, |(_, record)| record.hash),
    })
}

/// Whether a mirror that stands there holds the store's chain up to there.
pub(super) fn is_on(view: &View<'_>, at: Option<BlockRef>) -> Result<bool, SyncError> {
    match at {
        Some(at) => Ok(stand_at(view, at.number)? == at),
        None => Ok(true),
    }
}

fn time_of(view: &View<'_>, at: Option<BlockRef>) -> Result<Option<UnixSeconds>, SyncError> {
    let Some(at) = at else { return Ok(None) };
    Ok(view.block(at.number)?.map(|record| record.timestamp))
}

/// What the notices since the mirror's last one say was repaired; all of it, if some are gone.
fn noticed(view: &View<'_>, state: &mut State) -> Result<Recheck, SyncError> {
    let (last, since) = (view.last_notice(), state.notice);
    state.notice = last;
    if last == since {
        return Ok(Recheck::default());
    }
    // A mirror without blocks has nothing to compare.
    let Some(at) = state.at else {
        return Ok(Recheck::default());
    };
    if last < since {
        return Ok(Recheck::all());
    }
    let mut next = since.next();
    let mut first: Option<BlockNumber> = None;
    while next <= last {
        let notices = view.notices(next, NOTICES)?;
        if notices.first().map(|notice| notice.sequence) != Some(next) {
            return Ok(Recheck::all());
        }
        for notice in &notices {
            if notice.kind == NoticeKind::Repaired && notice.range.from <= at.number {
                first = [first, Some(notice.range.from)].into_iter().flatten().min();
            }
        }
        next = Sequence(next.0.saturating_add(notices.len() as u64));
    }
    let Some(block) = first else {
        return Ok(Recheck::default());
    };
    Ok(Recheck {
        block: Some(block),
        day: day_of_block(view, block)?,
    })
}

/// The first day whose row or targets can rest on a block; `None`: no closed day does.
fn day_of_block(view: &View<'_>, block: BlockNumber) -> Result<Option<Day>, SyncError> {
    let mut last = None;
    for closed in view.calendar()? {
        let closed = closed?;
        last = Some(closed.day);
        if closed.last_block >= block {
            break;
        }
    }
    Ok(last.map(|day| day.minus_days(HORIZON_DAYS)))
}

/// Rows of the blocks after the mirror's last one, as many as fit.
fn add_blocks(
    view: &View<'_>,
    chain: i32,
    left: Option<Left>,
    plan: &mut Plan,
) -> Result<(), SyncError> {
    let (Some(start), Some(tip)) = (view.start(), plan.tip) else {
        return Ok(());
    };
    let from = plan.next.at.map_or(start, |at| at.number.next());
    let Some(range) = BlockRange::new(from.max(start), tip.number) else {
        return Ok(());
    };
    let (unwalked, facts) = left.map_or((None, None), |left| (Some(left.walk), Some(left.facts)));
    let mut walk = view.valued_walk(range, unwalked)?;
    // What was known of pools holds as long as the rows that were read do.
    let facts = facts.filter(|_| walk.goes_on()).unwrap_or_default();
    let mut rows = SwapRows::new(view, chain, facts);
    if range.len_blocks() > MANY_BLOCKS {
        plan.swaps.reserve(MAX_BYTES);
    }
    while let Some(found) = walk.next().transpose()? {
        let rests = rows.rests(&found)?;
        let (block, _) = &found;
        let digest = rows.digest(block, &rests)?;
        rows.put(block, &rests, &mut plan.swaps)?;
        let day = Day::of(block.record.timestamp);
        if !block.swaps.is_empty() && plan.days_of_swaps.last() != Some(&day) {
            plan.days_of_swaps.push(day);
        }
        put_block(chain, block, digest, &mut plan.blocks)?;
        plan.next.at = Some(BlockRef {
            number: block.number,
            hash: block.record.hash,
        });
        plan.next.time = Some(block.record.timestamp);
        let is_full = plan.swaps.rows() >= MAX_ROWS || plan.swaps.len() >= MAX_BYTES;
        if is_full && block.number < tip.number {
            plan.more = true;
            plan.left = Some(Left {
                walk: walk.leave(),
                facts: rows.into_facts(),
            });
            return Ok(());
        }
    }
    plan.next.at = Some(stand_at(view, tip.number)?);
    plan.next.time = plan.tip_time.or(plan.next.time);
    Ok(())
}

/// Adds a block's entry.
pub(super) fn put_block(
    chain: i32,
    block: &StoredBlock,
    digest: BlockDigest,
    out: &mut CopyBuffer,
) -> Result<(), SyncError> {
    let number = bigint(block.number)?;
    let mut row = out.row();
    row.i32(chain).i64(number);
    row.hex(block.record.hash.as_slice());
    row.i32(digest.swaps.cast_signed());
    row.bytes(digest.raw.as_slice());
    row.bytes(digest.rest.as_slice());
    Ok(())
}

/// Days that the mirror has reached and lacks, or that have changed, as many as fit.
fn add_days(view: &View<'_>, base: &Base, plan: &mut Plan) -> Result<(), SyncError> {
    let Some(at) = plan.next.at else {
        return Ok(());
    };
    let mut days = Days::new(view, base.chain)?;
    let compared = plan.compared == days.last_final();
    let mut rows = 0;
    for closed in view.calendar()? {
        let closed = closed?;
        // A cut takes days with it.
        let cut = plan
            .cut
            .is_some_and(|cut| cut.to < Some(closed.last_block.next()));
        let known = base.book.days.get(&closed.day).filter(|_| !cut);
        let wanted = known.is_none_or(|entry| !entry.settled && !compared);
        if !closed.whole || closed.last_block > at.number || !wanted {
            continue;
        }
        if rows >= MAX_DAY_ROWS {
            plan.more = true;
            return Ok(());
        }
        let made = days.rows(closed)?;
        let differs =
            known.is_none_or(|entry| entry.digest != made.digest || entry.settled != made.settled);
        if differs {
            rows += made.pools;
            plan.days.push(made);
        }
    }
    plan.compared = days.last_final();
    Ok(())
}

/// Forecasts that the mirror lacks, and the daily jobs, once it has reached the tip.
fn add_kept(view: &View<'_>, base: &Base, plan: &mut Plan) -> Result<(), SyncError> {
    if plan.more {
        return Ok(());
    }
    plan.forecasts = base.book.forecasts.changes(view, base.chain)?;
    plan.more = plan
        .forecasts
        .as_ref()
        .is_some_and(|runs| runs.reached.is_none());
    let jobs = jobs(view, base.chain)?;
    plan.jobs = (base.book.jobs != Some(jobs.digest)).then_some(jobs);
    Ok(())
}

/// The first segment that is not complete and final.
fn sealable(state: &State) -> Result<Option<i64>, SyncError> {
    let (Some(at), Some(finalized)) = (state.at, state.finalized) else {
        return Ok(None);
    };
    let end = at.number.min(finalized).next();
    bigint(BlockNumber(end.0 / SEGMENT_BLOCKS)).map(Some)
}
