//! A pool as the contract keeps it, without any cleverness: ticks in a map, one interval at a time.

use std::collections::BTreeMap;
use tidegauge_model::v3::{
    MAX_SQRT_RATIO, MAX_TICK, MIN_SQRT_RATIO, MIN_TICK, compute_swap_step, signed_amount0_delta,
    signed_amount1_delta, sqrt_ratio_at_tick, tick_at_sqrt_ratio,
};
use tidegauge_model::{
    BlockNumber, I256, LiquidityChange, LiquidityEvent, LogIndex, RawAmount, SqrtPriceX96, Swap,
    TxIndex, U256, UnixSeconds,
};

/// Steps of one swap; one that needs more is not made.
const MAX_STEPS: usize = 20_000;

#[derive(Clone)]
pub(crate) struct NaivePool {
    pub(crate) fee_pips: u32,
    pub(crate) spacing: i32,
    pub(crate) sqrt_price: U256,
    pub(crate) tick: i32,
    pub(crate) liquidity: u128,
    /// Gross and net liquidity of each initialised tick.
    pub(crate) ticks: BTreeMap<i32, (u128, i128)>,
    /// Lower tick, upper tick, liquidity.
    pub(crate) positions: Vec<(i32, i32, u128)>,
    logs: u64,
}

impl NaivePool {
    pub(crate) fn open(
        fee_pips: u32,
        spacing: i32,
        sqrt_price: U256,
    ) -> Option<(Self, LiquidityEvent)> {
        let tick = tick_at_sqrt_ratio(sqrt_price)?;
        let mut pool = Self {
            fee_pips,
            spacing,
            sqrt_price,
            tick,
            liquidity: 0,
            ticks: BTreeMap::new(),
            positions: Vec::new(),
            logs: 0,
        };
        let sqrt_price = SqrtPriceX96(sqrt_price);
        let event = pool.event(LiquidityChange::Initialize { sqrt_price, tick });
        Some((pool, event))
    }

    /// `mint`, or `burn` of a negative change; `None` where the contract reverts.
    pub(crate) fn change(&mut self, lower: i32, upper: i32, by: i128) -> Option<LiquidityEvent> {
        let most_per_tick = u128::MAX / u128::try_from(2 * MAX_TICK / self.spacing + 1).ok()?;
        let mut ticks = self.ticks.clone();
        for (tick, net) in [(lower, by), (upper, by.checked_neg()?)] {
            let entry = ticks.entry(tick).or_default();
            entry.0 = entry.0.checked_add_signed(by)?;
            entry.1 = entry.1.checked_add(net)?;
            if entry.0 > most_per_tick {
                return None;
            }
            if entry.0 == 0 {
                ticks.remove(&tick);
            }
        }
        let (low, high) = (sqrt_ratio_at_tick(lower)?, sqrt_ratio_at_tick(upper)?);
        let mut amounts = [I256::ZERO; 2];
        let mut liquidity = self.liquidity;
        if self.tick < lower {
            amounts[0] = signed_amount0_delta(low, high, by)?;
        } else if self.tick < upper {
            amounts[0] = signed_amount0_delta(self.sqrt_price, high, by)?;
            amounts[1] = signed_amount1_delta(low, self.sqrt_price, by)?;
            liquidity = liquidity.checked_add_signed(by)?;
        } else {
            amounts[1] = signed_amount1_delta(low, high, by)?;
        }
        (self.ticks, self.liquidity) = (ticks, liquidity);
        let [amount0, amount1] = amounts.map(I256::unsigned_abs);
        let amount = by.unsigned_abs();
        if by > 0 {
            self.positions.push((lower, upper, amount));
        }
        Some(self.event(if by > 0 {
            LiquidityChange::Mint {
                sender: Default::default(),
                owner: Default::default(),
                tick_lower: lower,
                tick_upper: upper,
                amount,
                amount0,
                amount1,
            }
        } else {
            LiquidityChange::Burn {
                owner: Default::default(),
                tick_lower: lower,
                tick_upper: upper,
                amount,
                amount0,
                amount1,
            }
        }))
    }

