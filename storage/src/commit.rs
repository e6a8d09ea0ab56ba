//! The way forward: one range of blocks becomes rows, records, journal, coverage and a notice.

use crate::codec::{
    decode_coverage, decode_verdict, encode_block, encode_coverage, encode_liquidity, encode_swap,
    encode_token, encode_verdict,
};
use crate::database::damaged;
use crate::draft::Draft;
use crate::error::{StepFault, StoreError};
use crate::extend_check;
use crate::families::Family;
use crate::keys::{RowKey, address_key, block_key, row_key};
use crate::notice::NoticeKind;
use crate::outbox;
use crate::row_digest::RowDigest;
use crate::stretch::{Stretch, home_of, stretches};
use tidegauge_model::{
    BlockData, BlockRecord, BlockRef, Coverage, Extend, PoolActivity, PoolId, PoolVerdict, Tally,
    Token,
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

/// Adds a range to the draft.
pub(crate) fn extend(
    draft: &mut Draft<'_>,
    extend: &Extend,
    space: &mut Workspace,
) -> Result<(), StoreError> {
    let refused = |fault| StoreError::StepRefused {
        range: extend.covered.range,
        fault,
    };
    extend_check::check(extend, draft.base()).map_err(refused)?;
    // Finality never falls: an endpoint that lags does not take it back.
    draft.head.finalized = draft.head.finalized.max(extend.finalized);
    let stretches = stretches(extend, draft.head.finalized);
    let homes = home_of(extend, &stretches);
    for (index, stretch) in stretches.iter().enumerate() {
        if stretch.journaled {
            draft.open_entry(stretch.range.from);
        }
        // Tokens first: an accepted pool's tokens must be known.
        for (token, _) in homes.tokens(extend).filter(|(_, home)| *home == index) {
            put_token(draft, token)?;
        }
        for (verdict, _) in homes.verdicts(extend).filter(|(_, home)| *home == index) {
            put_verdict(draft, verdict, refused)?;
        }
        let blocks = &extend.blocks[stretch.blocks.clone()];
        put_blocks(draft, blocks, space, refused)?;
        cover(draft, extend, stretch, blocks)?;
        draft.close_entry(stretch.range.to)?;
    }
    let tip = BlockRef {
        number: extend.covered.range.to,
        hash: extend.covered.end_hash,
    };
    assert_eq!(draft.head.mark.tip, Some(tip), "the range's end is the tip");
    outbox::notify(draft, NoticeKind::Committed, extend.covered.range, tip)
}

fn put_token(draft: &mut Draft<'_>, token: &Token) -> Result<(), StoreError> {
    let key = address_key(token.address);
    let mut value = Vec::new();
    encode_token(token, &mut value).map_err(|e| damaged(Family::Tokens, &key, e))?;
    match draft.get(Family::Tokens, &key)? {
        Some(before) if before == value => return Ok(()),
        Some(_) => {}
        None => draft.head.mark.counters.tokens += 1,
    }
    draft.put(Family::Tokens, &key, value)
}

fn put_verdict(
    draft: &mut Draft<'_>,
    verdict: &PoolVerdict,
    refused: impl Fn(StepFault) -> StoreError,
) -> Result<(), StoreError> {
    let key = address_key(verdict.id().0);
    let mut value = Vec::new();
    encode_verdict(verdict, &mut value).map_err(|e| damaged(Family::Pools, &key, e))?;
    if let PoolVerdict::Accepted(pool) = verdict {
        for token in [pool.token0, pool.token1] {
            if draft.get(Family::Tokens, &address_key(token))?.is_none() {
                return Err(refused(StepFault::UnknownToken {
                    pool: pool.id,
                    token,
                }));
            }
        }
    }
    match draft.get(Family::Pools, &key)? {
        Some(before) if before == value => return Ok(()),
        Some(before) => {
            let before =
                decode_verdict(&key, &before).map_err(|e| damaged(Family::Pools, &key, e))?;
            // What is known of a pool may be refined; whether it is one may not change,
            // since rows were kept or left out by it.
            if std::mem::discriminant(&before) != std::mem::discriminant(verdict) {
                return Err(refused(StepFault::Rejudged { pool: verdict.id() }));
            }
        }
        None => {
            let counters = &mut draft.head.mark.counters;
            match verdict {
                PoolVerdict::Accepted(_) => counters.pools_accepted += 1,
                PoolVerdict::Refused { .. } => counters.pools_refused += 1,
            }
        }
    }
    draft.put(Family::Pools, &key, value)
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
        let counters = &mut draft.head.mark.counters;
        counters.blocks += 1;
        counters.swaps += block.swaps.len() as u64;
        counters.liquidity += block.liquidity.len() as u64;
        counters.logs = counters.logs.plus(block.tally);
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

/// Moves the tip to the stretch's end and enters the stretch into the ledger,
/// as part of the entry before where the evidence is the same.
fn cover(
    draft: &mut Draft<'_>,
    extend: &Extend,
    stretch: &Stretch,
    blocks: &[BlockData],
) -> Result<(), StoreError> {
    let mark = draft.head.mark;
    let mut coverage = Coverage {
        range: stretch.range,
        evidence: extend.covered.evidence,
        parent: mark.tip.map_or(extend.covered.parent, |tip| tip.hash),
        end_hash: stretch.end_hash,
        tally: blocks
            .iter()
            .fold(Tally::default(), |sum, b| sum.plus(b.tally)),
    };
    if let Some(from) = mark.coverage_from {
        let key = block_key(from);
        let value = draft.get(Family::Coverage, &key)?.ok_or_else(|| {
            StoreError::Contradiction(format!(
                "the last coverage entry, from block {from}, is gone"
            ))
        })?;
        let last = decode_coverage(&key, &value).map_err(|e| damaged(Family::Coverage, &key, e))?;
        if last.range.to.next() != stretch.range.from || last.end_hash != coverage.parent {
            return Err(StoreError::Contradiction(format!(
                "coverage ends at block {}, the tip lies elsewhere",
                last.range.to
            )));
        }
        if last.evidence == coverage.evidence {
            coverage.range.from = last.range.from;
            coverage.parent = last.parent;
            coverage.tally = coverage.tally.plus(last.tally);
        }
    }
    let key = block_key(coverage.range.from);
    let mut value = Vec::new();
    encode_coverage(&coverage, &mut value).map_err(|e| damaged(Family::Coverage, &key, e))?;
    draft.put(Family::Coverage, &key, value)?;
    let mark = &mut draft.head.mark;
    mark.start = mark.start.or(Some(stretch.range.from));
    mark.tip = Some(BlockRef {
        number: stretch.range.to,
        hash: stretch.end_hash,
    });
    mark.coverage_from = Some(coverage.range.from);
    Ok(())
}
