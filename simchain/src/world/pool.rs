//! A pool as the contract keeps it (`UniswapV3Pool.sol`, `TickBitmap.sol` of
//! v3-core 1.0.1): swaps, flashes, fees.
//!
//! An action that the contract would revert answers `None` and changes nothing.

use crate::contracts::{PoolContract, PoolState};
use alloy::primitives::{Address, I256, U256};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tidegauge_model::v3::{
    FEE_DENOMINATOR, MAX_SQRT_RATIO, MAX_TICK, MIN_SQRT_RATIO, MIN_TICK, compute_swap_step,
    mul_div, mul_div_rounding_up, sqrt_ratio_at_tick, tick_at_sqrt_ratio,
};

/// Steps of one swap; one that needs more is not made.
const MAX_STEPS: usize = 2_000;
/// 2¹²⁸, the unit of fee growth.
pub(super) const Q128: U256 = U256::from_limbs([0, 0, 1, 0]);

/// A pool.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Pool {
    pub(crate) contract: PoolContract,
    /// Index of token0 in the market.
    pub(crate) token0: usize,
    /// Index of token1 in the market.
    pub(crate) token1: usize,
    /// Dollars that its first providers bring, in millionths.
    pub(crate) depth_micro_usd: u64,
    pub(crate) open: bool,
    pub(crate) sqrt_price: U256,
    pub(crate) tick: i32,
    pub(crate) liquidity: u128,
    /// Share of the fees that the protocol takes, as 1/n; 0 for none. For both tokens.
    pub(crate) fee_protocol: u8,
    /// Tokens that the pool holds.
    pub(crate) held: [U256; 2],
    pub(crate) protocol_fees: [u128; 2],
    pub(crate) positions: Vec<Position>,
    pub(super) fee_growth: [U256; 2],
    pub(super) ticks: BTreeMap<i32, Tick>,
}

/// A provider's position.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Position {
    pub(crate) owner: Address,
    pub(crate) lower: i32,
    pub(crate) upper: i32,
    pub(crate) liquidity: u128,
    /// Tokens that may be collected.
    pub(crate) owed: [u128; 2],
    pub(super) growth_last: [U256; 2],
}

/// An initialized tick.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Tick {
    pub(super) gross: u128,
    pub(super) net: i128,
    pub(super) growth_outside: [U256; 2],
}

/// What a swap did.
#[derive(Clone, Copy)]
pub(crate) struct Swapped {
    pub(crate) amount0: I256,
    pub(crate) amount1: I256,
    pub(crate) sqrt_price: U256,
    pub(crate) liquidity: u128,
    pub(crate) tick: i32,
}

impl Pool {
    /// A pool that is not yet open.
    pub(crate) fn planned(
        contract: PoolContract,
        tokens: [usize; 2],
        depth_micro_usd: u64,
    ) -> Self {
        Self {
            contract,
            token0: tokens[0],
            token1: tokens[1],
            depth_micro_usd,
            open: false,
            sqrt_price: U256::ZERO,
            tick: 0,
            liquidity: 0,
            fee_protocol: 0,
            held: [U256::ZERO; 2],
            protocol_fees: [0; 2],
            positions: Vec::new(),
            fee_growth: [U256::ZERO; 2],
            ticks: BTreeMap::new(),
        }
    }

    /// `slot0()` and `liquidity()`.
    pub(crate) fn state(&self) -> PoolState {
        PoolState {
            sqrt_price: self.sqrt_price,
            tick: self.tick,
            liquidity: self.liquidity,
            fee_protocol: self.fee_protocol * 17,
        }
    }

    /// `initialize`.
    pub(crate) fn initialize(&mut self, tick: i32) -> Option<()> {
        self.sqrt_price = sqrt_ratio_at_tick(tick)?;
        self.tick = tick_at_sqrt_ratio(self.sqrt_price)?;
        self.open = true;
        Some(())
    }

    /// `flash`: answers what is paid on top of the two amounts.
    pub(crate) fn flash(&mut self, amounts: [U256; 2]) -> Option<[U256; 2]> {
        if self.liquidity == 0 {
            return None;
        }
        let fee = U256::from(self.contract.fee_pips);
        let whole = U256::from(FEE_DENOMINATOR);
        let mut paid = [U256::ZERO; 2];
        for side in 0..2 {
            paid[side] = mul_div_rounding_up(amounts[side], fee, whole)?;
            let mut kept = paid[side];
            if self.fee_protocol > 0 {
                let cut = kept / U256::from(self.fee_protocol);
                self.protocol_fees[side] =
                    self.protocol_fees[side].checked_add(cut.try_into().ok()?)?;
                kept -= cut;
            }
            let growth = mul_div(kept, Q128, U256::from(self.liquidity))?;
            self.fee_growth[side] = self.fee_growth[side].wrapping_add(growth);
            self.held[side] += paid[side];
        }
        Some(paid)
    }

