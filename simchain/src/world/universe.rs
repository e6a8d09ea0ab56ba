//! Which tokens and pools a chain has.

use super::pool::Pool;
use crate::SimConfig;
use crate::contracts::{
    FACTORY, FORK_FACTORY, FORK_INIT_CODE_HASH, INIT_CODE_HASH, PoolContract, TextStyle,
    TokenContract, pool_address,
};
use crate::dice::Dice;
use crate::error::SimError;
use alloy::primitives::{Address, address, keccak256};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Pools beyond `pool_count` that a collector must refuse: a fork's, and one of a token without decimals.
pub(crate) const REFUSED_POOLS: usize = 2;
/// Depth of the first pool, in millionths of a dollar; the nth has a share of 1/n.
const FIRST_DEPTH_MICRO_USD: u64 = 60_000_000_000_000;
/// No pool is shallower.
const LEAST_DEPTH_MICRO_USD: u64 = 200_000_000_000;

/// A token with its market.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct MarketToken {
    pub(crate) contract: TokenContract,
    /// log1.0001 of its first price in dollars.
    pub(crate) usd_tick: i64,
    pub(crate) stable: bool,
}

/// Numbers of made-up tokens beyond what any configuration plans.
const FIRST_UNPLANNED: u64 = 1_000_000;

/// Everything there is, pools by rank of activity.
pub(crate) struct Universe {
    pub(crate) tokens: Vec<MarketToken>,
    pub(crate) pools: Vec<Pool>,
}

const USDC: usize = 0;
const WETH: usize = 1;
const USDT: usize = 2;
const WBTC: usize = 3;
const DAI: usize = 4;
const FIRST_OTHER: usize = 5;
/// Index of the token without decimals.
const BARE: usize = 9;

/// The universe of a configuration.
pub(crate) fn make(config: &SimConfig) -> Result<Universe, SimError> {
    let mut tokens = known_tokens();
    let mut specs: Vec<(usize, usize, u32)> = vec![
        (USDC, WETH, 500),
        (USDT, WETH, 500),
        (WBTC, WETH, 3_000),
        (USDC, WETH, 3_000),
        (USDC, USDT, 100),
        (DAI, USDC, 100),
        (DAI, WETH, 3_000),
        (WBTC, USDC, 3_000),
    ];
    specs.extend((FIRST_OTHER..BARE).map(|token| (token, WETH, 3_000)));
    let count = config.pool_count as usize;
    let mut number = 0;
    while specs.len() < count {
        tokens.push(made_token(config.seed, number));
        let token = tokens.len() - 1;
        let fee = [3_000, 10_000, 3_000, 500][(number % 4) as usize];
        specs.push((token, WETH, fee));
        if number % 5 == 2 {
            specs.push((token, USDC, 10_000));
        }
        number += 1;
    }
    specs.truncate(count);

    let mut pools: Vec<Pool> = specs
        .iter()
        .enumerate()
        .map(|(rank, spec)| planned(&tokens, *spec, rank, FACTORY))
        .collect();
    // Both in the upper middle, so that short histories meet them too.
    let at = pools.len().min(5);
    pools.insert(at, planned(&tokens, (BARE, WETH, 10_000), at, FACTORY));
    pools.insert(at, planned(&tokens, (USDC, WETH, 500), at, FORK_FACTORY));

    let addresses: BTreeSet<Address> = pools.iter().map(|p| p.contract.address).collect();
    if addresses.len() != pools.len() || pools.len() != count + REFUSED_POOLS {
        return Err(SimError::Broken("two pools of one address".into()));
    }
    Ok(Universe { tokens, pools })
}

/// The nth token that no universe plans: only a branch brings it.
pub(super) fn unplanned_token(seed: u64, number: u64) -> MarketToken {
    made_token(seed, FIRST_UNPLANNED + number)
}

/// A pool of such a token, the least of all pools.
pub(super) fn unplanned_pool(tokens: &[MarketToken], token: usize, rank: usize) -> Pool {
    planned(tokens, (token, WETH, 3_000), rank, FACTORY)
}