    /// Burns so much of a position's liquidity; zero is a poke.
    pub(crate) fn burn(&mut self, position: usize, amount: u128) -> Option<LiquidityEvent> {
        let (lower, upper, held) = *self.positions.get(position)?;
        let left = held.checked_sub(amount)?;
        if amount == 0 {
            return Some(self.event(LiquidityChange::Burn {
                owner: Default::default(),
                tick_lower: lower,
                tick_upper: upper,
                amount,
                amount0: U256::ZERO,
                amount1: U256::ZERO,
            }));
        }
        let event = self.change(lower, upper, -i128::try_from(amount).ok()?)?;
        self.positions[position].2 = left;
        if left == 0 {
            self.positions.swap_remove(position);
        }
        Some(event)
    }

    /// `swap` of `specified` (positive: exact input) until `limit` at most.
    pub(crate) fn swap(&mut self, down: bool, specified: I256, limit: U256) -> Option<Swap> {
        let in_bounds = match down {
            true => limit < self.sqrt_price && limit > MIN_SQRT_RATIO,
            false => limit > self.sqrt_price && limit < MAX_SQRT_RATIO,
        };
        if specified.is_zero() || !in_bounds {
            return None;
        }
        let (mut price, mut tick, mut liquidity) = (self.sqrt_price, self.tick, self.liquidity);
        let (mut remaining, mut calculated) = (specified, I256::ZERO);
        for step in 0.. {
            if remaining.is_zero() || price == limit {
                break;
            }
            if step == MAX_STEPS {
                return None;
            }
            let start = price;
            let (next, is_initialised) = self.next_tick(tick, down);
            let next = next.clamp(MIN_TICK, MAX_TICK);
            let next_price = sqrt_ratio_at_tick(next)?;
            let target = match down {
                true => next_price.max(limit),
                false => next_price.min(limit),
            };
            let step = compute_swap_step(price, target, liquidity, remaining, self.fee_pips)?;
            price = step.sqrt_price_next;
            let into = I256::try_from(step.amount_in.checked_add(step.fee)?).ok()?;
            let out = I256::try_from(step.amount_out).ok()?;
            if specified.is_positive() {
                remaining -= into;
                calculated = calculated.checked_sub(out)?;
            } else {
                remaining += out;
                calculated = calculated.checked_add(into)?;
            }
            if price == next_price {
                if is_initialised {
                    let net = self.ticks[&next].1;
                    liquidity = liquidity.checked_add_signed(if down { -net } else { net })?;
                }
                tick = if down { next - 1 } else { next };
            } else if price != start {
                tick = tick_at_sqrt_ratio(price)?;
            }
        }
        let used = specified - remaining;
        let (amount0, amount1) = match down == specified.is_positive() {
            true => (used, calculated),
            false => (calculated, used),
        };
        (self.sqrt_price, self.tick, self.liquidity) = (price, tick, liquidity);
        let (block, log_index) = self.next_place();
        Some(Swap {
            pool: Default::default(),
            block,
            log_index,
            tx_hash: Default::default(),
            tx_index: TxIndex(0),
            timestamp: UnixSeconds(0),
            sender: Default::default(),
            recipient: Default::default(),
            origin: None,
            amount0: RawAmount(amount0),
            amount1: RawAmount(amount1),
            sqrt_price: SqrtPriceX96(price),
            liquidity,
            tick,
        })
    }

    /// `nextInitializedTickWithinOneWord`, looking at one tick after the other.
    fn next_tick(&self, tick: i32, down: bool) -> (i32, bool) {
        let mut at = tick.div_euclid(self.spacing) + i32::from(!down);
        loop {
            let is_initialised = self.ticks.contains_key(&(at * self.spacing));
            let is_word_end = at.rem_euclid(256) == if down { 0 } else { 255 };
            if is_initialised || is_word_end {
                return (at * self.spacing, is_initialised);
            }
            at += if down { -1 } else { 1 };
        }
    }

    fn event(&mut self, change: LiquidityChange) -> LiquidityEvent {
        let (block, log_index) = self.next_place();
        LiquidityEvent {
            pool: Default::default(),
            block,
            log_index,
            tx_hash: Default::default(),
            tx_index: TxIndex(0),
            timestamp: UnixSeconds(0),
            origin: None,
            change,
        }
    }

    /// Three events a block.
    fn next_place(&mut self) -> (BlockNumber, LogIndex) {
        self.logs += 1;
        (BlockNumber(self.logs / 3), LogIndex((self.logs % 3) as u32))
    }
}
