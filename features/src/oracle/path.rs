//! Where the price went, and how deep the pool was meanwhile.

use super::exact::{big, nearest};
use super::figures::{TWO_TO_40, TWO_TO_96, finite, float, integer, std};
use super::moment::Moment;
use super::window::{Valued, Window};
use num_bigint::BigInt;
use tidegauge_model::{Hour, SECONDS_PER_HOUR, SqrtPriceX96, UnixSeconds};

/// Fewest hourly returns that a volatility is given for.
const FEWEST_RETURNS: usize = 24;

/// The greatest power of ten that is an f64.
const EXACT_POWER_OF_TEN: i32 = 22;

impl Moment<'_> {
    pub(super) fn volatility(&self, hours: u64) -> Option<f64> {
        let from = UnixSeconds(self.at.0.saturating_sub(hours * SECONDS_PER_HOUR));
        let first_hour = self.pool.first_hour()?;
        let mut returns = Vec::new();
        let mut hour = Hour::of(from).max(first_hour.next());
        while hour.start() < self.at {
            let close = self.pool.log2_before(hour.end().min(self.at))?;
            let earlier = self.pool.log2_before(hour.start().max(from))?;
            returns.push(BigInt::from(close - earlier));
            hour = hour.next();
        }
        if returns.len() < FEWEST_RETURNS {
            return None;
        }
        let std = std(&returns)?;
        finite(std * (1.0 / TWO_TO_40) * std::f64::consts::LN_2 * 24.0_f64.sqrt())
    }

    pub(super) fn return_7d(&self) -> Option<f64> {
        if self.age < 8 {
            return None;
        }
        let difference = self.pool.log2_before(self.at)? - self.pool.log2_before(self.before(7))?;
        finite(float(difference) * (1.0 / TWO_TO_40) * std::f64::consts::LN_2)
    }

    /// Open, high, low, close.
    pub(super) fn prices(&self, today: &Window, last: &Valued) -> [Option<f64>; 4] {
        let close = last.swap.sqrt_price;
        let prices: Vec<_> = today
            .0
            .iter()
            .map(|valued| valued.swap.sqrt_price)
            .collect();
        let open = prices.first().copied().unwrap_or(close);
        let high = prices.iter().max().copied().unwrap_or(close);
        let low = prices.iter().min().copied().unwrap_or(close);
        [open, high, low, close].map(|price| self.price(price))
    }

    /// token1 per token0, in whole tokens.
    fn price(&self, sqrt_price: SqrtPriceX96) -> Option<f64> {
        let x = nearest(&big(sqrt_price.0).into()) / TWO_TO_96;
        let mut price = x * x;
        let info = self.pool.info;
        let mut power = i32::from(info.decimals0) - i32::from(info.decimals1);
        while power != 0 {
            let step = power.clamp(-EXACT_POWER_OF_TEN, EXACT_POWER_OF_TEN);
            let factor = (0..step.abs()).fold(1.0, |power, _| power * 10.0);
            price = if step > 0 {
                price * factor
            } else {
                price / factor
            };
            power -= step;
        }
        finite(price)
    }

    pub(super) fn liquidity_twa(&self) -> Option<f64> {
        let from = self.before(1);
        let (mut area, mut known) = (BigInt::from(0), 0_u64);
        for (n, after) in self.pool.events.iter().enumerate() {
            let next = self.pool.events.get(n + 1);
            let begin = after.timestamp.max(from);
            let end = next.map_or(self.at, |next| next.timestamp.min(self.at));
            let seconds = end.0.saturating_sub(begin.0);
            if let Some(liquidity) = after.state.liquidity {
                area += BigInt::from(liquidity) * seconds;
                known += seconds;
            }
        }
        finite(nearest(&area) / float(integer(known)))
    }
}
