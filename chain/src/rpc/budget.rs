//! A throughput budget in compute units per second.

use std::time::Duration;
use tokio::time::Instant;

/// One second's worth may be spent at once: providers meter over a sliding window.
const BURST: Duration = Duration::from_secs(1);

/// A leaky bucket kept as the time at which it will be empty again.
pub(super) struct Budget {
    cost_of_one: Option<Duration>,
    free_at: Option<Instant>,
}

impl Budget {
    /// A budget of so many compute units per second; 0 is unlimited.
    pub(super) fn new(units_per_second: u32) -> Self {
        Self {
            cost_of_one: (units_per_second > 0).then(|| Duration::from_secs(1) / units_per_second),
            free_at: None,
        }
    }

    /// When the next units may be spent.
    pub(super) fn free_at(&self, now: Instant) -> Instant {
        self.free_at.map_or(now, |free_at| free_at.max(now))
    }

    /// Spends so many units; they may be used from the returned time on.
    pub(super) fn spend(&mut self, units: u32, now: Instant) -> Instant {
        let Some(cost_of_one) = self.cost_of_one else {
            return now;
        };
        let saved = now.checked_sub(BURST).unwrap_or(now);
        let start = self.free_at.map_or(saved, |free_at| free_at.max(saved));
        self.free_at = Some(start + cost_of_one * units);
        start.max(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spending_takes_its_time() {
        let now = Instant::now() + Duration::from_secs(60);
        let mut budget = Budget::new(100_000);
        // The first second's worth is free, the rest is paid for in time.
        for _ in 0..10 {
            assert_eq!(budget.spend(10_000, now), now);
        }
        assert_eq!(budget.free_at(now), now);
        assert_eq!(budget.spend(10_000, now), now);
        let later = now + Duration::from_millis(100);
        assert_eq!(budget.free_at(now), later);
        assert_eq!(budget.spend(10_000, now), later);
        // What was not spent for a minute is worth one second, not sixty.
        let much_later = now + Duration::from_secs(60);
        assert_eq!(budget.spend(100_000, much_later), much_later);
        assert_eq!(budget.spend(1, much_later), much_later);
        assert!(budget.spend(1, much_later) > much_later);
    }

    #[test]
    fn no_budget_never_waits() {
        let now = Instant::now();
        let mut unlimited = Budget::new(0);
        for _ in 0..10 {
            assert_eq!(unlimited.spend(u32::MAX, now), now);
        }
    }
}
