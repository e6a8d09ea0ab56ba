//! A pool's positions and ticks (`Position.sol`, `Tick.sol` and `_modifyPosition` of v3-core 1.0.1).

use super::pool::{Pool, Position, Q128, Tick};
use alloy::primitives::{Address, I256, U256};
use tidegauge_model::v3::{
    MAX_TICK, MIN_TICK, mul_div, signed_amount0_delta, signed_amount1_delta, sqrt_ratio_at_tick,
};

impl Pool {
    /// `mint`: answers the position's index and the two amounts paid.
    pub(crate) fn mint(
        &mut self,
        owner: Address,
        range: (i32, i32),
        liquidity: u128,
    ) -> Option<(usize, U256, U256)> {
        let change = i128::try_from(liquidity).ok().filter(|n| *n > 0)?;
        let found = self
            .positions
            .iter()
            .position(|p| p.owner == owner && (p.lower, p.upper) == range);
        let index = found.unwrap_or(self.positions.len());
        if found.is_none() {
            self.positions.push(Position {
                owner,
                lower: range.0,
                upper: range.1,
                liquidity: 0,
                owed: [0; 2],
                growth_last: [U256::ZERO; 2],
            });
        }
        let Some((amount0, amount1)) = self.change_liquidity(index, change) else {
            if found.is_none() {
                self.positions.pop();
            }
            return None;
        };
        self.held[0] += amount0;
        self.held[1] += amount1;
        Some((index, amount0, amount1))
    }

    /// `burn`: answers the two amounts, which are then owed.
    pub(crate) fn burn(&mut self, index: usize, liquidity: u128) -> Option<(U256, U256)> {
        let change = i128::try_from(liquidity).ok()?.checked_neg()?;
        if self.positions.get(index)?.liquidity < liquidity {
            return None;
        }
        let amounts = self.change_liquidity(index, change)?;
        let position = &mut self.positions[index];
        position.owed[0] = position.owed[0].checked_add(amounts.0.try_into().ok()?)?;
        position.owed[1] = position.owed[1].checked_add(amounts.1.try_into().ok()?)?;
        Some(amounts)
    }

    /// `collect` of all that is owed.
    pub(crate) fn collect(&mut self, index: usize) -> Option<[u128; 2]> {
        let owed = self.positions.get(index)?.owed;
        for (side, amount) in owed.into_iter().enumerate() {
            self.held[side] = self.held[side].checked_sub(U256::from(amount))?;
        }
        self.positions[index].owed = [0; 2];
        Some(owed)
    }

    /// `_modifyPosition`: answers the amounts that move, each without sign.
    fn change_liquidity(&mut self, index: usize, change: i128) -> Option<(U256, U256)> {
        let Position {
            lower,
            upper,
            liquidity,
            ..
        } = *self.positions.get(index)?;
        if lower >= upper || lower < MIN_TICK || upper > MAX_TICK {
            return None;
        }
        let in_range = lower <= self.tick && self.tick < upper;
        let liquidity_after = liquidity.checked_add_signed(change)?;
        let pool_liquidity = if in_range {
            self.liquidity.checked_add_signed(change)?
        } else {
            self.liquidity
        };
        let (low, high) = (sqrt_ratio_at_tick(lower)?, sqrt_ratio_at_tick(upper)?);
        let amount0 = if self.tick < upper {
            signed_amount0_delta(self.sqrt_price.max(low), high, change)?
        } else {
            I256::ZERO
        };
        let amount1 = if self.tick >= lower {
            signed_amount1_delta(low, self.sqrt_price.min(high), change)?
        } else {
            I256::ZERO
        };
        // Both ticks' new values first, so that a failure changes nothing.
        let lower_tick = self.changed_tick(lower, change, false)?;
        let upper_tick = self.changed_tick(upper, change, true)?;
        self.ticks.insert(lower, lower_tick);
        self.ticks.insert(upper, upper_tick);

        let inside = self.growth_inside(lower, upper);
        let position = &mut self.positions[index];
        for (side, growth) in inside.into_iter().enumerate() {
            let grown = growth.wrapping_sub(position.growth_last[side]);
            let fees = mul_div(grown, U256::from(liquidity), Q128).unwrap_or_default();
            // The contract lets this wrap; here it never comes near.
            position.owed[side] = position.owed[side].saturating_add(fees.saturating_to());
            position.growth_last[side] = growth;
        }
        position.liquidity = liquidity_after;
        self.liquidity = pool_liquidity;
        for tick in [lower, upper] {
            if self.ticks.get(&tick).is_some_and(|info| info.gross == 0) {
                self.ticks.remove(&tick);
            }
        }
        Some((amount0.unsigned_abs(), amount1.unsigned_abs()))
    }

    /// A tick after a change of liquidity at it (`Tick.update`).
    fn changed_tick(&self, tick: i32, change: i128, upper: bool) -> Option<Tick> {
        let mut info = self.ticks.get(&tick).cloned().unwrap_or_default();
        if info.gross == 0 && tick <= self.tick {
            info.growth_outside = self.fee_growth;
        }
        info.gross = info.gross.checked_add_signed(change)?;
        info.net = if upper {
            info.net.checked_sub(change)?
        } else {
            info.net.checked_add(change)?
        };
        Some(info)
    }

    /// Fee growth between two initialized ticks (`Tick.getFeeGrowthInside`).
    fn growth_inside(&self, lower: i32, upper: i32) -> [U256; 2] {
        let outside = |tick| {
            self.ticks
                .get(&tick)
                .map(|t| t.growth_outside)
                .unwrap_or_default()
        };
        let (at_lower, at_upper) = (outside(lower), outside(upper));
        std::array::from_fn(|side| {
            let global = self.fee_growth[side];
            let below = if self.tick >= lower {
                at_lower[side]
            } else {
                global.wrapping_sub(at_lower[side])
            };
            let above = if self.tick < upper {
                at_upper[side]
            } else {
                global.wrapping_sub(at_upper[side])
            };
            global.wrapping_sub(below).wrapping_sub(above)
        })
    }
}
