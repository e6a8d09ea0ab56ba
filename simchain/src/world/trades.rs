//! Swaps: trades, arbitrage, chains of swaps in one transaction.

use super::cast::{ARBITRAGEUR, Cast, ROUTERS};
use super::events;
use super::pool::Swapped;
use super::{Scene, World};
use alloy::primitives::{I256, U256};
use tidegauge_model::Day;
use tidegauge_model::v3::{MAX_SQRT_RATIO, MIN_SQRT_RATIO, sqrt_ratio_at_tick};

/// Draws for an open, awake pool before the reference pool is taken.
const MAX_DRAWS: usize = 8;
/// The busiest pools trade every day; of the others, one in so many rests on a given day.
const ALWAYS_AWAKE: usize = 4;
const RESTS_ONE_IN: u64 = 6;
/// Millionths of a dollar in the smallest swap.
const LEAST_SWAP_MICRO_USD: u64 = 20_000_000;

impl World {
    /// The block's swaps, and now and then something else.
    pub(super) fn trade(&mut self, cast: &Cast, scene: &mut Scene) {
        let mut left = scene.dice.below(2 * u64::from(self.swaps_per_block) + 1);
        while left > 0 {
            match scene.dice.below(1_000) {
                0..25 => self.add_liquidity(cast, scene),
                25..45 => self.remove_liquidity(cast, scene),
                45..47 => self.borrow(cast, scene),
                47..49 => self.govern(cast, scene),
                49..79 => self.pay(cast, scene),
                79..219 => {
                    left = left.saturating_sub(self.hop(cast, scene, left.min(3)));
                    continue;
                }
                _ => {}
            }
            self.swap_once(cast, scene);
            left -= 1;
        }
    }

    /// An open pool by activity, but for those that rest today.
    pub(super) fn draw_pool(&self, cast: &Cast, scene: &mut Scene) -> usize {
        let day = u64::from(Day::of(scene.timestamp).number());
        for _ in 0..MAX_DRAWS {
            let index = scene.dice.weighted(&cast.pool_weights);
            let mixed = (index as u64 + 1)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .wrapping_add(day.wrapping_mul(0xd1b5_4a32_d192_ed03));
            let rests = index >= ALWAYS_AWAKE && (mixed >> 32) % RESTS_ONE_IN == 0;
            if self.pools[index].open && !rests {
                return index;
            }
        }
        0
    }

    /// One swap: an arbitrage if the pool is off its market, otherwise somebody's trade.
    fn swap_once(&mut self, cast: &Cast, scene: &mut Scene) {
        let index = self.draw_pool(cast, scene);
        let pool = &self.pools[index];
        if !pool.open {
            return;
        }
        let fair = self.market.fair_tick(pool.token0, pool.token1);
        let band = (pool.contract.fee_pips / 100) as i32;
        let off = pool.tick - fair;
        let address = pool.contract.address;
        let user = scene.dice.weighted(&cast.user_weights);
        if off.abs() > band && scene.dice.below(10) < 7 {
            let down = off > 0;
            let edge = if down { fair + band } else { fair - band };
            if let Some(limit) = sqrt_ratio_at_tick(edge) {
                // More than any pool can take: the limit ends it.
                let plenty = I256::ONE << 120;
                if let Some(done) = self.swap_in(index, down, plenty, limit) {
                    let logs = vec![events::swap(address, ARBITRAGEUR, ARBITRAGEUR, &done)];
                    self.include(cast, scene, user, ARBITRAGEUR, logs);
                }
            }
            return;
        }
        let router = ROUTERS[scene.dice.below(3) as usize];
        let down = scene.dice.one_in(2);
        let exact_out = scene.dice.one_in(8);
        let specified = self.trade_size(index, down, exact_out, scene);
        if let Some(done) = self.swap_in(index, down, specified, far(down)) {
            let recipient = if scene.dice.one_in(4) {
                router
            } else {
                cast.users[user]
            };
            let mut logs = Vec::with_capacity(2);
            if scene.dice.one_in(8) {
                let (token, amount) = if down {
                    (self.pools[index].contract.token0, done.amount0)
                } else {
                    (self.pools[index].contract.token1, done.amount1)
                };
                logs.push(events::transfer(
                    token,
                    cast.users[user],
                    address,
                    events::size(amount),
                ));
            }
            logs.push(events::swap(address, router, recipient, &done));
            self.include(cast, scene, user, router, logs);
        }
    }

    /// Swaps through up to `most` pools in one transaction, each paying the next; answers how many.
    fn hop(&mut self, cast: &Cast, scene: &mut Scene, most: u64) -> u64 {
        let router = ROUTERS[scene.dice.below(3) as usize];
        let user = scene.dice.weighted(&cast.user_weights);
        let first = self.draw_pool(cast, scene);
        if !self.pools[first].open {
            return most;
        }
        let mut down = scene.dice.one_in(2);
        let mut index = first;
        let mut amount = self.trade_size(index, down, false, scene);
        let mut logs = Vec::new();
        while (logs.len() as u64) < most {
            let address = self.pools[index].contract.address;
            let Some(done) = self.swap_in(index, down, amount, far(down)) else {
                break;
            };
            let (token, out) = if down {
                (self.pools[index].token1, -done.amount1)
            } else {
                (self.pools[index].token0, -done.amount0)
            };
            let recipient = if logs.len() as u64 + 1 < most {
                router
            } else {
                cast.users[user]
            };
            logs.push(events::swap(address, router, recipient, &done));
            if !out.is_positive() {
                break;
            }
            let onward = (0..MAX_DRAWS).find_map(|_| {
                let next = self.draw_pool(cast, scene);
                let pool = &self.pools[next];
                let joins = pool.token0 == token || pool.token1 == token;
                (next != index && pool.open && joins).then_some(next)
            });
            let Some(next) = onward else { break };
            down = self.pools[next].token0 == token;
            (index, amount) = (next, out);
        }
        let count = logs.len() as u64;
        if count > 0 {
            self.include(cast, scene, user, router, logs);
        }
        // A failed try uses up one turn, so that a block always ends.
        count.max(1)
    }

    /// A swap that moved something; counted.
    fn swap_in(
        &mut self,
        index: usize,
        down: bool,
        specified: I256,
        limit: U256,
    ) -> Option<Swapped> {
        let done = self.pools[index].swap(down, specified, limit)?;
        self.swaps += 1;
        Some(done)
    }

    /// An amount for a trade, in raw units: mostly small, seldom large; negative if it names the output.
    fn trade_size(&self, index: usize, down: bool, exact_out: bool, scene: &mut Scene) -> I256 {
        let pool = &self.pools[index];
        let doubling = scene.dice.next_u64().trailing_ones().min(14) + scene.dice.below(4) as u32;
        let micro_usd = (LEAST_SWAP_MICRO_USD << doubling) + scene.dice.below(LEAST_SWAP_MICRO_USD);
        let micro_usd = micro_usd.min(pool.depth_micro_usd / 50);
        let token = if down == exact_out {
            pool.token1
        } else {
            pool.token0
        };
        let raw = self.market.raw_of_micro_usd(token, micro_usd);
        let amount = I256::try_from(raw).unwrap_or(I256::ONE);
        if exact_out { -amount } else { amount }
    }
}

/// The end of all prices in a direction.
fn far(down: bool) -> U256 {
    if down {
        MIN_SQRT_RATIO + U256::ONE
    } else {
        MAX_SQRT_RATIO - U256::ONE
    }
}
