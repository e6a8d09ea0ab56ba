//! How events move a pool's state.

use crate::tile::PoolState;
use std::ops::Range;
use tidegauge_model::{LiquidityChange, Swap};

impl PoolState {
    /// A swap says all but the protocol's divisors.
    pub(crate) fn swap(&mut self, swap: &Swap) {
        self.sqrt_price = swap.sqrt_price;
        self.tick = swap.tick;
        self.liquidity = Some(swap.liquidity);
    }

    /// Any other event.
    pub(crate) fn apply(&mut self, change: &LiquidityChange) {
        match *change {
            LiquidityChange::Initialize { sqrt_price, tick } => {
                self.sqrt_price = sqrt_price;
                self.tick = tick;
                self.liquidity = self.liquidity.or(Some(0));
            }
            LiquidityChange::Mint {
                tick_lower,
                tick_upper,
                amount,
                ..
            } => self.shift(tick_lower..tick_upper, |l| l.checked_add(amount)),
            LiquidityChange::Burn {
                tick_lower,
                tick_upper,
                amount,
                ..
            } => self.shift(tick_lower..tick_upper, |l| l.checked_sub(amount)),
            LiquidityChange::SetFeeProtocol { new0, new1, .. } => self.protocol_fee = [new0, new1],
            LiquidityChange::Collect { .. }
            | LiquidityChange::Flash { .. }
            | LiquidityChange::CollectProtocol { .. } => {}
        }
    }

    /// Changes in-range liquidity, if it and the tick are known; what leaves 128 bits is unknown.
    fn shift(&mut self, ticks: Range<i32>, change: impl Fn(u128) -> Option<u128>) {
        if !self.sqrt_price.0.is_zero() && ticks.contains(&self.tick) {
            self.liquidity = self.liquidity.and_then(change);
        }
    }
}