    /// `setFeeProtocol`, equal for both tokens: answers what it was.
    pub(crate) fn set_fee_protocol(&mut self, share: u8) -> u8 {
        std::mem::replace(&mut self.fee_protocol, share)
    }

    /// `collectProtocol` of all there is; one unit stays, as in the contract.
    pub(crate) fn collect_protocol(&mut self) -> Option<[u128; 2]> {
        let mut out = [0; 2];
        for (side, amount) in out.iter_mut().enumerate() {
            *amount = self.protocol_fees[side].saturating_sub(1);
            self.held[side] = self.held[side].checked_sub(U256::from(*amount))?;
            self.protocol_fees[side] -= *amount;
        }
        (out != [0, 0]).then_some(out)
    }

    /// `swap` of `specified` (positive: exact input) until `limit` at most.
    pub(crate) fn swap(
        &mut self,
        zero_for_one: bool,
        specified: I256,
        limit: U256,
    ) -> Option<Swapped> {
        let in_bounds = if zero_for_one {
            limit < self.sqrt_price && limit > MIN_SQRT_RATIO
        } else {
            limit > self.sqrt_price && limit < MAX_SQRT_RATIO
        };
        if specified.is_zero() || !in_bounds {
            return None;
        }
        let exact_in = specified.is_positive();
        let side = usize::from(!zero_for_one);
        let (mut price, mut tick, mut liquidity) = (self.sqrt_price, self.tick, self.liquidity);
        let mut remaining = specified;
        let mut calculated = I256::ZERO;
        let mut growth = self.fee_growth[side];
        let mut protocol = U256::ZERO;
        let mut crossed: Vec<(i32, U256)> = Vec::new();

        let mut steps = 0;
        while !remaining.is_zero() && price != limit {
            steps += 1;
            if steps > MAX_STEPS {
                return None;
            }
            let start = price;
            let (next, initialized) = self.next_tick(tick, zero_for_one);
            let next = next.clamp(MIN_TICK, MAX_TICK);
            let next_price = sqrt_ratio_at_tick(next)?;
            let target = if zero_for_one {
                next_price.max(limit)
            } else {
                next_price.min(limit)
            };
            let step =
                compute_swap_step(price, target, liquidity, remaining, self.contract.fee_pips)?;
            price = step.sqrt_price_next;
            let taken = I256::try_from(step.amount_in + step.fee).ok()?;
            let given = I256::try_from(step.amount_out).ok()?;
            if exact_in {
                remaining -= taken;
                calculated -= given;
            } else {
                remaining += given;
                calculated += taken;
            }
            let mut fee = step.fee;
            if self.fee_protocol > 0 {
                let cut = fee / U256::from(self.fee_protocol);
                fee -= cut;
                protocol += cut;
            }
            if liquidity > 0 {
                growth = growth.wrapping_add(mul_div(fee, Q128, U256::from(liquidity))?);
            }
            if price == next_price {
                if initialized {
                    let net = self.ticks.get(&next)?.net;
                    crossed.push((next, growth));
                    liquidity = if zero_for_one {
                        liquidity.checked_add_signed(net.checked_neg()?)?
                    } else {
                        liquidity.checked_add_signed(net)?
                    };
                }
                tick = if zero_for_one { next - 1 } else { next };
            } else if price != start {
                tick = tick_at_sqrt_ratio(price)?;
            }
        }

        let used = specified - remaining;
        let (amount0, amount1) = if zero_for_one == exact_in {
            (used, calculated)
        } else {
            (calculated, used)
        };
        let held = [
            add_signed(self.held[0], amount0)?,
            add_signed(self.held[1], amount1)?,
        ];
        let protocol: u128 = protocol.try_into().ok()?;
        let protocol_fees = self.protocol_fees[side].checked_add(protocol)?;

        // Nothing fails from here on.
        for (tick, growth_at) in crossed {
            let mut now = self.fee_growth;
            now[side] = growth_at;
            if let Some(info) = self.ticks.get_mut(&tick) {
                for (outside, global) in info.growth_outside.iter_mut().zip(now) {
                    *outside = global.wrapping_sub(*outside);
                }
            }
        }
        self.held = held;
        self.protocol_fees[side] = protocol_fees;
        self.fee_growth[side] = growth;
        (self.sqrt_price, self.tick, self.liquidity) = (price, tick, liquidity);
        Some(Swapped {
            amount0,
            amount1,
            sqrt_price: price,
            liquidity,
            tick,
        })
    }

