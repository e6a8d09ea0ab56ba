//! Swaps as rows.

use super::cells::{address, column, hash, place};
use crate::cell::{Cell, Column, Kind};
use tidegauge_features::PoolInfo;
use tidegauge_model::{ChainId, Swap, Usd};

/// The columns of a swap.
pub const SWAP_COLUMNS: &[Column] = &[
    column("chain_id", Kind::Int, "EIP-155 chain id"),
    column("block_number", Kind::Int, "Height of the block"),
    column("log_index", Kind::Int, "Place among the logs of the block"),
    column("tx_hash", Kind::Unique, "Hash of the transaction"),
    column(
        "tx_index",
        Kind::Int,
        "Place of the transaction in the block",
    ),
    column("pool_address", Kind::Text, "Contract that emitted it"),
    column(
        "timestamp",
        Kind::Moment,
        "Time of the block, UTC (unix seconds in CSV and JSON)",
    ),
    column("fee_tier", Kind::Int, "Fee in hundredths of a basis point"),
    column(
        "token0_amount",
        Kind::Unique,
        "Change of the token0 of the pool in whole tokens, exact",
    ),
    column(
        "token1_amount",
        Kind::Unique,
        "Change of the token1 of the pool in whole tokens, exact",
    ),
    column(
        "amount0_raw",
        Kind::Unique,
        "The same in the smallest unit, 256 bits",
    ),
    column(
        "amount1_raw",
        Kind::Unique,
        "The same in the smallest unit, 256 bits",
    ),
    column(
        "sender",
        Kind::Text,
        "Who called the pool, usually a router",
    ),
    column("recipient", Kind::Text, "Who received the output"),
    column(
        "tx_from",
        Kind::Text,
        "Sender of the transaction; NULL where only logs were read",
    ),
    column(
        "sqrt_price_x96",
        Kind::Unique,
        "Square root of the price after the swap (token1 per token0, raw units) times 2^96",
    ),
    column(
        "liquidity",
        Kind::Unique,
        "In-range liquidity after the swap, 128 bits",
    ),
    column("tick", Kind::Int, "Tick after the swap"),
    column(
        "volume_usd",
        Kind::Usd,
        "Value of the swap; NULL where it is unpriced or not computed yet",
    ),
];

/// A swap's values, in the order of the columns.
pub fn swap_cells(
    chain: ChainId,
    swap: &Swap,
    usd: Option<Usd>,
    pool: &PoolInfo,
) -> [Cell<'static>; SWAP_COLUMNS.len()] {
    let [chain, block, log_index] = place(chain, swap.block, swap.log_index);
    [
        chain,
        block,
        log_index,
        hash(swap.tx_hash),
        Cell::Int(swap.tx_index.0.into()),
        address(swap.pool.0),
        Cell::Moment(swap.timestamp),
        Cell::Int(pool.pool.fee_pips.into()),
        Cell::text(swap.amount0.adjusted(pool.decimals0)),
        Cell::text(swap.amount1.adjusted(pool.decimals1)),
        Cell::text(swap.amount0.to_string()),
        Cell::text(swap.amount1.to_string()),
        address(swap.sender),
        address(swap.recipient),
        Cell::or_null(swap.origin, address),
        Cell::text(swap.sqrt_price.to_string()),
        Cell::text(swap.liquidity.to_string()),
        Cell::Int(swap.tick.into()),
        Cell::or_null(usd, Cell::Usd),
    ]
}
