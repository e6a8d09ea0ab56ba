//! `eth_call`: tokens, pools, factories, multicall3.

use super::error::RpcError;
use crate::abi;
use crate::chain::SimChain;
use crate::contracts::{Contracts, MULTICALL3, PoolContract, TextStyle, TokenContract};
use alloy::primitives::aliases::{I24, U24, U160};
use alloy::primitives::{Address, Bytes, FixedBytes};
use alloy::sol_types::{SolCall, SolValue};
use serde::Deserialize;
use tidegauge_model::BlockNumber;

/// Calls in one multicall.
const MAX_CALLS: usize = 10_000;

/// The first parameter of `eth_call`.
#[derive(Deserialize)]
pub(super) struct CallParams {
    to: Option<Address>,
    data: Option<Bytes>,
    /// The newer name of `data`.
    input: Option<Bytes>,
}

/// What a contract returns; an address without a contract returns nothing.
pub(super) fn eth_call(
    chain: &SimChain,
    params: &CallParams,
    block: BlockNumber,
) -> Result<Bytes, RpcError> {
    let contracts = chain.contracts();
    let at = Moment {
        contracts: &contracts,
        block,
        is_head: block == chain.head_number(),
    };
    let to = params
        .to
        .ok_or_else(|| RpcError::params("a call needs `to`"))?;
    let data = params.input.as_ref().or(params.data.as_ref());
    at.call(to, data.map(|bytes| &bytes[..]).unwrap_or_default())
}

/// Whether there is a contract at an address, as code.
pub(super) fn code(chain: &SimChain, address: Address, block: BlockNumber) -> &'static str {
    let contracts = chain.contracts();
    let at = Moment {
        contracts: &contracts,
        block,
        is_head: true,
    };
    // A bare STOP: enough to tell a contract from none.
    if at.exists(address) { "0x00" } else { "0x" }
}

/// The contracts at a block.
struct Moment<'a> {
    contracts: &'a Contracts,
    block: BlockNumber,
    is_head: bool,
}

