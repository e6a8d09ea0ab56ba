//! The rows of a table's day, as the store has them, in the order of its files.

use super::days::DaySpan;
use super::forecast_days::runs_of;
use super::table::{LakeTable, Shape};
use crate::cell::Cell;
use crate::error::SyncError;
use crate::tables::{NamedPools, forecast_cells, liquidity_cells, pool_day_cells, swap_cells};
use std::collections::BTreeMap;
use tidegauge_model::{BlockNumber, BlockRange, Day, PoolActivity, PoolId, UnixSeconds};
use tidegauge_storage::{StoreError, View};

/// Takes a row.
pub(super) type Take<'t> = &'t mut dyn FnMut(&[Cell<'_>]) -> Result<(), SyncError>;

/// Hands over each row.
///
/// # Errors
/// What cannot be read, that there are more or fewer rows than the blocks say, or what `take` says.
pub(super) fn each_row(
    view: &View<'_>,
    (table, shape): (LakeTable, &Shape),
    span: &DaySpan,
    take: Take<'_>,
) -> Result<(), SyncError> {
    match (table, span.blocks()) {
        (LakeTable::Swaps, Some(blocks)) => each_swap(view, shape, (span.day, blocks), take),
        (LakeTable::Liquidity, Some(blocks)) => each_event(view, shape, (span.day, blocks), take),
        (LakeTable::Features | LakeTable::Targets, Some(_)) => {
            each_pool_day(view, shape, span.day, take)
        }
        (LakeTable::Predictions, _) => each_forecast(view, shape, span.day, take),
        (_, None) => Ok(()),
    }
}

fn each_swap(
    view: &View<'_>,
    shape: &Shape,
    (day, blocks): (Day, BlockRange),
    take: Take<'_>,
) -> Result<(), SyncError> {
    let chain = view.chain_id()?;
    let mut pools = NamedPools::new(view);
    for (pool, expected) in active(view, blocks, |activity| activity.swaps)? {
        let named = pools.of_row(pool)?;
        let mut found = 0;
        for swap in view.valued_swaps(pool, blocks)? {
            let (swap, value) = swap?;
            is_inside(day, swap.block, swap.timestamp)?;
            let usd = value.and_then(|value| value.usd);
            take(&shape.row(swap_cells(chain, &swap, usd, &named.info)))?;
            found += 1;
        }
        is_complete(pool, blocks, (found, expected))?;
    }
    Ok(())
}

fn each_event(
    view: &View<'_>,
    shape: &Shape,
    (day, blocks): (Day, BlockRange),
    take: Take<'_>,
) -> Result<(), SyncError> {
    let chain = view.chain_id()?;
    for (pool, expected) in active(view, blocks, |activity| activity.liquidity)? {
        let mut found = 0;
        for event in view.liquidity(pool, blocks)? {
            let event = event?;
            is_inside(day, event.block, event.timestamp)?;
            take(&shape.row(liquidity_cells(chain, &event)))?;
            found += 1;
        }
        is_complete(pool, blocks, (found, expected))?;
    }
    Ok(())
}

fn each_pool_day(
    view: &View<'_>,
    shape: &Shape,
    day: Day,
    take: Take<'_>,
) -> Result<(), SyncError> {
    let mut pools = NamedPools::new(view);
    for row in view.daily_rows(day, day, None)? {
        let row = row?;
        let named = pools.of_row(row.pool)?;
        take(&shape.row(pool_day_cells(named, &row)))?;
    }
    Ok(())
}

fn each_forecast(
    view: &View<'_>,
    shape: &Shape,
    day: Day,
    take: Take<'_>,
) -> Result<(), SyncError> {
    for run in runs_of(view, day)? {
        for pool in view.pool_forecasts(&run)? {
            let mut pool = pool?;
            pool.forecasts.sort_by_key(|(target, _)| target.name());
            for (target, forecast) in &pool.forecasts {
                take(&shape.row(forecast_cells(&run, pool.pool, *target, forecast)))?;
            }
        }
    }
    Ok(())
}

/// The pools that some blocks say they touched, ascending, each with its number of rows.
fn active(
    view: &View<'_>,
    blocks: BlockRange,
    rows: impl Fn(&PoolActivity) -> u32,
) -> Result<BTreeMap<PoolId, u64>, SyncError> {
    let mut pools = BTreeMap::new();
    for block in view.blocks(blocks)? {
        for activity in block?.1.pools {
            let count = u64::from(rows(&activity));
            if count > 0 {
                *pools.entry(activity.pool).or_default() += count;
            }
        }
    }
    Ok(pools)
}

fn is_complete(
    pool: PoolId,
    blocks: BlockRange,
    (found, expected): (u64, u64),
) -> Result<(), SyncError> {
    if found == expected {
        return Ok(());
    }
    contradiction(format!(
        "blocks {blocks} say that pool {pool} has {expected} rows there, it has {found}"
    ))
}

fn is_inside(day: Day, block: BlockNumber, at: UnixSeconds) -> Result<(), SyncError> {
    if Day::of(at) == day {
        return Ok(());
    }
    contradiction(format!(
        "block {block} belongs to {day}, a row of it does not"
    ))
}

fn contradiction(message: String) -> Result<(), SyncError> {
    Err(StoreError::Contradiction(message).into())
}
