//! How long an endpoint takes for one method: quantiles of its last answers.

use std::{collections::VecDeque, time::Duration};

/// Answers kept: enough for a 95th percentile, few enough to notice a change soon.
const KEPT: usize = 32;

/// Answers without which a 95th percentile says nothing.
const ENOUGH_FOR_P95: usize = 8;

/// The last answers' times.
#[derive(Default)]
pub(super) struct Latency {
    kept: VecDeque<Duration>,
    p50: Option<Duration>,
    p95: Option<Duration>,
}

impl Latency {
    pub(super) fn p50(&self) -> Option<Duration> {
        self.p50
    }

    pub(super) fn p95(&self) -> Option<Duration> {
        self.p95
    }

    pub(super) fn answered(&mut self, took: Duration) {
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(took);
        let mut sorted: Vec<Duration> = self.kept.iter().copied().collect();
        sorted.sort_unstable();
        let quantile = |percent: usize| sorted.get(sorted.len() * percent / 100).copied();
        self.p50 = quantile(50);
        self.p95 = quantile(95).filter(|_| sorted.len() >= ENOUGH_FOR_P95);
    }

    /// Nobody waited for the answer: it would have taken longer than this, which says
    /// something only where answers usually come sooner.
    pub(super) fn outlasted(&mut self, waited: Duration) {
        if self.p50.is_none_or(|p50| waited > p50) {
            self.answered(waited);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_follow_the_last_answers() {
        let ms = Duration::from_millis;
        let mut latency = Latency::default();
        assert_eq!((latency.p50(), latency.p95()), (None, None));
        for took in 1..=7 {
            latency.answered(ms(took));
        }
        assert_eq!((latency.p50(), latency.p95()), (Some(ms(4)), None));
        for took in 8..=100 {
            latency.answered(ms(took));
        }
        assert_eq!(latency.p50(), Some(ms(85)));
        assert_eq!(latency.p95(), Some(ms(99)));
        latency.outlasted(ms(2));
        assert_eq!(latency.p50(), Some(ms(85)), "a short wait says nothing");
        for _ in 0..KEPT {
            latency.outlasted(ms(500));
        }
        assert_eq!(latency.p50(), Some(ms(500)));
        for _ in 0..KEPT / 2 + 1 {
            latency.answered(ms(10));
        }
        assert_eq!(latency.p50(), Some(ms(10)), "a recovery is noticed");
    }
}
