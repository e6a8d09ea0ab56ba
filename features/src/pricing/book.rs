//! The book: which pools and tokens prices rest on, by the lists in force at a block.

use super::price::{Price, Side};
use crate::PoolInfo;
use std::collections::{BTreeMap, HashMap, HashSet};
use tidegauge_model::{Address, BlockNumber, Listed, Lists, PoolId};

/// A pool in which a token can be priced: its other token is WETH or a stable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Candidate {
    pub(super) pool: PoolId,
    /// The token that is priced.
    pub(super) side: Side,
    /// The other one.
    pub(super) quote: Address,
}

/// A pool of a reference list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ReferencePool {
    pub(super) pool: PoolId,
    /// Where WETH is.
    pub(super) weth: Side,
    /// Decimals of the other token.
    pub(super) decimals: u8,
}

/// What a token is to prices.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Counts as a dollar, always.
    Anchor,
    /// Pegged to the dollar.
    Stable,
    Weth,
    Bitcoin,
    StakedEther,
    Other,
}

/// Pools and tokens by their part in pricing. Built from accepted pools; grows with them.
#[derive(Clone, Debug)]
pub(crate) struct Book {
    lists: Lists,
    at: BlockNumber,
    weth: Option<Address>,
    anchors: HashSet<Address>,
    stables: HashSet<Address>,
    bitcoin: HashSet<Address>,
    staked: HashSet<Address>,
    pub(super) eth_usd: BTreeMap<PoolId, ReferencePool>,
    pub(super) btc_eth: BTreeMap<PoolId, ReferencePool>,
    candidates: HashMap<Address, Vec<Candidate>>,
    decimals: HashMap<Address, u8>,
}

impl Book {
    /// By the entries in force at a block.
    pub(crate) fn new(lists: &Lists, at: BlockNumber) -> Self {
        let tokens = |list: &[Listed<Address>]| {
            list.iter()
                .filter(|listed| listed.effective_block <= at)
                .map(|listed| listed.of)
                .collect::<HashSet<_>>()
        };
        Self {
            lists: lists.clone(),
            at,
            weth: lists.weth,
            anchors: tokens(&lists.anchors),
            stables: tokens(&lists.stables),
            bitcoin: tokens(&lists.bitcoin),
            staked: tokens(&lists.staked_eth),
            eth_usd: BTreeMap::new(),
            btc_eth: BTreeMap::new(),
            candidates: HashMap::new(),
            decimals: HashMap::new(),
        }
    }

    /// Enters a pool.
    pub(crate) fn add(&mut self, info: &PoolInfo) {
        let pool = info.pool.id;
        let tokens = [info.pool.token0, info.pool.token1];
        let decimals = [info.decimals0, info.decimals1];
        for (token, places) in tokens.into_iter().zip(decimals) {
            self.decimals.insert(token, places);
        }
        for (side, at) in [(Side::Token0, 0), (Side::Token1, 1)] {
            let (token, quote) = (tokens[at], tokens[1 - at]);
            if matches!(self.kind(quote), Kind::Weth | Kind::Anchor | Kind::Stable) {
                let known = self.candidates.entry(token).or_default();
                // In order of address, which decides between equal depths.
                let place = known.partition_point(|c| c.pool < pool);
                if known.get(place).is_none_or(|c| c.pool != pool) {
                    known.insert(place, Candidate { pool, side, quote });
                }
            }
            // Here `token` is the other one, and `quote` must be WETH.
            if self.weth != Some(quote) {
                continue;
            }
            let reference = ReferencePool {
                pool,
                weth: side.other(),
                decimals: decimals[at],
            };
            let listed = |list: &[Listed<PoolId>]| Listed::holds(list, pool, self.at);
            match self.kind(token) {
                Kind::Anchor if listed(&self.lists.eth_usd_pools) => {
                    self.eth_usd.insert(pool, reference);
                }
                Kind::Bitcoin if listed(&self.lists.btc_eth_pools) => {
                    self.btc_eth.insert(pool, reference);
                }
                _ => {}
            }
        }
    }

    /// The way back of [`Book::add`].
    pub(crate) fn remove(&mut self, info: &PoolInfo) {
        let pool = info.pool.id;
        self.eth_usd.remove(&pool);
        self.btc_eth.remove(&pool);
        for token in [info.pool.token0, info.pool.token1] {
            if let Some(known) = self.candidates.get_mut(&token) {
                known.retain(|candidate| candidate.pool != pool);
            }
        }
    }

    /// Whether prices can rest on this pool, so that its states matter.
    pub(crate) fn rests_on(&self, info: &PoolInfo) -> bool {
        [info.pool.token0, info.pool.token1]
            .into_iter()
            .any(|token| matches!(self.kind(token), Kind::Weth | Kind::Anchor | Kind::Stable))
    }

    /// Whether the prices of ether or bitcoin rest on this pool.
    pub(crate) fn is_reference(&self, pool: PoolId) -> bool {
        self.eth_usd.contains_key(&pool) || self.btc_eth.contains_key(&pool)
    }

    pub(super) fn kind(&self, token: Address) -> Kind {
        if self.anchors.contains(&token) {
            Kind::Anchor
        } else if self.stables.contains(&token) {
            Kind::Stable
        } else if self.weth == Some(token) {
            Kind::Weth
        } else if self.bitcoin.contains(&token) {
            Kind::Bitcoin
        } else if self.staked.contains(&token) {
            Kind::StakedEther
        } else {
            Kind::Other
        }
    }

    /// Pools of a token with WETH or a stable, in order of address.
    pub(super) fn candidates(&self, token: Address) -> &[Candidate] {
        self.candidates.get(&token).map_or(&[], Vec::as_slice)
    }

    /// The reference pools of ether and bitcoin.
    pub(crate) fn reference_pools(&self) -> impl Iterator<Item = PoolId> {
        self.eth_usd.keys().chain(self.btc_eth.keys()).copied()
    }

    /// One dollar per whole token.
    pub(super) fn dollar(&self, token: Address) -> Option<Price> {
        Price::dollar(*self.decimals.get(&token)?)
    }

    pub(super) fn decimals(&self, token: Address) -> Option<u8> {
        self.decimals.get(&token).copied()
    }
}
