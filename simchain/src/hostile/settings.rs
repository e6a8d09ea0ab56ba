//! How hostile a listener is.

use super::rate::Rate;
use super::table::{MODES, Mode};
use crate::error::SimError;
use std::fmt;
use std::time::Duration;

/// A live reorganisation stays above the finalized block.
const REORG_DEPTH_MAX: u64 = 63;
/// A back-end that lags further is of no use to anybody.
const LAG_BLOCKS_MAX: u64 = 10_000;
const TRUNCATE_AT_MAX: u64 = 10_000_000;
const LATENCY_MAX: Duration = Duration::from_secs(600);

/// Which mischief a listener does, how often, and how badly.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hostility {
    /// Seed of every strike.
    pub seed: u64,
    /// Blocks that a live reorganisation replaces at most, 1 to 63.
    pub reorg_depth: u64,
    /// How far a lagging back-end is behind.
    pub lag_blocks: u64,
    /// Logs that a truncated answer holds.
    pub truncate_at_logs: u64,
    /// How late a late answer is.
    pub latency: Duration,
    /// How often each mode strikes.
    pub rates: Rates,
}

/// How often each mode strikes; at first none does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rates([Rate; MODES.len()]);

impl Default for Hostility {
    /// No mischief, until modes are set.
    fn default() -> Self {
        Self {
            seed: 1,
            reorg_depth: 6,
            lag_blocks: 5,
            truncate_at_logs: 10_000,
            latency: Duration::from_millis(1_500),
            rates: Rates::default(),
        }
    }
}

impl Hostility {
    /// Every mode at its default rate, but for a wrong chain.
    pub fn all() -> Self {
        MODES
            .iter()
            .filter(|info| info.in_all)
            .fold(Self::default(), |all, info| {
                all.with(info.mode, info.default_rate)
            })
    }

    /// The same with a mode at a rate.
    #[must_use]
    pub fn with(mut self, mode: Mode, rate: Rate) -> Self {
        self.rates.0[mode as usize] = rate;
        self
    }

    /// How often a mode strikes.
    pub fn rate(&self, mode: Mode) -> Rate {
        self.rates.0[mode as usize]
    }

    /// Whether every parameter lies within its bounds.
    pub fn check(&self) -> Result<(), SimError> {
        for (key, value, min, max) in [
            ("reorg depth", self.reorg_depth, 1, REORG_DEPTH_MAX),
            ("lag (blocks)", self.lag_blocks, 1, LAG_BLOCKS_MAX),
            ("cap (logs)", self.truncate_at_logs, 1, TRUNCATE_AT_MAX),
            (
                "latency (ms)",
                u64::try_from(self.latency.as_millis()).unwrap_or(u64::MAX),
                0,
                LATENCY_MAX.as_millis() as u64,
            ),
        ] {
            if !(min..=max).contains(&value) {
                return Err(SimError::Config {
                    key,
                    value,
                    min,
                    max,
                });
            }
        }
        Ok(())
    }
}

impl fmt::Display for Hostility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}", self.seed)?;
        for info in MODES {
            let rate = self.rate(info.mode);
            if rate > Rate::NEVER {
                write!(f, ", {} {rate}", info.name)?;
            }
        }
        Ok(())
    }
}
