//! The way forward: blocks are folded in order, and days are closed as time passes them.

use super::close::close;
use super::live::{Live, first_day};
use super::pending::Pending;
use crate::draft::Draft;
use crate::error::StoreError;
use std::borrow::Borrow;
use tidegauge_features::Horizon;
use tidegauge_model::{BlockData, BlockNumber, Day, Extend, PoolId, PoolVerdict, UnixSeconds};

/// Notes what a range says of the times around it; it may be the first of the store.
pub(crate) fn begin(draft: &mut Draft<'_>, extend: &Extend) {
    let derived = &mut draft.head.derived;
    if draft.head.start.is_none() {
        draft.head.start = Some(extend.covered.range.from);
        derived.time_before = extend.time_before;
        derived.horizon = None;
    }
    derived.time_after = extend.time_after;
}

/// Learns of pools accepted just now. A pool that is known with other tokens or another
/// origin by now has all that is derived computed anew.
pub(crate) fn meet(
    draft: &mut Draft<'_>,
    live: &mut Live,
    verdicts: &[&PoolVerdict],
) -> Result<(), StoreError> {
    let accepted: Vec<PoolId> = verdicts
        .iter()
        .filter(|verdict| matches!(verdict, PoolVerdict::Accepted(_)))
        .map(|verdict| verdict.id())
        .collect();
    if accepted.is_empty() {
        return Ok(());
    }
    let known: Vec<_> = accepted
        .iter()
        .filter(|pool| live.fold.tile(**pool).is_some())
        .filter_map(|pool| live.fold.pool(*pool).cloned())
        .collect();
    live.put_pools(draft, accepted)?;
    if known
        .iter()
        .any(|info| live.fold.pool(info.pool.id) != Some(info))
    {
        draft.head.derived.rebuild();
    }
    Ok(())
}

/// Folds blocks, in order.
pub(crate) fn fold<B: Borrow<BlockData>>(
    draft: &mut Draft<'_>,
    live: &mut Live,
    blocks: impl IntoIterator<Item = B>,
) -> Result<(), StoreError> {
    let mut pending = Pending::default();
    for block in blocks {
        fold_one(draft, live, block.borrow(), &mut pending)?;
    }
    pending.write(draft)
}

/// Folds a block; what it gives is pending until a day is closed.
pub(super) fn fold_one(
    draft: &mut Draft<'_>,
    live: &mut Live,
    block: &BlockData,
    pending: &mut Pending,
) -> Result<(), StoreError> {
    let open = match live.open_day {
        Some(day) if draft.horizon().is_some() => day,
        _ => first(draft, live, block)?,
    };
    if open.end() <= block.timestamp {
        pending.write(draft)?;
        let last = block.number.prev().unwrap_or_default();
        close_by(draft, live, block.timestamp, last)?;
    }
    pending.fold(live, block)
}

/// Closes the days that end by a time.
pub(crate) fn close_by(
    draft: &mut Draft<'_>,
    live: &mut Live,
    time: UnixSeconds,
    last_block: BlockNumber,
) -> Result<(), StoreError> {
    if live.open_day.is_none() {
        // No block yet: the time before the range says where whole days begin.
        let Some(after) = draft.head.derived.time_before else {
            return Ok(());
        };
        begin_at(draft, live, Some(after), None)?;
    }
    while let Some(day) = live.open_day
        && day.end() <= time
    {
        close(draft, live, day, last_block)?;
    }
    Ok(())
}

/// With the first block it is known from where on.
fn first(draft: &mut Draft<'_>, live: &mut Live, block: &BlockData) -> Result<Day, StoreError> {
    let after = match (draft.head.start, draft.head.derived.time_before) {
        (_, Some(before)) => Some(before),
        // The chain begins here.
        (Some(BlockNumber(0)), None) => None,
        _ => Some(block.timestamp),
    };
    begin_at(draft, live, after, Some(block.timestamp))?;
    Ok(live.open_day.unwrap_or(Day::of(block.timestamp)))
}

fn begin_at(
    draft: &mut Draft<'_>,
    live: &mut Live,
    after: Option<UnixSeconds>,
    first_block: Option<UnixSeconds>,
) -> Result<(), StoreError> {
    let horizon = Horizon { after };
    draft.set_horizon(horizon);
    *live = Live::load(draft, &live.set().clone())?;
    live.open_day = first_day(draft, horizon, first_block);
    live.touch();
    Ok(())
}
