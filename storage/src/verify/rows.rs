//! Invariants of rows: each belongs to a block and to an accepted pool, and all are counted.

use super::blocks::RowsOfBlocks;
use super::{ACCEPTED, BELONGING, COUNTERS, Progress, Report, tell};
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::parse_row_key;
use crate::scan::Bounds;
use crate::view::View;
use std::collections::HashSet;
use tidegauge_model::PoolId;

pub(super) fn check(
    view: &View<'_>,
    accepted: &HashSet<PoolId>,
    of_blocks: &RowsOfBlocks,
    report: &mut Report,
    progress: &mut impl FnMut(Progress),
) -> Result<(), StoreError> {
    let counters = view.counters();
    for (family, in_blocks, counted) in [
        (Family::Swaps, of_blocks.swaps, counters.swaps),
        (Family::Liquidity, of_blocks.liquidity, counters.liquidity),
    ] {
        let found = scan(view, family, accepted, counted, report, progress)?;
        match family {
            Family::Liquidity => report.liquidity = found,
            _ => report.swaps = found,
        }
        report.require(COUNTERS, found == counted, || {
            format!("{found} rows in `{family}`, {counted} counted")
        });
        // Blocks were matched with their rows one by one, so equal totals leave none over.
        if found != in_blocks {
            name_strays(view, family, report)?;
        }
    }
    Ok(())
}

fn scan(
    view: &View<'_>,
    family: Family,
    accepted: &HashSet<PoolId>,
    counted: u64,
    report: &mut Report,
    progress: &mut impl FnMut(Progress),
) -> Result<u64, StoreError> {
    let mut rows = view.raw(family, Bounds::all())?;
    let mut found = 0;
    let mut pool_before = None;
    while let Some(row) = rows.next_with(|key, _| parse_row_key(key)) {
        let (pool, ..) = row?;
        if pool_before != Some(pool) {
            report.require(ACCEPTED, accepted.contains(&pool), || {
                format!("`{family}` has rows of pool {pool}")
            });
            pool_before = Some(pool);
        }
        found += 1;
        tell(progress, family.name(), found, counted);
    }
    Ok(found)
}

/// The slow way, taken only when totals differ: which rows lack a block.
fn name_strays(view: &View<'_>, family: Family, report: &mut Report) -> Result<(), StoreError> {
    let mut named = false;
    let mut rows = view.raw(family, Bounds::all())?;
    while let Some(row) = rows.next_with(|key, _| parse_row_key(key)) {
        let (pool, block, log_index) = row?;
        let known = view
            .block(block)?
            .is_some_and(|record| record.pools.iter().any(|a| a.pool == pool));
        named |= !known;
        report.require(BELONGING, known, || {
            format!("`{family}`: log {log_index} of block {block}, pool {pool}")
        });
    }
    report.require(BELONGING, named, || {
        format!("`{family}` has other rows than its blocks say")
    });
    Ok(())
}
