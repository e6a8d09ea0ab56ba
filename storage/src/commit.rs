//! The way forward: one range of blocks becomes rows, records, journal, coverage and a notice.

use crate::beneath::Beneath;
use crate::codec::{decode_block, encode_block, encode_liquidity, encode_swap};
use crate::database::damaged;
use crate::derive::{self, Live};
use crate::disputes;
use crate::draft::Draft;
use crate::error::{StepFault, StoreError};
use crate::families::Family;
use crate::keys::{RowKey, block_key, row_key};
use crate::ledger;
use crate::notice::NoticeKind;
use crate::outbox;
use crate::range_check;
use crate::row_digest::RowDigest;
use crate::stretch::{home_of, stretches};
use crate::verdicts::{put_token, put_verdict};
use tidegauge_model::{
    BlockData, BlockRecord, BlockRef, Coverage, Extend, PoolActivity, PoolId, Tally, UnixSeconds,
};

/// Buffers kept between batches, so that a swap allocates nothing.
#[derive(Default)]
pub(crate) struct Workspace {
    digest: RowDigest,
    /// Keys of a stretch's rows with the end of each value in `values`, per family.
    rows: Vec<(RowKey, usize, usize)>,
    values: Vec<u8>,
    value: Vec<u8>,
    activity: Vec<PoolActivity>,
}

/// Adds a range to the draft; returns the number of disputes that it opens. What is derived
/// comes along, but for the time of a rebuild.
pub(crate) fn extend(
    draft: &mut Draft<'_>,
    mut live: Option<&mut Live>,
    extend: &Extend,
    space: &mut Workspace,
) -> Result<u64, StoreError> {
    let refused = |fault| StoreError::StepRefused {
        range: extend.covered.range,
        fault,
    };
    range_check::check_next(extend, draft.base()).map_err(refused)?;
    range_check::check_times(extend, last_time(draft)?).map_err(refused)?;
    disputes::check(draft, extend).map_err(refused)?;
    derive::begin(draft, extend);
    // Finality never falls: an endpoint that lags does not take it back.
    draft.head.finalized = draft.head.finalized.max(extend.finalized);
    let stretches = stretches(extend, draft.head.finalized);
    let homes = home_of(extend, &stretches);
    let mut parent = draft.base().map_or(extend.covered.parent, |base| base.hash);
    let mut disputes_opened = 0;
    // Every write is at the tip: there is nothing above it.
    let mut beneath = Beneath::default();
    for (index, stretch) in stretches.iter().enumerate() {
        if stretch.journaled {
            draft.open_entry(stretch.range.from);
        }
        // Tokens first: an accepted pool's tokens must be known.
        for (token, _) in homes.tokens(extend).filter(|(_, home)| *home == index) {
            put_token(draft, &mut beneath, token)?;
        }
        let verdicts = homes.verdicts(extend).filter(|(_, home)| *home == index);
        let verdicts: Vec<_> = verdicts.map(|(verdict, _)| verdict).collect();
        for verdict in &verdicts {
            put_verdict(draft, &mut beneath, verdict, refused)?;
        }
        let blocks = &extend.blocks[stretch.blocks.clone()];
        put_blocks(draft, blocks, space, refused)?;
        if let Some(live) = live.as_deref_mut() {
            derive::meet(draft, live, &verdicts)?;
            derive::fold(draft, live, blocks)?;
            draft.head.derived.to = Some(stretch.range.to);
            let is_last = index + 1 == stretches.len();
            if let Some(time) = extend.time_after.filter(|_| is_last) {
                derive::close_by(draft, live, time, stretch.range.to)?;
            }
        }
        let covered = Coverage {
            range: stretch.range,
            evidence: extend.covered.evidence,
            parent,
            end_hash: stretch.end_hash,
            tally: blocks
                .iter()
                .fold(Tally::default(), |sum, b| sum.plus(b.tally)),
        };
        ledger::cover(draft, covered)?;
        parent = stretch.end_hash;
        disputes_opened += disputes::open(draft, extend, stretch.range, refused)?;
        draft.close_entry(stretch.range.to)?;
    }
    let tip = BlockRef {
        number: extend.covered.range.to,
        hash: extend.covered.end_hash,
    };
    assert_eq!(draft.head.tip, Some(tip), "the range's end is the tip");
    outbox::notify(draft, NoticeKind::Committed, extend.covered.range, tip)?;
    Ok(disputes_opened)
}

