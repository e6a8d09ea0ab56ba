//! Who acts: users, and the contracts they act through.

use crate::dice::zipf;
use alloy::primitives::{Address, address, keccak256};

/// Number of users.
pub(crate) const USERS: usize = 8_192;

/// Routers that swaps go through, as on the main network (Uniswap's published deployments).
pub(crate) const ROUTERS: [Address; 3] = [
    address!("3fC91A3afd70395Cd496C647d5a6CC9D4B2B7FAD"),
    address!("68b3465833fb72A70ecDF485E0e4C7bD8665Fc45"),
    address!("E592427A0AEce92De3Edee1F18E0157C05861564"),
];
/// Uniswap's position manager.
pub(crate) const POSITION_MANAGER: Address = address!("C36442b4a4522E871399CD717aBDD847Ab11FE88");
/// The owner of the factory.
pub(crate) const GOVERNOR: Address = address!("1a9C8182C09F50C8318d769245beA52c32BE35BC");
/// A contract of arbitrageurs.
pub(crate) const ARBITRAGEUR: Address = address!("a4b17a9e0000000000000000000000000000a4b1");

/// The users and the weights by which they and the pools are drawn.
pub(crate) struct Cast {
    pub(crate) users: Vec<Address>,
    pub(crate) user_weights: Vec<u64>,
    pub(crate) pool_weights: Vec<u64>,
}

impl Cast {
    /// Users of a seed.
    pub(crate) fn new(seed: u64, pool_count: usize) -> Self {
        let users = (0..USERS as u64)
            .map(|n| {
                let name = [b"user", &seed.to_be_bytes()[..], &n.to_be_bytes()].concat();
                Address::from_word(keccak256(name))
            })
            .collect();
        Self {
            users,
            user_weights: zipf(USERS),
            pool_weights: zipf(pool_count),
        }
    }
}