    /// `nextInitializedTickWithinOneWord`: the next initialized tick, or the end of the bitmap's word.
    fn next_tick(&self, tick: i32, lower: bool) -> (i32, bool) {
        let spacing = self.contract.tick_spacing;
        let compressed = tick.div_euclid(spacing);
        if lower {
            let end = (compressed >> 8) << 8;
            let found = self
                .ticks
                .range(end * spacing..=compressed * spacing)
                .next_back();
            found.map_or((end * spacing, false), |(tick, _)| (*tick, true))
        } else {
            let begin = compressed + 1;
            let end = ((begin >> 8) << 8) + 255;
            let found = self.ticks.range(begin * spacing..=end * spacing).next();
            found.map_or((end * spacing, false), |(tick, _)| (*tick, true))
        }
    }
}

/// held + amount; `None` if the pool would owe what it does not have.
fn add_signed(held: U256, amount: I256) -> Option<U256> {
    if amount.is_negative() {
        held.checked_sub(amount.unsigned_abs())
    } else {
        held.checked_add(amount.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Dice;
    use alloy::primitives::Address;

    fn pool() -> Pool {
        let contract = PoolContract {
            address: Address::repeat_byte(1),
            factory: Address::ZERO,
            token0: Address::repeat_byte(2),
            token1: Address::repeat_byte(3),
            fee_pips: 3_000,
            tick_spacing: 60,
            created: None,
            eternal: false,
        };
        let mut pool = Pool::planned(contract, [0, 1], 0);
        pool.initialize(0).unwrap();
        pool
    }

    #[test]
    fn all_that_came_in_can_go_out_but_no_more() {
        let mut pool = pool();
        let mut dice = Dice::of(b"pool test");
        let owner = Address::repeat_byte(9);
        pool.mint(owner, (-887_220, 887_220), 10_u128.pow(20))
            .unwrap();
        for n in 0..2_000 {
            match dice.below(8) {
                0 => {
                    let low = -60 * (1 + dice.below(40) as i32);
                    let high = 60 * (1 + dice.below(40) as i32);
                    let size = u128::from(dice.next_u64()) * 10;
                    pool.mint(
                        Address::with_last_byte(dice.below(9) as u8),
                        (low, high),
                        size,
                    )
                    .unwrap();
                }
                1 => {
                    let index = dice.below(pool.positions.len() as u64) as usize;
                    let part = pool.positions[index].liquidity / 2;
                    pool.burn(index, part).unwrap();
                    pool.collect(index).unwrap();
                }
                2 if n % 50 == 0 => {
                    pool.set_fee_protocol(4 + (n % 7) as u8);
                    pool.flash([U256::from(10_u64.pow(15)); 2]).unwrap();
                }
                _ => {
                    let down = dice.one_in(2);
                    let size = I256::try_from(dice.below(1 << 60)).unwrap();
                    let size = if dice.one_in(3) { -size } else { size };
                    let limit = if down {
                        MIN_SQRT_RATIO + U256::ONE
                    } else {
                        MAX_SQRT_RATIO - U256::ONE
                    };
                    if let Some(done) = pool.swap(down, size, limit) {
                        assert_eq!(done.tick, pool.tick);
                        // In range by its own ticks: net liquidity up to here.
                        let below: i128 = pool.ticks.range(..=pool.tick).map(|(_, t)| t.net).sum();
                        assert_eq!(u128::try_from(below), Ok(pool.liquidity));
                    }
                }
            }
        }
        for index in 0..pool.positions.len() {
            let all = pool.positions[index].liquidity;
            pool.burn(index, all).unwrap();
            pool.collect(index).expect("the pool holds what it owes");
        }
        pool.collect_protocol();
        assert!(pool.ticks.is_empty());
        assert_eq!(pool.liquidity, 0);
        // Rounding is in the pool's favour, by little.
        for (held, fees) in pool.held.iter().zip(pool.protocol_fees) {
            assert!(
                *held >= U256::from(fees) && *held < U256::from(20_000_u32),
                "{held}"
            );
        }
    }
}
