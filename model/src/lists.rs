//! Which tokens and pools prices rest on: versioned data, one set a chain.

use crate::{BlockNumber, PoolId};
use alloy_primitives::Address;
use serde::{Deserialize, Serialize};

/// An entry of a list, in force from a block on. Entries are only ever added: what a past
/// block was valued by does not change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Listed<T> {
    /// The token or pool.
    pub of: T,
    /// The first block valued by it.
    pub effective_block: BlockNumber,
}

/// The lists of one chain. All may be empty: then nothing is priced.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Lists {
    /// Wrapped ether, the token that other prices go through.
    pub weth: Option<Address>,
    /// Stable tokens that count as one dollar; each is in `stables` too.
    pub anchors: Vec<Listed<Address>>,
    /// Tokens pegged to the dollar.
    pub stables: Vec<Listed<Address>>,
    /// Claims on staked ether, without WETH itself.
    pub staked_eth: Vec<Listed<Address>>,
    /// Claims on bitcoin.
    pub bitcoin: Vec<Listed<Address>>,
    /// WETH against an anchor: they give the price of ether.
    pub eth_usd_pools: Vec<Listed<PoolId>>,
    /// A bitcoin token against WETH: they give the price of bitcoin.
    pub btc_eth_pools: Vec<Listed<PoolId>>,
    /// Other pools that are collected whatever pools were asked for.
    pub support_pools: Vec<Listed<PoolId>>,
    /// Stable tokens as the earlier pipeline knew them; for its export format alone.
    pub earlier_stables: Vec<Address>,
}

impl Lists {
    /// Pools that prices rest on, in the order of the lists.
    pub fn reference_pools(&self) -> impl Iterator<Item = PoolId> {
        [
            &self.eth_usd_pools,
            &self.btc_eth_pools,
            &self.support_pools,
        ]
        .into_iter()
        .flatten()
        .map(|listed| listed.of)
    }
}

impl<T: Copy + PartialEq> Listed<T> {
    /// Whether the list holds it at a block.
    pub fn holds(list: &[Self], of: T, at: BlockNumber) -> bool {
        list.iter()
            .any(|listed| listed.of == of && listed.effective_block <= at)
    }
}
