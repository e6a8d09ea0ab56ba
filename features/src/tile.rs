//! A pool's hour as mergeable integers.

use crate::FeeReturn;
use tidegauge_model::{BlockNumber, Day, Hour, SqrtPriceX96, U256, UnixSeconds, Usd};

/// One hour of one pool. A tile exists for each hour with an event of the pool.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tile {
    /// The pool's life up to and with this hour.
    pub life: Life,
    /// What adds up over windows.
    pub sums: Sums,
    /// Prices of the hour; `None` without a swap.
    pub path: Option<Path>,
    /// The pool at the hour's end.
    pub state: PoolState,
    /// In-range liquidity over the hour.
    pub depth: Depth,
}

/// What accumulates from the pool's first observed swap on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Life {
    /// The hour of the first observed swap.
    pub first_hour: Option<Hour>,
    /// The first day of observed life: that of the first swap, or the first whole day of the
    /// store if the first swap came before it.
    pub first_day: Option<Day>,
    /// The last day of life with a swap.
    pub last_day: Option<Day>,
    /// Swaps since the start of `first_day`.
    pub swaps: u64,
    /// Days of life with a swap.
    pub active_days: u32,
    /// Block of the last swap.
    pub last_block: BlockNumber,
}

/// Sums over swaps; the merge of two is their sum, the greater of `max_usd`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sums {
    /// Swaps.
    pub swaps: u64,
    /// Distinct transactions with a swap.
    pub transactions: u64,
    /// Swaps in which token0 left the pool.
    pub buys: u64,
    /// Swaps without a value in dollars.
    pub unpriced: u64,
    /// Swaps valued while the price of ether was guarded.
    pub guarded: u64,
    /// Swaps whose user is not known.
    pub users_unknown: u64,
    /// Swaps without a fee return.
    pub returns_unknown: u64,
    /// Value of the priced swaps.
    pub volume: Usd,
    /// The greatest of these values.
    pub max_usd: Usd,
    /// Value of the priced swaps of which it is known whether they crossed a tick.
    pub crossing_known: Usd,
    /// Value of those that did.
    pub crossing: Usd,
    /// Sum of fee returns.
    pub fee_return: FeeReturn,
}

/// Prices after the swaps of an hour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Path {
    /// After the first.
    pub open: SqrtPriceX96,
    /// The greatest.
    pub high: SqrtPriceX96,
    /// The least.
    pub low: SqrtPriceX96,
    /// After the last.
    pub close: SqrtPriceX96,
    /// log₂ of the closing price (token1 per token0, raw units) × 2⁴⁰, floor.
    pub close_log2: i64,
    /// `close_log2` less that of the last swap before the hour; `None` for the first observed hour.
    pub log_return: Option<i64>,
}

/// A pool after an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PoolState {
    /// Price; zero while no Initialize and no swap was observed.
    pub sqrt_price: SqrtPriceX96,
    /// Tick; of no meaning while the price is zero.
    pub tick: i32,
    /// In-range liquidity; `None` until observed: an Initialize says zero, a swap says how much.
    pub liquidity: Option<u128>,
    /// The protocol's divisors of the fee by input token (0: off); what `SetFeeProtocol` last said.
    pub protocol_fee: [u8; 2],
}

/// In-range liquidity × time, from the hour's start (or from when it was first known) on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Depth {
    /// Sum of liquidity × seconds up to `until`.
    pub area: U256,
    /// Seconds over which it was known, up to `until`.
    pub seconds: u32,
    /// Time of the last event; from here to the hour's end the state's liquidity holds.
    pub until: UnixSeconds,
}
