//! Whether a range may be repaired: it is final, it is inside, and its seams fit.

use crate::codec::{decode_block, decode_journal};
use crate::database::damaged;
use crate::draft::Draft;
use crate::error::{StepFault, StoreError};
use crate::families::Family;
use crate::keys::block_key;
use crate::ledger;
use crate::range_check::check_blocks;
use crate::scan::{Bounds, RawScan};
use tidegauge_model::{B256, BlockNumber, BlockRange, BlockRecord, Repair};

/// Checks a repair against the store, apart from its rows.
pub(crate) fn check(
    draft: &Draft<'_>,
    repair: &Repair,
    refused: impl Fn(StepFault) -> StoreError,
) -> Result<(), StoreError> {
    let covered = &repair.covered;
    let range = covered.range;
    let inside = match (draft.head.start, draft.head.tip) {
        (Some(start), Some(tip)) => BlockRange::new(start, tip.number),
        _ => None,
    };
    match inside {
        Some(all) if all.from <= range.from && range.to <= all.to => {}
        covered => return Err(refused(StepFault::NotCovered { covered })),
    }
    match draft.head.finalized {
        Some(finalized) if range.to <= finalized => {}
        finalized => return Err(refused(StepFault::NotFinal { finalized })),
    }
    check_blocks(covered, &repair.blocks).map_err(&refused)?;
    for (number, fetched) in [
        (range.from.prev(), covered.parent),
        (Some(range.to), covered.end_hash),
    ] {
        let Some(number) = number else { continue };
        if let Some(stored) = known_hash(draft, number)?
            && stored != fetched
        {
            return Err(refused(StepFault::OtherBranch {
                block: number,
                fetched,
                stored,
            }));
        }
    }
    check_time(draft, repair, refused)
}

/// The hash of a block, wherever the store knows it from.
fn known_hash(draft: &Draft<'_>, number: BlockNumber) -> Result<Option<B256>, StoreError> {
    let next = number.next();
    if let Some(record) = record(draft, number)? {
        return Ok(Some(record.hash));
    }
    if let Some(parent) = record(draft, next)?.and_then(|record| record.parent) {
        return Ok(Some(parent));
    }
    let before_start = draft.head.start == Some(next);
    if before_start {
        return ledger::entry_of(draft, next).map(|entry| Some(entry.parent));
    }
    let entry = ledger::entry_of(draft, number)?;
    if entry.range.to == number {
        return Ok(Some(entry.end_hash));
    }
    // Where a stretch begins, although coverage goes on.
    let mut rows = first_from(draft, Family::Journal, next)?;
    Ok(match rows.next_with(decode_journal).transpose()? {
        Some((_, entry)) if entry.from == next => entry.before.map(|before| before.hash),
        _ => None,
    })
}

/// Time must not run back across the seams either.
fn check_time(
    draft: &Draft<'_>,
    repair: &Repair,
    refused: impl Fn(StepFault) -> StoreError,
) -> Result<(), StoreError> {
    let (Some(first), Some(last)) = (repair.blocks.first(), repair.blocks.last()) else {
        return Ok(());
    };
    let range = repair.covered.range;
    let before = match range.from.prev() {
        Some(number) => draft.last_up_to(Family::Blocks, &block_key(number))?,
        None => None,
    };
    if let Some((key, value)) = before {
        let (_, before) =
            decode_block(&key, &value).map_err(|e| damaged(Family::Blocks, &key, e))?;
        if before.timestamp > first.timestamp {
            return Err(refused(StepFault::TimeRunsBack {
                block: first.number,
            }));
        }
    }
    let mut rows = first_from(draft, Family::Blocks, range.to.next())?;
    match rows.next_with(decode_block).transpose()? {
        Some((block, after)) if after.timestamp < last.timestamp => {
            Err(refused(StepFault::TimeRunsBack { block }))
        }
        _ => Ok(()),
    }
}

fn record(draft: &Draft<'_>, number: BlockNumber) -> Result<Option<BlockRecord>, StoreError> {
    let key = block_key(number);
    draft
        .get(Family::Blocks, &key)?
        .map(|value| decode_block(&key, &value).map_err(|e| damaged(Family::Blocks, &key, e)))
        .transpose()
        .map(|found| found.map(|(_, record)| record))
}

/// A family keyed by height, from a height on.
fn first_from<'d>(
    draft: &Draft<'d>,
    family: Family,
    number: BlockNumber,
) -> Result<RawScan<'d>, StoreError> {
    let db = draft.database();
    let bounds = Bounds {
        lower: Some(block_key(number).to_vec()),
        upper: None,
    };
    let rows = db
        .rocks
        .raw_iterator_cf_opt(db.family(family)?, bounds.read_options());
    Ok(RawScan::ascending(family, rows))
}
