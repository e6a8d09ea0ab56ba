//! Liquidity: pools and positions opened, positions closed.

use super::cast::{Cast, POSITION_MANAGER};
use super::events::{self, i24, log, u160};
use super::{Scene, World};
use crate::abi;
use alloy::primitives::{Address, Log, U256};
use tidegauge_model::LogIndex;
use tidegauge_model::v3::{MAX_TICK, mul_div, sqrt_ratio_at_tick};

/// Positions of one pool; when full, one is closed before another is opened.
const MAX_POSITIONS: usize = 24;

impl World {
    /// Creates the pools whose block this is, with their first positions.
    pub(super) fn open_pools(&mut self, cast: &Cast, scene: &mut Scene) {
        for index in 0..self.pools.len() {
            if self.births[index] != scene.number {
                continue;
            }
            let fair = self
                .market
                .fair_tick(self.pools[index].token0, self.pools[index].token1);
            let pool = &mut self.pools[index];
            let address = pool.contract.address;
            let created = (scene.number, LogIndex(scene.log_count));
            pool.contract.created = Some(created);
            let mut logs = vec![events::pool_created(pool.contract.factory, &pool.contract)];
            if pool.initialize(fair).is_some() {
                logs.push(log(
                    address,
                    &abi::Initialize {
                        sqrtPriceX96: u160(pool.sqrt_price),
                        tick: i24(pool.tick),
                    },
                ));
            }
            if let Some(contract) = self.contracts.pools.get_mut(&address) {
                contract.created = Some(created);
            }
            let spacing = self.pools[index].contract.tick_spacing;
            let full = MAX_TICK / spacing * spacing;
            let quarter = self.pools[index].depth_micro_usd / 4;
            logs.extend(self.provide(index, POSITION_MANAGER, (-full, full), quarter));
            for _ in 0..3 {
                let range = self.range_around(index, scene);
                logs.extend(self.provide(index, POSITION_MANAGER, range, quarter));
            }
            let user = scene.dice.weighted(&cast.user_weights);
            self.include(cast, scene, user, POSITION_MANAGER, logs);
        }
    }

    pub(super) fn add_liquidity(&mut self, cast: &Cast, scene: &mut Scene) {
        let index = self.draw_pool(cast, scene);
        if !self.pools[index].open {
            return;
        }
        if self.pools[index].positions.len() >= MAX_POSITIONS {
            return self.remove_liquidity(cast, scene);
        }
        let user = scene.dice.weighted(&cast.user_weights);
        let owner = if scene.dice.one_in(3) {
            cast.users[user]
        } else {
            POSITION_MANAGER
        };
        let range = self.range_around(index, scene);
        let part = self.pools[index].depth_micro_usd / (10 + scene.dice.below(90));
        if let Some(minted) = self.provide(index, owner, range, part) {
            self.include(cast, scene, user, POSITION_MANAGER, vec![minted]);
        }
    }

    /// Closes or halves a position and collects what it is owed; the first four stay.
    pub(super) fn remove_liquidity(&mut self, cast: &Cast, scene: &mut Scene) {
        let index = self.draw_pool(cast, scene);
        let pool = &mut self.pools[index];
        let later = pool.positions.len().saturating_sub(4) as u64;
        if later == 0 {
            return;
        }
        let at = 4 + scene.dice.below(later) as usize;
        let whole = scene.dice.below(3) > 0;
        let position = pool.positions[at].clone();
        let amount = if whole {
            position.liquidity
        } else {
            position.liquidity / 2
        };
        let Some((amount0, amount1)) = pool.burn(at, amount) else {
            return;
        };
        let address = pool.contract.address;
        let mut logs = vec![log(
            address,
            &abi::Burn {
                owner: position.owner,
                tickLower: i24(position.lower),
                tickUpper: i24(position.upper),
                amount,
                amount0,
                amount1,
            },
        )];
        let user = scene.dice.weighted(&cast.user_weights);
        if let Some([amount0, amount1]) = pool.collect(at) {
            logs.push(log(
                address,
                &abi::Collect {
                    owner: position.owner,
                    recipient: cast.users[user],
                    tickLower: i24(position.lower),
                    tickUpper: i24(position.upper),
                    amount0,
                    amount1,
                },
            ));
            if whole {
                pool.positions.remove(at);
            }
        }
        self.include(cast, scene, user, POSITION_MANAGER, logs);
    }

    /// Mints a position worth about so much; `None` if the range cannot take it.
    fn provide(
        &mut self,
        index: usize,
        owner: Address,
        range: (i32, i32),
        micro_usd: u64,
    ) -> Option<Log> {
        let pool = &self.pools[index];
        let half1 = self.market.raw_of_micro_usd(pool.token1, micro_usd / 2);
        let below = pool.sqrt_price.checked_sub(sqrt_ratio_at_tick(range.0)?)?;
        // L = amount1 / (√P − √lower).
        let liquidity = mul_div(half1, U256::ONE << 96, below)?;
        let liquidity: u128 = liquidity.try_into().ok().filter(|l| *l < u128::MAX >> 24)?;
        let (_, amount0, amount1) = self.pools[index].mint(owner, range, liquidity)?;
        Some(log(
            self.pools[index].contract.address,
            &abi::Mint {
                sender: POSITION_MANAGER,
                owner,
                tickLower: i24(range.0),
                tickUpper: i24(range.1),
                amount: liquidity,
                amount0,
                amount1,
            },
        ))
    }

    /// A range of usable ticks around the price, from narrow to wide.
    fn range_around(&self, index: usize, scene: &mut Scene) -> (i32, i32) {
        let pool = &self.pools[index];
        let spacing = pool.contract.tick_spacing;
        let here = pool.tick.div_euclid(spacing) * spacing;
        let mut reach = || {
            let widths = 2 + scene.dice.below(60) as i32 * (600 / spacing).max(1) / 4;
            widths * spacing
        };
        (here - reach(), here + reach())
    }
}
