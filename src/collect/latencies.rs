//! How soon a block of the tip was durable: the latest observations, and their quantiles.

use schemars::JsonSchema;
use serde::Serialize;
use std::collections::VecDeque;
use std::time::Duration;

/// Observations kept: the last few hours of a chain with a block every 12 seconds.
const MAX_KEPT: usize = 1_024;

/// The latest latencies.
#[derive(Debug, Default, Clone)]
pub(crate) struct Latencies(VecDeque<Duration>);

impl Latencies {
    /// Adds one; the oldest leaves where there are too many.
    pub(crate) fn add(&mut self, latency: Duration) {
        if self.0.len() == MAX_KEPT {
            self.0.pop_front();
        }
        self.0.push_back(latency);
    }

    /// The latency that `percent` of the observations do not exceed; `None` without any.
    pub(crate) fn percentile(&self, percent: usize) -> Option<Duration> {
        let mut sorted: Vec<Duration> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied()
    }
}

/// Latencies as status shows them.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LatencyShown {
    /// Blocks observed.
    observed: usize,
    /// Half of them were durable by then, in milliseconds.
    p50_ms: Option<f64>,
    /// 99 of 100.
    p99_ms: Option<f64>,
}

impl From<Latencies> for LatencyShown {
    fn from(latencies: Latencies) -> Self {
        let ms = |percent| {
            latencies
                .percentile(percent)
                .map(|latency| latency.as_secs_f64() * 1_000.0)
        };
        Self {
            observed: latencies.0.len(),
            p50_ms: ms(50),
            p99_ms: ms(99),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_observations() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentile(50), None);
        for ms in (1..=100).rev() {
            latencies.add(Duration::from_millis(ms));
        }
        for (percent, ms) in [(0, 1), (1, 1), (50, 50), (99, 99), (100, 100)] {
            assert_eq!(
                latencies.percentile(percent),
                Some(Duration::from_millis(ms))
            );
        }
        for _ in 0..MAX_KEPT {
            latencies.add(Duration::from_secs(7));
        }
        assert_eq!(latencies.percentile(1), Some(Duration::from_secs(7)));
    }
}