fn planned(
    tokens: &[MarketToken],
    spec: (usize, usize, u32),
    rank: usize,
    factory: Address,
) -> Pool {
    let (a, b, fee_pips) = spec;
    let address_of = |t: usize| tokens[t].contract.address;
    let (token0, token1) = if address_of(a) < address_of(b) {
        (a, b)
    } else {
        (b, a)
    };
    let init_code_hash = if factory == FACTORY {
        INIT_CODE_HASH
    } else {
        FORK_INIT_CODE_HASH
    };
    let contract = PoolContract {
        address: pool_address(
            factory,
            init_code_hash,
            address_of(token0),
            address_of(token1),
            fee_pips,
        ),
        factory,
        token0: address_of(token0),
        token1: address_of(token1),
        fee_pips,
        tick_spacing: match fee_pips {
            100 => 1,
            500 => 10,
            3_000 => 60,
            _ => 200,
        },
        created: None,
        eternal: false,
    };
    let depth = (FIRST_DEPTH_MICRO_USD / (rank as u64 + 1)).max(LEAST_DEPTH_MICRO_USD);
    Pool::planned(contract, [token0, token1], depth)
}

/// Main-network tokens at their addresses, then tokens with oddities.
fn known_tokens() -> Vec<MarketToken> {
    let odd = |name: &str| Address::from_word(keccak256(["odd token ", name].concat()));
    vec![
        token(
            address!("A0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"),
            "USDC",
            "USD Coin",
            Some(6),
            0,
        ),
        token(
            address!("C02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"),
            "WETH",
            "Wrapped Ether",
            Some(18),
            78_245,
        ),
        token(
            address!("dAC17F958D2ee523a2206206994597C13D831ec7"),
            "USDT",
            "Tether USD",
            Some(6),
            0,
        ),
        token(
            address!("2260FAC5E5542a773Aa44fBCfeDf7C193bc2C599"),
            "WBTC",
            "Wrapped BTC",
            Some(8),
            106_690,
        ),
        token(
            address!("6B175474E89094C44Da98b954EedeAC495271d0F"),
            "DAI",
            "Dai Stablecoin",
            Some(18),
            0,
        ),
        token(odd("24"), "YAM24", "Token of 24 decimals", Some(24), 4_055),
        MarketToken {
            contract: TokenContract {
                style: TextStyle::Bytes32,
                ..token(odd("bytes32"), "MKR", "Maker", Some(18), 73_136).contract
            },
            usd_tick: 73_136,
            stable: false,
        },
        token(odd("unicode"), "潮汐🌊", "Jeton à marée", Some(18), -23_027),
        token(odd("8"), "OCT", "Token of 8 decimals", Some(8), 16_095),
        token(odd("bare"), "BARE", "Token without decimals", None, 0),
    ]
}

/// The nth token made up for a seed.
fn made_token(seed: u64, number: u64) -> MarketToken {
    let name = [b"token", &seed.to_be_bytes()[..], &number.to_be_bytes()].concat();
    let mut dice = Dice::of(&name);
    let decimals = [18, 18, 18, 8, 6, 18, 9][(number % 7) as usize];
    // From about 0.1 cent to about 100 dollars.
    let usd_tick = dice.below(115_000) as i64 - 69_000;
    token(
        Address::from_word(keccak256(&name)),
        &format!("SIM{number}"),
        &format!("Simulated Token {number}"),
        Some(decimals),
        usd_tick,
    )
}

fn token(
    address: Address,
    symbol: &str,
    name: &str,
    decimals: Option<u8>,
    usd_tick: i64,
) -> MarketToken {
    MarketToken {
        stable: usd_tick == 0 && decimals.is_some(),
        contract: TokenContract {
            address,
            symbol: symbol.to_owned(),
            name: name.to_owned(),
            style: TextStyle::String,
            decimals,
        },
        usd_tick,
    }
}
