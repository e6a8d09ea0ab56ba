//! The contracts that answer calls: tokens, pools, factories.

use alloy::primitives::{Address, B256, address, b256, keccak256};
use alloy::sol_types::SolValue;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tidegauge_model::{BlockNumber, LogIndex, PoolId, Refusal, U256};

/// Chain id of simulated chains.
pub const CHAIN_ID: u64 = 1337;
/// The Uniswap V3 factory of Ethereum's main network; simulated pools take their addresses from it.
pub const FACTORY: Address = address!("1F98431c8aD98523631AE4a59f267346ea31F984");
/// Its pools' init code hash.
pub const INIT_CODE_HASH: B256 =
    b256!("e34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54");
/// Multicall3, at the address that it has on every chain.
pub const MULTICALL3: Address = address!("cA11bde05977b3631167028862bE2a173976CA11");
/// USDC/WETH 0.05 %.
pub const REFERENCE_POOL: Address = address!("88e6A0c2dDD26FEEb64F039a2c41296FcB3f5640");
/// A factory that copied the contracts: same events, other addresses.
pub(crate) const FORK_FACTORY: Address = address!("f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0");
/// The copied contracts' init code hash.
pub(crate) const FORK_INIT_CODE_HASH: B256 = B256::repeat_byte(0xf0);

/// How a token's contract answers `symbol()` and `name()`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TextStyle {
    /// As an ABI string.
    String,
    /// As 32 bytes, padded with zeros: contracts of before 2018.
    Bytes32,
}

/// A token's contract.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct TokenContract {
    pub(crate) address: Address,
    pub(crate) symbol: String,
    pub(crate) name: String,
    pub(crate) style: TextStyle,
    /// `None`: `decimals()` reverts.
    pub(crate) decimals: Option<u8>,
}

/// A pool's contract; what changes is in [`PoolState`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct PoolContract {
    pub(crate) address: Address,
    pub(crate) factory: Address,
    pub(crate) token0: Address,
    pub(crate) token1: Address,
    pub(crate) fee_pips: u32,
    pub(crate) tick_spacing: i32,
    /// Where its factory announced it; `None` if that is not on this chain (yet).
    pub(crate) created: Option<(BlockNumber, LogIndex)>,
    /// Whether the contract exists before it is announced: always in a replay.
    pub(crate) eternal: bool,
}

/// `slot0()` and `liquidity()` at the head.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct PoolState {
    pub(crate) sqrt_price: U256,
    pub(crate) tick: i32,
    pub(crate) liquidity: u128,
    pub(crate) fee_protocol: u8,
}

/// All contracts of a chain that answer calls.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Contracts {
    pub(crate) factories: Vec<Address>,
    pub(crate) tokens: BTreeMap<Address, TokenContract>,
    pub(crate) pools: BTreeMap<Address, PoolContract>,
    pub(crate) states: BTreeMap<Address, PoolState>,
}

impl Contracts {
    /// Whether there is code at an address at the head.
    pub(crate) fn exists(&self, address: Address) -> bool {
        address == MULTICALL3
            || self.factories.contains(&address)
            || self.tokens.contains_key(&address)
            || self.live_pool(address).is_some()
    }

    /// A pool that has been created.
    pub(crate) fn live_pool(&self, address: Address) -> Option<&PoolContract> {
        self.pools
            .get(&address)
            .filter(|pool| pool.eternal || pool.created.is_some())
    }

    /// Why an honest collector of `factory` refuses a pool; `None` if it keeps it.
    pub(crate) fn refusal(&self, pool: &PoolContract, factory: Address) -> Option<Refusal> {
        let honest = pool_address(
            factory,
            INIT_CODE_HASH,
            pool.token0,
            pool.token1,
            pool.fee_pips,
        );
        if honest != pool.address {
            return Some(Refusal::ForeignFactory);
        }
        [pool.token0, pool.token1]
            .iter()
            .any(|token| self.tokens.get(token).is_none_or(|t| t.decimals.is_none()))
            .then_some(Refusal::DecimalsMissing)
    }

    /// Whether an honest collector keeps a pool.
    pub(crate) fn accepts(&self, pool: PoolId, factory: Address) -> bool {
        self.live_pool(pool.0)
            .is_some_and(|found| self.refusal(found, factory).is_none())
    }
}

/// CREATE2(factory, keccak(abi(token0, token1, fee)), init code hash)
/// (v3-periphery `PoolAddress.sol`).
pub(crate) fn pool_address(
    factory: Address,
    init_code_hash: B256,
    token0: Address,
    token1: Address,
    fee_pips: u32,
) -> Address {
    let salt = keccak256((token0, token1, U256::from(fee_pips)).abi_encode());
    factory.create2(salt, init_code_hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_pool_is_where_create2_says() {
        let usdc = address!("A0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48");
        let weth = address!("C02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2");
        assert_eq!(
            pool_address(FACTORY, INIT_CODE_HASH, usdc, weth, 500),
            REFERENCE_POOL
        );
    }
}
