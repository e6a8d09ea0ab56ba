//! `export`: raw rows as CSV, JSON or Parquet.

mod selection;

use crate::cli::{Export, Rows};
use crate::collect::address;
use crate::config::Config;
use crate::error::Error;
use crate::progress::{Progress, group};
use crate::table::{Format, TableOut, is_standard_output, pipe_may_close};
use selection::Selection;
use std::collections::HashMap;
use tidegauge_features::PoolInfo;
use tidegauge_model::{Address, Pool, PoolId, PoolVerdict};
use tidegauge_storage::View;
use tidegauge_sync::{LIQUIDITY_COLUMNS, SWAP_COLUMNS, liquidity_cells, swap_cells};

/// Writes the rows, pool by pool, in order of block and log index; a file appears whole or not at all.
pub(super) fn export(config: &Config, flags: &Export) -> Result<(), Error> {
    Format::of(&flags.out)?;
    let reader = super::open_beside(config)?;
    let view = reader.view()?;
    let selection = Selection::read(&view, &flags.range)?;
    let wanted: Vec<PoolId> = flags
        .pools
        .iter()
        .map(|text| address("pool", text).map(PoolId))
        .collect::<Result<_, _>>()?;
    let pools = accepted(&view, &wanted)?;
    let written = write_rows(&view, &selection, &pools, flags);
    let rows = pipe_may_close(&flags.out, written)?;
    if !is_standard_output(&flags.out) {
        println!(
            "{} rows of blocks {} in {}",
            group(rows),
            selection.blocks,
            flags.out.display()
        );
    }
    Ok(())
}

/// The pools asked for, or all, in order of address; one that the store does not know is refused.
fn accepted(view: &View<'_>, wanted: &[PoolId]) -> Result<Vec<Pool>, Error> {
    let mut pools = Vec::new();
    for verdict in view.pools()? {
        if let PoolVerdict::Accepted(pool) = verdict?
            && (wanted.is_empty() || wanted.contains(&pool.id))
        {
            pools.push(pool);
        }
    }
    match wanted
        .iter()
        .find(|id| pools.iter().all(|pool| pool.id != **id))
    {
        Some(unknown) => Err(Error::Usage(format!("the store has no pool {unknown}"))),
        None => Ok(pools),
    }
}

fn write_rows(
    view: &View<'_>,
    selection: &Selection,
    pools: &[Pool],
    flags: &Export,
) -> Result<u64, Error> {
    let identity = view.identity()?;
    let chain = identity.chain_id;
    let facts = [
        ("tidegauge.chain_id", chain.to_string()),
        ("tidegauge.store", identity.uuid.to_string()),
        ("tidegauge.blocks", selection.blocks.to_string()),
    ];
    let columns = match flags.rows {
        Rows::Swaps => SWAP_COLUMNS,
        Rows::Liquidity => LIQUIDITY_COLUMNS,
    };
    let mut decimals: HashMap<Address, u8> = HashMap::new();
    for token in view.tokens()? {
        let token = token?;
        decimals.insert(token.address, token.decimals);
    }
    let mut out = TableOut::create(&flags.out, columns, &facts)?;
    let mut progress = Progress::begin("export", "pools", "rows", pools.len() as u64);
    for pool in pools {
        let mut count = 0;
        match flags.rows {
            Rows::Swaps => {
                let places = |token| {
                    decimals.get(token).copied().ok_or_else(|| Error::Failed(format!("pool {} has a token {token:#x} that the store does not know: tidegauge doctor --store", pool.id)))
                };
                let info = PoolInfo {
                    decimals0: places(&pool.token0)?,
                    decimals1: places(&pool.token1)?,
                    pool: pool.clone(),
                };
                for swap in view.valued_swaps(pool.id, selection.blocks)? {
                    let (swap, value) = swap?;
                    let usd = value.and_then(|value| value.usd);
                    if selection.keeps(swap.timestamp) {
                        out.push(&swap_cells(chain, &swap, usd, &info))?;
                        count += 1;
                    }
                }
            }
            Rows::Liquidity => {
                for event in view.liquidity(pool.id, selection.blocks)? {
                    let event = event?;
                    if selection.keeps(event.timestamp) {
                        out.push(&liquidity_cells(chain, &event))?;
                        count += 1;
                    }
                }
            }
        }
        progress.advance(1, count);
    }
    let rows = out.finish()?;
    progress.finish();
    Ok(rows)
}
