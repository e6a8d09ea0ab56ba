//! How long to wait before asking again: exponential, with full jitter.

use super::dice::Dice;
use std::time::Duration;

/// Back-off with full jitter: a wait is drawn evenly from zero to the step, and the
/// step doubles. Even draws spread a crowd of clients best (AWS Architecture Blog,
/// "Exponential Backoff And Jitter").
#[derive(Clone, Copy)]
pub(super) struct Backoff {
    base: Duration,
    cap: Duration,
}

impl Backoff {
    pub(super) const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap }
    }

    /// The longest wait that is drawn.
    pub(super) fn cap(&self) -> Duration {
        self.cap
    }

    /// The wait after so many failures.
    pub(super) fn wait(&self, failures: u32, dice: &mut Dice) -> Duration {
        let step = self
            .base
            .saturating_mul(1u32 << failures.min(16))
            .min(self.cap);
        step.mul_f64(dice.draw())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_stay_within_their_step() {
        let ms = Duration::from_millis;
        let mut dice = Dice::seeded(7);
        let backoff = Backoff::new(ms(100), ms(1_000));
        for failures in 0..40 {
            let step = ms(100 << failures.min(4)).min(ms(1_000));
            assert!(backoff.wait(failures, &mut dice) < step);
        }
        let mean: f64 = (0..1_000)
            .map(|_| backoff.wait(20, &mut dice).as_secs_f64())
            .sum::<f64>()
            / 1_000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
    }
}
