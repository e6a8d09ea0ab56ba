//! The simulated economy: tokens, pools, users, and what they do in each block.
//!
//! All of it is integer arithmetic over a generator seeded by (seed, block), so
//! a block depends on nothing but the parameters and the blocks before it.

mod cast;
mod dice;
mod errands;
mod events;
mod market;
mod pool;
mod positions;
mod providing;
mod trades;
mod universe;

pub(crate) use cast::Cast;

use crate::SimConfig;
use crate::block::{Draft, DraftTx};
use crate::contracts::{CHAIN_ID, Contracts, FACTORY, FORK_FACTORY, PoolState};
use crate::error::SimError;
use alloy::primitives::{Address, Log};
use dice::Dice;
use market::Market;
use pool::Pool;
use serde::{Deserialize, Serialize};
use tidegauge_model::{BlockNumber, UnixSeconds};

/// Pools created in one of the first blocks.
const CREATIONS_PER_BLOCK: usize = 16;
/// Pools that come later, at quarters of the history.
const LATE_POOLS: usize = 3;

/// The state after some block.
#[derive(Serialize, Deserialize)]
pub(crate) struct World {
    seed: u64,
    swaps_per_block: u32,
    market: Market,
    /// Every pool there will be, by rank of activity.
    pools: Vec<Pool>,
    /// For each pool, the block that creates it.
    births: Vec<BlockNumber>,
    nonces: Vec<u64>,
    /// The contracts as seen at the head.
    contracts: Contracts,
    #[serde(skip)]
    cast: Option<Cast>,
    /// Swaps made so far.
    pub(crate) swaps: u64,
}

/// The block under construction.
struct Scene {
    number: BlockNumber,
    timestamp: UnixSeconds,
    dice: Dice,
    txs: Vec<DraftTx>,
    log_count: u32,
}

impl World {
    /// The world at block 0.
    pub(crate) fn new(config: &SimConfig) -> Result<Self, SimError> {
        let universe = universe::make(config)?;
        let count = universe.pools.len();
        let late = if count > 2 * LATE_POOLS {
            LATE_POOLS
        } else {
            0
        };
        let births = (0..count)
            .map(|rank| {
                let from_end = count - rank;
                if from_end <= late {
                    BlockNumber((config.blocks() * from_end as u64 / 4).max(1))
                } else {
                    BlockNumber(1 + (rank / CREATIONS_PER_BLOCK) as u64)
                }
            })
            .collect();
        let contracts = Contracts {
            factories: vec![FACTORY, FORK_FACTORY],
            tokens: universe
                .tokens
                .iter()
                .map(|t| (t.contract.address, t.contract.clone()))
                .collect(),
            pools: universe
                .pools
                .iter()
                .map(|p| (p.contract.address, p.contract.clone()))
                .collect(),
            states: Default::default(),
        };
        Ok(Self {
            seed: config.seed,
            swaps_per_block: config.swaps_per_block,
            market: Market::new(universe.tokens, config.block_time_s),
            pools: universe.pools,
            births,
            nonces: vec![0; cast::USERS],
            contracts,
            cast: None,
            swaps: 0,
        })
    }

    /// What happens in the next block.
    pub(crate) fn next(&mut self, number: BlockNumber, timestamp: UnixSeconds) -> Draft {
        let cast = self
            .cast
            .take()
            .unwrap_or_else(|| Cast::new(self.seed, self.pools.len()));
        let mut scene = Scene {
            number,
            timestamp,
            dice: Dice::of_block(self.seed, number),
            txs: Vec::new(),
            log_count: 0,
        };
        if number.0 > 0 {
            self.market.walk(&mut scene.dice);
            self.open_pools(&cast, &mut scene);
            self.trade(&cast, &mut scene);
        }
        self.cast = Some(cast);
        Draft {
            number,
            timestamp,
            txs: scene.txs,
        }
    }

    /// The contracts at the head, with the pools' present state.
    pub(crate) fn contracts(&self) -> Contracts {
        let mut contracts = self.contracts.clone();
        for pool in self.pools.iter().filter(|p| p.open) {
            contracts.states.insert(pool.contract.address, pool.state());
        }
        contracts
    }

    /// The states of pools, for those who follow the head.
    pub(crate) fn states(&self) -> impl Iterator<Item = (Address, PoolState)> + '_ {
        self.pools
            .iter()
            .filter(|p| p.open)
            .map(|p| (p.contract.address, p.state()))
    }

    /// Pools announced so far, with the place of their announcement.
    pub(crate) fn announced(&self) -> &Contracts {
        &self.contracts
    }

    /// Adds a transaction of user `user` to the block.
    fn include(
        &mut self,
        cast: &Cast,
        scene: &mut Scene,
        user: usize,
        to: Address,
        logs: Vec<Log>,
    ) {
        let nonce = self.nonces[user];
        self.nonces[user] += 1;
        scene.log_count += logs.len() as u32;
        let noise = [
            scene.dice.next_u64(),
            scene.dice.next_u64(),
            scene.dice.next_u64(),
            scene.dice.next_u64(),
        ];
        scene.txs.push(DraftTx::call(
            CHAIN_ID,
            cast.users[user],
            nonce,
            to,
            noise,
            logs,
        ));
    }
}
