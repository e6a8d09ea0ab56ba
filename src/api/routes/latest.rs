//! The latest swaps, as a person reads them.

use crate::api::names::{Names, label};
use crate::error::Error;
use schemars::JsonSchema;
use serde::Serialize;
use tidegauge_model::{B256, HashText, Swap};
use tidegauge_storage::View;

/// One swap with its pool's name and amounts in whole tokens.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct LatestSwap {
    block: u64,
    timestamp: u64,
    #[schemars(with = "HashText")]
    tx_hash: B256,
    pool: String,
    pool_name: String,
    amount0: String,
    amount1: String,
}

/// Newest first, at most `limit`, looking back over at most `max_blocks` blocks that hold rows.
pub(super) fn latest_swaps(
    view: &View<'_>,
    names: &Names,
    limit: usize,
    max_blocks: usize,
) -> Result<Vec<LatestSwap>, Error> {
    let mut rows = view.block_rows()?;
    let mut latest = Vec::with_capacity(limit);
    for block in view.blocks_backwards()?.take(max_blocks) {
        let (number, record) = block?;
        let swaps = rows.swaps(number, &record)?;
        for swap in swaps.iter().rev().take(limit - latest.len()) {
            latest.push(describe(view, names, swap)?);
        }
        if latest.len() >= limit {
            break;
        }
    }
    Ok(latest)
}

fn describe(view: &View<'_>, names: &Names, swap: &Swap) -> Result<LatestSwap, Error> {
    let named = names.of(view, swap.pool)?;
    let (pool_name, decimals0, decimals1) = match named.as_deref() {
        Some(named) => (label(named), named.info.decimals0, named.info.decimals1),
        None => (swap.pool.to_string(), 0, 0),
    };
    Ok(LatestSwap {
        block: swap.block.0,
        timestamp: swap.timestamp.0,
        tx_hash: swap.tx_hash,
        pool: swap.pool.to_string(),
        pool_name,
        amount0: swap.amount0.adjusted(decimals0),
        amount1: swap.amount1.adjusted(decimals1),
    })
}
