//! Prices outside the pools: an integer random walk per token.

use super::universe::MarketToken;
use crate::dice::Dice;
use alloy::primitives::U256;
use serde::{Deserialize, Serialize};
use tidegauge_model::v3::{MAX_TICK, MIN_TICK, sqrt_ratio_at_tick};

/// log(10) / log(1.0001): ticks in a factor of ten.
const TICKS_PER_DECADE: i64 = 23_027;
/// A daily volatility of about 4 %, as the spread of one 12 s block in thousandths of a tick.
const SPREAD_12_S: i64 = 4_070;
/// Stable tokens move this much.
const STABLE_SPREAD: i64 = 120;
/// How far a token may wander from where it began, in thousandths of a tick (a factor of about 12).
const LEASH: i64 = 25_000_000;

/// All tokens with their dollar prices.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Market {
    pub(crate) tokens: Vec<MarketToken>,
    /// log1.0001 of each token's price in dollars, in thousandths of a tick, against its beginning.
    moved: Vec<i64>,
    spread: i64,
}

impl Market {
    pub(crate) fn new(tokens: Vec<MarketToken>, block_time_s: u64) -> Self {
        // The spread of a sum of steps grows with the root of their number.
        let root = (block_time_s * 1_000_000 / 12).isqrt() as i64;
        Self {
            moved: vec![0; tokens.len()],
            tokens,
            spread: SPREAD_12_S * root / 1_000,
        }
    }

    /// Adds a token; answers its index.
    pub(crate) fn list(&mut self, token: MarketToken) -> usize {
        self.tokens.push(token);
        self.moved.push(0);
        self.tokens.len() - 1
    }

    /// One block's move of all prices.
    pub(crate) fn walk(&mut self, dice: &mut Dice) {
        for (token, moved) in self.tokens.iter().zip(&mut self.moved) {
            let step = if token.stable {
                dice.bell(STABLE_SPREAD) - *moved / 50
            } else {
                dice.bell(self.spread) - *moved / 200_000
            };
            *moved = (*moved + step).clamp(-LEASH, LEASH);
        }
    }

    /// log1.0001 of a token's price in dollars.
    fn tick(&self, token: usize) -> i64 {
        self.tokens[token].usd_tick + self.moved[token] / 1_000
    }

    /// Where a pool of two tokens should trade: log1.0001(raw token1 per raw token0).
    pub(crate) fn fair_tick(&self, token0: usize, token1: usize) -> i32 {
        let decimals = |t: usize| i64::from(self.tokens[t].contract.decimals.unwrap_or(18));
        let tick = self.tick(token0) - self.tick(token1)
            + (decimals(token1) - decimals(token0)) * TICKS_PER_DECADE;
        tick.clamp(i64::from(MIN_TICK) + 10_000, i64::from(MAX_TICK) - 10_000) as i32
    }

    /// Raw units of a token that are worth so many millionths of a dollar; at least 1.
    pub(crate) fn raw_of_micro_usd(&self, token: usize, micro_usd: u64) -> U256 {
        let decimals = self.tokens[token].contract.decimals.unwrap_or(18);
        let root = sqrt_ratio_at_tick(self.tick(token).clamp(-400_000, 400_000) as i32)
            .unwrap_or(U256::ONE << 96);
        // Price in Q64: below 2^96 × 2^60, so that the products below stay within 256 bits.
        let price = ((root * root) >> 128_usize).max(U256::ONE);
        let scale = U256::from(10_u8).pow(U256::from(decimals));
        let raw =
            ((U256::from(micro_usd) * scale) << 64_usize) / (price * U256::from(1_000_000_u32));
        raw.max(U256::ONE)
    }
}
