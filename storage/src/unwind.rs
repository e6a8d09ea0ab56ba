//! The way back: what was there before, newest first, in the same batch as what follows.

use crate::codec::{Touched, decode_coverage};
use crate::database::damaged;
use crate::derive::{self, Live};
use crate::draft::Draft;
use crate::error::StoreError;
use crate::families::Family;
use crate::journal;
use crate::keys::{block_key, parse_address_key, parse_tile_key};
use crate::ledger;
use crate::notice::NoticeKind;
use crate::outbox;
use std::collections::BTreeSet;
use tidegauge_model::{BlockRange, BlockRef, PoolId};

/// Takes the draft back to `to`; returns the number of blocks taken back.
pub(crate) fn unwind(
    draft: &mut Draft<'_>,
    live: Option<&mut Live>,
    to: BlockRef,
) -> Result<u64, StoreError> {
    let unknown = || StoreError::UnwindUnknown { to };
    let (Some(start), Some(tip)) = (draft.head.start, draft.head.tip) else {
        return Err(unknown());
    };
    let Some(range) = BlockRange::new(to.number.next(), tip.number) else {
        return if to == tip { Ok(0) } else { Err(unknown()) };
    };
    if let Some(finalized) = draft.head.finalized
        && to.number < finalized
    {
        return Err(StoreError::UnwindBelowFinal {
            to: to.number,
            finalized,
        });
    }
    let everything = range.from == start;
    if range.from < start || everything && parent_of_start(draft)? != Some(to.hash) {
        return Err(unknown());
    }
    let mut pools = BTreeSet::new();
    while let Some(at) = draft.head.tip
        && at.number > to.number
    {
        step_back(draft, at, to, &mut pools)?;
    }
    match draft.head.tip {
        Some(at) if at == to => {}
        None if everything => draft.floor = Some(to),
        _ => return Err(unknown()),
    }
    let tip = draft.head.tip.map(|tip| tip.number);
    let derived = &mut draft.head.derived;
    derived.time_after = None;
    derived.to = derived.to.min(tip);
    if let Some(live) = live {
        derive::put_right(draft, live, range, pools)?;
    }
    outbox::notify(draft, NoticeKind::Unwound, range, to)?;
    Ok(range.len_blocks())
}

/// Undoes the last journaled stretch, on the way to `to`, and notes pools that it touches.
fn step_back(
    draft: &mut Draft<'_>,
    tip: BlockRef,
    to: BlockRef,
    pools: &mut BTreeSet<PoolId>,
) -> Result<(), StoreError> {
    let (entry, bytes) = journal::entry(draft, tip.number)?;
    if entry.from <= to.number {
        // It lies inside the stretch, where no hash is known.
        return Err(StoreError::UnwindUnknown { to });
    }
    if entry.before.is_some_and(|b| b.number.next() != entry.from) {
        return Err(StoreError::Contradiction(format!(
            "the journal of block {} does not lead back to the block before it",
            tip.number
        )));
    }
    for touched in entry.touched.into_iter().rev() {
        let Touched { family, key, .. } = &touched;
        match family {
            Family::Pools => {
                let pool = parse_address_key(key).map_err(|e| damaged(*family, key, e))?;
                pools.insert(PoolId(pool));
            }
            Family::Tiles => {
                let (pool, _) = parse_tile_key(key).map_err(|e| damaged(*family, key, e))?;
                pools.insert(pool);
            }
            _ => {}
        }
        draft.restore(touched)?;
    }
    draft.discount_logs(entry.tally)?;
    ledger::cut_back(draft, entry.from, entry.before, entry.tally)?;
    journal::remove(draft, tip.number, bytes)
}

fn parent_of_start(draft: &Draft<'_>) -> Result<Option<tidegauge_model::B256>, StoreError> {
    let Some(start) = draft.head.start else {
        return Ok(None);
    };
    let key = block_key(start);
    let Some(value) = draft.get(Family::Coverage, &key)? else {
        return Err(StoreError::Contradiction(format!(
            "coverage does not begin at the start, block {start}"
        )));
    };
    let coverage = decode_coverage(&key, &value).map_err(|e| damaged(Family::Coverage, &key, e))?;
    Ok(Some(coverage.parent))
}
