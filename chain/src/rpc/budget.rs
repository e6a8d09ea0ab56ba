//! A throughput budget in compute units per second.

use parking_lot::Mutex;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// One second's worth may be spent at once: providers meter over a sliding window.
const BURST: Duration = Duration::from_secs(1);

/// A leaky bucket kept as the time at which it will be empty again.
pub(super) struct Budget {
    cost_of_one: Option<Duration>,
    free_at: Mutex<Instant>,
}

impl Budget {
    /// A budget of so many compute units per second; 0 is unlimited.
    pub(super) fn new(units_per_second: u32) -> Self {
        Self {
            cost_of_one: (units_per_second > 0).then(|| Duration::from_secs(1) / units_per_second),
            free_at: Mutex::new(Instant::now()),
        }
    }

    /// Waits until so many units may be spent, and spends them.
    pub(super) async fn spend(&self, units: u32) {
        let Some(cost_of_one) = self.cost_of_one else {
            return;
        };
        let start = {
            let now = Instant::now();
            let mut free_at = self.free_at.lock();
            let start = (*free_at).max(now.checked_sub(BURST).unwrap_or(now));
            *free_at = start + cost_of_one * units;
            start
        };
        sleep_until(start).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spending_takes_its_time() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let budget = Budget::new(100_000);
            let start = Instant::now();
            // The first second's worth is free, the rest is paid for in time.
            for _ in 0..12 {
                budget.spend(10_000).await;
            }
            let spent = start.elapsed();
            assert!(spent >= Duration::from_millis(95), "{spent:?}");
            Budget::new(0).spend(u32::MAX).await;
        });
    }
}
