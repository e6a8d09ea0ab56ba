//! An endpoint's health: falls fast, rises slowly; a contradiction costs its trust for a while.

use std::time::Duration;
use tokio::time::Instant;

/// Weight of a failure: three in a row take a sound endpoint below [`HEALTHY`].
const FALL: f64 = 0.2;

/// Weight of a success, and of failures that are no fault of the endpoint's alone.
const RISE: f64 = 0.05;

/// What a contradiction leaves of the score.
const AFTER_CONTRADICTION: f64 = 0.25;

/// From here on an endpoint counts as healthy.
const HEALTHY: f64 = 0.6;

/// How long an endpoint is not trusted after a contradiction; doubles with each.
const DISTRUST: Duration = Duration::from_secs(30);
/// The longest distrust: a mended endpoint has its chance within the hour.
const DISTRUST_CAP: Duration = Duration::from_secs(3_600);

/// The running share of successes, from 0 to 1.
pub(super) struct Health {
    score: f64,
    distrusted_until: Option<Instant>,
    distrust: Duration,
}

impl Health {
    pub(super) fn new() -> Self {
        Self {
            score: 1.0,
            distrusted_until: None,
            distrust: DISTRUST,
        }
    }

    pub(super) fn score(&self) -> f64 {
        self.score
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.score >= HEALTHY
    }

    pub(super) fn is_trusted(&self, now: Instant) -> bool {
        self.distrusted_until.is_none_or(|until| now >= until)
    }

    pub(super) fn succeeded(&mut self) {
        self.score += RISE * (1.0 - self.score);
        if self.is_healthy() {
            self.distrust = DISTRUST;
        }
    }

    pub(super) fn failed(&mut self) {
        self.score -= FALL * self.score;
    }

    /// It lags, or asks for patience.
    pub(super) fn dented(&mut self) {
        self.score -= RISE * self.score;
    }

    /// Evidence refuted its answer.
    pub(super) fn contradicted(&mut self, now: Instant) {
        self.score *= AFTER_CONTRADICTION;
        // Answers in flight together are one contradiction.
        if self.is_trusted(now) {
            self.distrusted_until = Some(now + self.distrust);
            self.distrust = (self.distrust * 2).min(DISTRUST_CAP);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_falls_fast_and_rises_slowly() {
        let mut health = Health::new();
        for _ in 0..2 {
            health.failed();
        }
        assert!(health.is_healthy(), "two failures may be chance");
        health.failed();
        assert!(!health.is_healthy());
        let mut successes = 0;
        while !health.is_healthy() {
            health.succeeded();
            successes += 1;
        }
        assert_eq!(successes, 4);
        for _ in 0..5 {
            health.failed();
        }
        successes = 0;
        while !health.is_healthy() {
            health.succeeded();
            successes += 1;
        }
        assert!(successes > 10, "{successes}");
    }

    #[test]
    fn a_contradiction_costs_trust_for_a_growing_while() {
        let mut now = Instant::now();
        let mut health = Health::new();
        for seconds in [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600] {
            for _ in 0..8 {
                health.contradicted(now);
            }
            assert!(!health.is_healthy());
            let until = now + Duration::from_secs(seconds);
            assert!(!health.is_trusted(until - Duration::from_millis(1)));
            assert!(health.is_trusted(until), "{seconds}");
            now = until;
        }
        while !health.is_healthy() {
            health.succeeded();
        }
        health.contradicted(now);
        assert!(health.is_trusted(now + DISTRUST), "forgiven when healthy");
    }
}
