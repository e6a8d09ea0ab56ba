//! Markets made up by a seed.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tidegauge_model::{Address, Day, NANO_PER_USD, PoolId, UnixSeconds, Usd};
use tidegauge_predict::{Class, Forecast, Model, Observed, Target};

/// A day of the tests, counted from a Thursday.
pub(crate) fn day(n: u32) -> Day {
    Day::of(UnixSeconds(0)).plus_days(n)
}

pub(crate) fn pool(n: u32) -> PoolId {
    let mut bytes = [0; 20];
    bytes[16..].copy_from_slice(&n.to_be_bytes());
    PoolId(Address::from(bytes))
}

/// A pool's day of whole swaps, whole dollars and a return in hundredths of a percent.
pub(crate) fn observed(n: u32, swaps: u64, usd: u64, return_bp: u32) -> Observed {
    Observed {
        pool: pool(n),
        class: Class::ALL[n as usize % 3],
        tx_count: Some(swaps),
        volume: Some(Usd(i128::from(usd) * NANO_PER_USD)),
        fee_return: Some(f64::from(return_bp) / 1e4),
    }
}

/// Pools of steady levels; each day's numbers are off by noise of its own.
pub(crate) struct Market {
    rng: ChaCha8Rng,
    levels: Vec<f64>,
    noise: f64,
}

impl Market {
    /// `noise`: standard deviation of a day's logarithm.
    pub(crate) fn new(seed: u64, pools: u32, noise: f64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let levels = (0..pools).map(|_| rng.random_range(3.0..9.0)).collect();
        Self { rng, levels, noise }
    }

    /// The next day's rows; one pool in `quiet` has no swap, none if it is 0.
    pub(crate) fn day(&mut self, quiet: u32) -> Vec<Observed> {
        let mut rows = Vec::new();
        for n in 0..self.levels.len() {
            let [a, b, c] = std::array::from_fn(|_| self.normal() * self.noise);
            if quiet > 0 && self.rng.random_range(0..quiet) == 0 {
                continue;
            }
            let level = self.levels[n];
            let number = |log: f64| log.exp().round() as u64 + 1;
            let mut row = observed(n as u32, number(level + a), number(level + 4.0 + b), 0);
            row.fee_return = Some((c - 8.0).exp());
            rows.push(row);
        }
        rows
    }

    /// By Box and Muller.
    fn normal(&mut self) -> f64 {
        let (u, v): (f64, f64) = (self.rng.random(), self.rng.random());
        (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }
}

/// The value of one forecast.
pub(crate) fn value(of: &[Forecast], n: u32, model: Model, column: &str) -> Option<f64> {
    let target = Target::of_column(column).unwrap();
    of.iter()
        .find(|f| f.pool == pool(n) && f.model == model && f.target == target)
        .map(|f| f.value)
}

/// All bits of forecasts.
pub(crate) fn bits(forecasts: &[Forecast]) -> Vec<[u64; 4]> {
    let bits = |value: Option<f64>| value.map_or(u64::MAX, f64::to_bits);
    forecasts
        .iter()
        .map(|f| {
            [
                f.value.to_bits(),
                bits(f.interval.map(|i| i.low)),
                bits(f.interval.map(|i| i.high)),
                bits(f.confidence),
            ]
        })
        .collect()
}
