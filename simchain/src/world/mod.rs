//! The simulated economy: tokens, pools, users, and what they do in each block.
//!
//! All of it is integer arithmetic over a generator seeded by (seed, block), so
//! a block depends on nothing but the parameters and the blocks before it.

mod cast;
mod errands;
mod events;
mod fork;
mod market;
mod pool;
mod positions;
mod providing;
mod trades;
mod universe;

pub(crate) use cast::Cast;
pub(crate) use fork::Fork;

use crate::SimConfig;
use crate::block::{Draft, DraftTx};
use crate::contracts::{CHAIN_ID, Contracts, FACTORY, FORK_FACTORY};
use crate::dice::Dice;
use crate::error::SimError;
use alloy::primitives::{Address, Log};
use market::Market;
use pool::Pool;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tidegauge_model::{BlockNumber, UnixSeconds};

/// Pools created in one of the first blocks.
const CREATIONS_PER_BLOCK: usize = 16;
/// Pools that come later, at quarters of the history.
const LATE_POOLS: usize = 3;
/// Pools that branches may add to a chain: it keeps its size however often it is reorganised.
const MAX_UNPLANNED: u64 = 64;

/// The state after some block.
#[derive(Clone, Serialize, Deserialize)]
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
    /// Pools that came with a branch.
    unplanned: u64,
    #[serde(skip)]
    cast: Option<Arc<Cast>>,
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
            unplanned: 0,
            cast: None,
            swaps: 0,
        })
    }

    /// What happens in the next block.
    pub(crate) fn next(
        &mut self,
        number: BlockNumber,
        timestamp: UnixSeconds,
        fork: Fork,
    ) -> Draft {
        if fork.founds {
            self.found_pool(number);
        }
        let cast = self.cast();
        let mut scene = Scene {
            number,
            timestamp,
            dice: fork.dice(self.seed, number),
            txs: Vec::new(),
            log_count: 0,
        };
        if number.0 > 0 {
            self.market.walk(&mut scene.dice);
            self.open_pools(&cast, &mut scene);
            let creations = scene.txs.len();
            self.trade(&cast, &mut scene);
            // Creations stay in front: the places of their logs are known by now.
            fork.reorder(&mut scene.txs[creations..], self.seed);
        }
        Draft {
            number,
            timestamp,
            branch: fork.branch,
            txs: scene.txs,
        }
    }

    /// Plans one more pool, of a token of its own, for a block.
    fn found_pool(&mut self, birth: BlockNumber) {
        if self.unplanned >= MAX_UNPLANNED {
            return;
        }
        let token = universe::unplanned_token(self.seed, self.unplanned);
        self.unplanned += 1;
        let contract = token.contract.clone();
        self.contracts.tokens.insert(contract.address, contract);
        let token = self.market.list(token);
        let pool = universe::unplanned_pool(&self.market.tokens, token, self.pools.len());
        let contract = pool.contract.clone();
        self.contracts.pools.insert(contract.address, contract);
        self.pools.push(pool);
        self.births.push(birth);
        // Its weights are over one pool less.
        self.cast = None;
    }

    fn cast(&mut self) -> Arc<Cast> {
        let new = || Arc::new(Cast::new(self.seed, self.pools.len()));
        Arc::clone(self.cast.get_or_insert_with(new))
    }

    /// The seed of everything.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// The contracts at the head, with the pools' present state.
    pub(crate) fn contracts(&self) -> Contracts {
        let mut contracts = self.contracts.clone();
        for pool in self.pools.iter().filter(|p| p.open) {
            contracts.states.insert(pool.contract.address, pool.state());
        }
        contracts
    }

    /// Brings contracts of an ancestor up to the head.
    pub(crate) fn update(&self, contracts: &mut Contracts) {
        for pool in self.pools.iter().filter(|p| p.open) {
            contracts.states.insert(pool.contract.address, pool.state());
        }
        for (address, pool) in &self.contracts.pools {
            if let Some(known) = contracts.pools.get_mut(address) {
                known.created = pool.created;
            }
        }
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
