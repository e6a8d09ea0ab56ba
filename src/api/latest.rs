//! The latest swaps, as a person reads them.

use serde::Serialize;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use tidegauge_model::{Address, B256, PoolId, Swap};
use tidegauge_storage::{StoreError, View};

/// One swap with its pool's name and amounts in whole tokens.
#[derive(Debug, Serialize)]
pub(super) struct LatestSwap {
    block: u64,
    timestamp: u64,
    tx_hash: B256,
    pool: String,
    pool_name: String,
    amount0: String,
    amount1: String,
}

/// Newest first, at most `limit`, looking back over at most `max_blocks` blocks that hold rows.
pub(super) fn latest_swaps(
    view: &View<'_>,
    limit: usize,
    max_blocks: usize,
) -> Result<Vec<LatestSwap>, StoreError> {
    let mut names = HashMap::new();
    let mut rows = view.block_rows()?;
    let mut latest = Vec::with_capacity(limit);
    for block in view.blocks_backwards()?.take(max_blocks) {
        let (number, record) = block?;
        let swaps = rows.swaps(number, &record)?;
        for swap in swaps.iter().rev().take(limit - latest.len()) {
            latest.push(describe(view, &mut names, swap)?);
        }
        if latest.len() >= limit {
            break;
        }
    }
    Ok(latest)
}

/// A pool's name and its tokens' decimals.
type Described = (String, u8, u8);

fn describe(
    view: &View<'_>,
    names: &mut HashMap<PoolId, Described>,
    swap: &Swap,
) -> Result<LatestSwap, StoreError> {
    let (pool_name, decimals0, decimals1) = match names.entry(swap.pool) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(free) => free.insert(name(view, swap.pool)?),
    };
    Ok(LatestSwap {
        block: swap.block.0,
        timestamp: swap.timestamp.0,
        tx_hash: swap.tx_hash,
        pool: swap.pool.to_string(),
        pool_name: pool_name.clone(),
        amount0: swap.amount0.adjusted(*decimals0),
        amount1: swap.amount1.adjusted(*decimals1),
    })
}

/// `SYMBOL0/SYMBOL1 0.05 %`, with short addresses where a token has no symbol.
fn name(view: &View<'_>, id: PoolId) -> Result<Described, StoreError> {
    let Some(tidegauge_model::PoolVerdict::Accepted(pool)) = view.pool(id)? else {
        return Ok((id.to_string(), 0, 0));
    };
    let token = |address: Address| -> Result<(String, u8), StoreError> {
        let token = view.token(address)?;
        let decimals = token.as_ref().map_or(0, |token| token.decimals);
        Ok((
            token
                .and_then(|token| token.symbol)
                .unwrap_or_else(|| format!("{address:#x}")[..8].to_owned()),
            decimals,
        ))
    };
    let (symbol0, decimals0) = token(pool.token0)?;
    let (symbol1, decimals1) = token(pool.token1)?;
    Ok((
        format!("{symbol0}/{symbol1} {} %", percent(pool.fee_pips)),
        decimals0,
        decimals1,
    ))
}

/// Hundredths of a basis point as per cent, exact.
fn percent(fee_pips: u32) -> String {
    let text = format!("{}.{:04}", fee_pips / 10_000, fee_pips % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn fees_read_as_per_cent() {
        for (pips, text) in [
            (100, "0.01"),
            (500, "0.05"),
            (3_000, "0.3"),
            (10_000, "1"),
            (0, "0"),
            (1, "0.0001"),
        ] {
            assert_eq!(super::percent(pips), text);
        }
    }
}