impl Moment<'_> {
    fn call(&self, to: Address, data: &[u8]) -> Result<Bytes, RpcError> {
        if to == MULTICALL3 {
            return self.multicall(data);
        }
        if let Some(token) = self.contracts.tokens.get(&to) {
            return token_call(token, data);
        }
        if let Some(pool) = self.pool(to) {
            return self.pool_call(pool, data);
        }
        if self.contracts.factories.contains(&to) {
            return self.factory_call(to, data);
        }
        Ok(Bytes::new())
    }

    fn exists(&self, address: Address) -> bool {
        self.contracts.exists(address)
            && (!self.contracts.pools.contains_key(&address) || self.pool(address).is_some())
    }

    /// A pool that exists at the block.
    fn pool(&self, address: Address) -> Option<&PoolContract> {
        self.contracts.live_pool(address).filter(|pool| {
            pool.eternal || pool.created.is_some_and(|(block, _)| block <= self.block)
        })
    }

    /// `aggregate3`: each call's result; reverts if one fails that must not.
    fn multicall(&self, data: &[u8]) -> Result<Bytes, RpcError> {
        let call = abi::aggregate3Call::abi_decode(data).map_err(|_| RpcError::reverted())?;
        if call.calls.len() > MAX_CALLS {
            return Err(RpcError::new(-32000, "out of gas"));
        }
        let mut results = Vec::with_capacity(call.calls.len());
        for one in &call.calls {
            // A multicall in a multicall is nobody's need and would recurse.
            let answer = if one.target == MULTICALL3 {
                Err(RpcError::reverted())
            } else {
                self.call(one.target, &one.callData)
            };
            match answer {
                Ok(returned) => results.push(abi::CallResult {
                    success: true,
                    returnData: returned,
                }),
                Err(error) if error.code != 3 => return Err(error),
                Err(_) if one.allowFailure => results.push(abi::CallResult {
                    success: false,
                    returnData: Bytes::new(),
                }),
                Err(error) => return Err(error),
            }
        }
        Ok(abi::aggregate3Call::abi_encode_returns(&results).into())
    }

    fn pool_call(&self, pool: &PoolContract, data: &[u8]) -> Result<Bytes, RpcError> {
        let returned = match selector(data)? {
            abi::token0Call::SELECTOR => pool.token0.abi_encode(),
            abi::token1Call::SELECTOR => pool.token1.abi_encode(),
            abi::factoryCall::SELECTOR => pool.factory.abi_encode(),
            abi::feeCall::SELECTOR => {
                abi::feeCall::abi_encode_returns(&U24::saturating_from(pool.fee_pips))
            }
            abi::tickSpacingCall::SELECTOR => abi::tickSpacingCall::abi_encode_returns(
                &I24::try_from(pool.tick_spacing).unwrap_or_default(),
            ),
            abi::slot0Call::SELECTOR | abi::liquidityCall::SELECTOR => {
                return self.pool_state(pool, selector(data)?);
            }
            _ => return Err(RpcError::reverted()),
        };
        Ok(returned.into())
    }

    /// What changes in a pool is known at the head alone, as in a node that keeps no history of state.
    fn pool_state(&self, pool: &PoolContract, selector: [u8; 4]) -> Result<Bytes, RpcError> {
        if !self.is_head {
            return Err(RpcError::new(
                -32000,
                format!(
                    "missing trie node: state of block {} is not available",
                    self.block
                ),
            ));
        }
        let state = self
            .contracts
            .states
            .get(&pool.address)
            .ok_or_else(RpcError::reverted)?;
        let returned = if selector == abi::liquidityCall::SELECTOR {
            abi::liquidityCall::abi_encode_returns(&state.liquidity)
        } else {
            abi::slot0Call::abi_encode_returns(&abi::slot0Return {
                sqrtPriceX96: U160::saturating_from(state.sqrt_price),
                tick: I24::try_from(state.tick).unwrap_or_default(),
                observationIndex: 0,
                observationCardinality: 1,
                observationCardinalityNext: 1,
                feeProtocol: state.fee_protocol,
                unlocked: true,
            })
        };
        Ok(returned.into())
    }

    fn factory_call(&self, factory: Address, data: &[u8]) -> Result<Bytes, RpcError> {
        let call = abi::getPoolCall::abi_decode(data).map_err(|_| RpcError::reverted())?;
        let (a, b) = (call.tokenA.min(call.tokenB), call.tokenA.max(call.tokenB));
        let fee_pips: u32 = call.fee.to();
        let found = self.contracts.pools.values().find(|pool| {
            pool.factory == factory
                && (pool.token0, pool.token1, pool.fee_pips) == (a, b, fee_pips)
                && self.pool(pool.address).is_some()
        });
        let address = found.map_or(Address::ZERO, |pool| pool.address);
        Ok(address.abi_encode().into())
    }
}

fn token_call(token: &TokenContract, data: &[u8]) -> Result<Bytes, RpcError> {
    let text = |text: &str| match token.style {
        TextStyle::String => text.abi_encode(),
        TextStyle::Bytes32 => {
            let mut word = FixedBytes::<32>::ZERO;
            let len = text.len().min(32);
            word[..len].copy_from_slice(&text.as_bytes()[..len]);
            word.to_vec()
        }
    };
    let returned = match (selector(data)?, token.decimals) {
        (abi::symbolCall::SELECTOR, _) => text(&token.symbol),
        (abi::nameCall::SELECTOR, _) => text(&token.name),
        (abi::decimalsCall::SELECTOR, Some(decimals)) => {
            abi::decimalsCall::abi_encode_returns(&decimals)
        }
        _ => return Err(RpcError::reverted()),
    };
    Ok(returned.into())
}

fn selector(data: &[u8]) -> Result<[u8; 4], RpcError> {
    data.first_chunk().copied().ok_or_else(RpcError::reverted)
}
