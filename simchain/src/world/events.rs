//! Logs of the contracts.

use crate::abi;
use alloy::primitives::aliases::{I24, U24, U160};
use alloy::primitives::{Address, I256, Log, U256};
use alloy::sol_types::SolEvent;

/// The log of an event.
pub(crate) fn log<E: SolEvent>(address: Address, event: &E) -> Log {
    Log {
        address,
        data: event.encode_log_data(),
    }
}

/// A tick as the ABI has it; ticks fit 24 bits by construction.
pub(crate) fn i24(tick: i32) -> I24 {
    I24::try_from(tick).unwrap_or_default()
}

/// A price as the ABI has it; prices fit 160 bits by construction.
pub(crate) fn u160(price: U256) -> U160 {
    U160::saturating_from(price)
}

/// `PoolCreated`.
pub(crate) fn pool_created(factory: Address, pool: &crate::contracts::PoolContract) -> Log {
    log(
        factory,
        &abi::PoolCreated {
            token0: pool.token0,
            token1: pool.token1,
            fee: U24::saturating_from(pool.fee_pips),
            tickSpacing: i24(pool.tick_spacing),
            pool: pool.address,
        },
    )
}

/// `Swap`.
pub(crate) fn swap(
    pool: Address,
    sender: Address,
    recipient: Address,
    outcome: &super::pool::Swapped,
) -> Log {
    log(
        pool,
        &abi::Swap {
            sender,
            recipient,
            amount0: outcome.amount0,
            amount1: outcome.amount1,
            sqrtPriceX96: u160(outcome.sqrt_price),
            liquidity: outcome.liquidity,
            tick: i24(outcome.tick),
        },
    )
}

/// An ERC-20 `Transfer`.
pub(crate) fn transfer(token: Address, from: Address, to: Address, value: U256) -> Log {
    log(token, &abi::Transfer { from, to, value })
}

/// The size of a signed amount.
pub(crate) fn size(amount: I256) -> U256 {
    amount.unsigned_abs()
}