/// The time of the last block before the next range, if one was read.
fn last_time(draft: &Draft<'_>) -> Result<Option<UnixSeconds>, StoreError> {
    let Some(base) = draft.base().filter(|_| draft.last_time.is_none()) else {
        return Ok(draft.last_time);
    };
    // Blocks above the base may be there still: this batch unwinds them.
    let last = draft.last_up_to(Family::Blocks, &block_key(base.number))?;
    last.map(|(key, value)| {
        let block = decode_block(&key, &value);
        let (_, record) = block.map_err(|e| damaged(Family::Blocks, &key, e))?;
        Ok(record.timestamp)
    })
    .transpose()
}

fn put_blocks(
    draft: &mut Draft<'_>,
    blocks: &[BlockData],
    space: &mut Workspace,
    refused: impl Fn(StepFault) -> StoreError,
) -> Result<(), StoreError> {
    for block in blocks {
        count_activity(block, &mut space.activity);
        for activity in &space.activity {
            if !draft.is_accepted(activity.pool)? {
                return Err(refused(StepFault::UnknownPool {
                    block: block.number,
                    pool: activity.pool,
                }));
            }
        }
        let record = BlockRecord {
            hash: block.hash,
            parent: block.parent,
            timestamp: block.timestamp,
            pools: space.activity.clone(),
            row_digest: space.digest.of(&block.swaps),
            tally: block.tally,
        };
        let key = block_key(block.number);
        space.value.clear();
        encode_block(&record, &mut space.value).map_err(|e| damaged(Family::Blocks, &key, e))?;
        draft.put_fresh(Family::Blocks, &key, &space.value);
        draft.count_logs(block.tally);
        draft.last_time = Some(block.timestamp);
    }
    let swaps = blocks.iter().flat_map(|b| &b.swaps);
    put_rows(draft, Family::Swaps, space, swaps, |swap, out| {
        let key = row_key(swap.pool, swap.block, swap.log_index);
        (key, encode_swap(swap, out))
    })?;
    let events = blocks.iter().flat_map(|b| &b.liquidity);
    put_rows(draft, Family::Liquidity, space, events, |event, out| {
        let key = row_key(event.pool, event.block, event.log_index);
        (key, encode_liquidity(event, out))
    })
}

/// Puts rows in key order: each then goes right behind the one before, which
/// makes writing a large batch about twice as fast.
fn put_rows<'r, R: 'r>(
    draft: &mut Draft<'_>,
    family: Family,
    space: &mut Workspace,
    rows: impl Iterator<Item = &'r R>,
    encode: impl Fn(&R, &mut Vec<u8>) -> (RowKey, Result<(), crate::codec_error::CodecError>),
) -> Result<(), StoreError> {
    space.rows.clear();
    space.values.clear();
    for row in rows {
        let start = space.values.len();
        let (key, encoded) = encode(row, &mut space.values);
        encoded.map_err(|e| damaged(family, &key, e))?;
        space.rows.push((key, start, space.values.len()));
    }
    space.rows.sort_unstable_by_key(|row| row.0);
    for (key, start, end) in &space.rows {
        draft.put_fresh(family, key, &space.values[*start..*end]);
    }
    Ok(())
}

/// Pools that the block touches, ascending, with their numbers of rows.
pub(crate) fn count_activity(block: &BlockData, activity: &mut Vec<PoolActivity>) {
    let one = |pool: PoolId, swaps, liquidity| PoolActivity {
        pool,
        swaps,
        liquidity,
    };
    activity.clear();
    activity.extend(block.swaps.iter().map(|s| one(s.pool, 1, 0)));
    activity.extend(block.liquidity.iter().map(|e| one(e.pool, 0, 1)));
    activity.sort_unstable_by_key(|a| a.pool);
    activity.dedup_by(|next, kept| {
        let same = next.pool == kept.pool;
        if same {
            kept.swaps += next.swaps;
            kept.liquidity += next.liquidity;
        }
        same
    });
}
