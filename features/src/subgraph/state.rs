//! What the subgraph remembers of pools and tokens, changed event by event.

use super::{decimal::Decimal, rules::Rules};
use crate::{History, PoolInfo};
use std::collections::BTreeMap;
use tidegauge_model::{Address, I256, PoolId, PoolOrigin};

/// A token, by its place in [`State::tokens`].
pub(super) type TokenAt = usize;

/// A `Token` entity.
#[derive(Debug)]
pub(super) struct Token {
    /// 10^decimals.
    pub(super) unit: Decimal,
    /// Whether it is the reference token, a stable one, a whitelisted one.
    pub(super) is_reference: bool,
    pub(super) is_stable: bool,
    pub(super) is_whitelisted: bool,
    /// Pools with a whitelisted token, in the order of their creation.
    pub(super) whitelist_pools: Vec<PoolId>,
    /// Its price in reference tokens, as of the last event of a pool of its own.
    pub(super) derived_eth: Decimal,
}

impl Token {
    /// A raw amount in whole tokens.
    pub(super) fn amount(&self, raw: impl Into<Decimal>) -> Decimal {
        raw.into().over(&self.unit)
    }
}

/// A `Pool` entity.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) tokens: [TokenAt; 2],
    pub(super) fee_pips: u32,
    pub(super) tick: Option<i32>,
    /// Sums of their own; below zero where the history lacks a mint.
    pub(super) liquidity: I256,
    /// token0 per token1 and token1 per token0, as of the last swap.
    pub(super) prices: [Decimal; 2],
    /// Locked amounts, as they count them.
    pub(super) locked: [Decimal; 2],
}

/// Everything the mappings read and write.
#[derive(Debug)]
pub(super) struct State {
    pub(super) pools: BTreeMap<PoolId, Pool>,
    pub(super) tokens: Vec<Token>,
    /// Dollars per reference token.
    pub(super) eth_usd: Decimal,
}

impl State {
    /// All pools of a history before their first event. A pool without liquidity prices nothing,
    /// so it does not matter that later ones are there from the start.
    pub(super) fn new(history: &History, rules: &Rules) -> Self {
        let mut infos: Vec<&PoolInfo> = history
            .pools
            .values()
            .filter(|info| !rules.skipped.contains(&info.pool.id))
            .collect();
        infos.sort_by_key(|info| match info.pool.origin {
            PoolOrigin::Create2 => (None, info.pool.id),
            PoolOrigin::Created { block, log_index } => (Some((block, log_index)), info.pool.id),
        });
        let mut state = Self {
            pools: BTreeMap::new(),
            tokens: Vec::new(),
            eth_usd: Decimal::default(),
        };
        let mut known: BTreeMap<Address, TokenAt> = BTreeMap::new();
        for info in infos {
            let pool = &info.pool;
            let tokens = [(pool.token0, info.decimals0), (pool.token1, info.decimals1)].map(
                |(address, decimals)| {
                    *known.entry(address).or_insert_with(|| {
                        state.tokens.push(token(address, decimals, rules));
                        state.tokens.len() - 1
                    })
                },
            );
            let [token0, token1] = tokens;
            if state.tokens[token0].is_whitelisted {
                state.tokens[token1].whitelist_pools.push(pool.id);
            }
            if state.tokens[token1].is_whitelisted {
                state.tokens[token0].whitelist_pools.push(pool.id);
            }
            state.pools.insert(
                pool.id,
                Pool {
                    tokens,
                    fee_pips: pool.fee_pips,
                    tick: None,
                    liquidity: I256::ZERO,
                    prices: Default::default(),
                    locked: Default::default(),
                },
            );
        }
        state
    }
}

fn token(address: Address, decimals: u8, rules: &Rules) -> Token {
    let known = rules.decimals.iter().find(|(token, _)| *token == address);
    Token {
        unit: Decimal::ten_to(known.map_or(decimals, |(_, decimals)| *decimals)),
        is_reference: address == rules.reference,
        is_stable: rules.stables.contains(&address),
        is_whitelisted: rules.whitelist.contains(&address),
        whitelist_pools: Vec::new(),
        derived_eth: Decimal::default(),
    }
}
