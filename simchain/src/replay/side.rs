//! The side file of a recording: chain id, factory, tokens, pools.

use super::read::Recording;
use crate::SimError;
use crate::abi;
use crate::contracts::{Contracts, PoolContract, PoolState, TextStyle, TokenContract};
use alloy::primitives::{Address, U256};
use alloy::sol_types::SolEvent;
use serde::Deserialize;
use std::fs;
use std::path::Path;

/// The file.
#[derive(Deserialize)]
pub(super) struct Side {
    pub(super) chain_id: u64,
    pub(super) factory: Address,
    tokens: Vec<SideToken>,
    pools: Vec<SidePool>,
}

#[derive(Deserialize)]
struct SideToken {
    address: Address,
    symbol: String,
    name: Option<String>,
    decimals: Option<u8>,
}

#[derive(Deserialize)]
struct SidePool {
    address: Address,
    token0: Address,
    token1: Address,
    fee: u32,
    tick_spacing: i32,
    factory: Option<Address>,
}

pub(super) fn read(path: &Path) -> Result<Side, SimError> {
    let bytes = fs::read(path).map_err(SimError::io("read", path))?;
    serde_json::from_slice(&bytes).map_err(|e| SimError::Replay {
        path: path.to_owned(),
        line: Some(e.line()),
        what: format!("it is no side file: {e}"),
    })
}

impl Side {
    /// The contracts that answer calls; pools' states as their last recorded swap left them.
    pub(super) fn contracts(&self, recording: &Recording) -> Contracts {
        let mut contracts = Contracts {
            factories: vec![self.factory],
            ..Contracts::default()
        };
        for token in &self.tokens {
            contracts.tokens.insert(
                token.address,
                TokenContract {
                    address: token.address,
                    symbol: token.symbol.clone(),
                    name: token.name.clone().unwrap_or_else(|| token.symbol.clone()),
                    style: TextStyle::String,
                    decimals: token.decimals,
                },
            );
        }
        for pool in &self.pools {
            contracts.pools.insert(
                pool.address,
                PoolContract {
                    address: pool.address,
                    factory: pool.factory.unwrap_or(self.factory),
                    token0: pool.token0,
                    token1: pool.token1,
                    fee_pips: pool.fee,
                    tick_spacing: pool.tick_spacing,
                    created: None,
                    eternal: true,
                },
            );
        }
        for log in recording.blocks.values().flatten() {
            if let Ok(swap) = abi::Swap::decode_log_data(&log.data) {
                contracts.states.insert(
                    log.address,
                    PoolState {
                        sqrt_price: U256::from(swap.sqrtPriceX96),
                        tick: swap.tick.as_i32(),
                        liquidity: swap.liquidity,
                        fee_protocol: 0,
                    },
                );
            }
        }
        contracts
    }
}
