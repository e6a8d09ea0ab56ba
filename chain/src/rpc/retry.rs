//! How long to wait before asking again: exponential, with full jitter.

use parking_lot::Mutex;
use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// Back-off with full jitter: a wait is drawn evenly from zero to the step, and the
/// step doubles. Even draws spread a crowd of clients best (AWS Architecture Blog,
/// "Exponential Backoff And Jitter").
pub(super) struct Backoff {
    base: Duration,
    cap: Duration,
    state: Mutex<u64>,
}

impl Backoff {
    pub(super) fn new(base: Duration, cap: Duration) -> Self {
        Self::with_seed(base, cap, RandomState::new().hash_one("jitter"))
    }

    fn with_seed(base: Duration, cap: Duration, seed: u64) -> Self {
        Self {
            base,
            cap,
            state: Mutex::new(seed),
        }
    }

    /// The wait before try `tries + 1`; what the endpoint asked for is obeyed up to the cap.
    pub(super) fn wait(&self, tries: u32, retry_after: Option<Duration>) -> Duration {
        let step = self
            .base
            .saturating_mul(1u32 << tries.min(16))
            .min(self.cap);
        let drawn = step.mul_f64(self.draw());
        match retry_after {
            Some(asked) => asked.min(self.cap) + drawn.min(self.base),
            None => drawn,
        }
    }

    /// An even draw from [0, 1), by SplitMix64 (Steele, Lea, Flood 2014).
    fn draw(&self) -> f64 {
        let mut state = self.state.lock();
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_stay_within_their_step() {
        let ms = Duration::from_millis;
        let backoff = Backoff::with_seed(ms(100), ms(1_000), 7);
        for tries in 0..40 {
            let step = ms(100 << tries.min(4)).min(ms(1_000));
            assert!(backoff.wait(tries, None) < step);
        }
        let mean: f64 = (0..1_000)
            .map(|_| backoff.wait(20, None).as_secs_f64())
            .sum::<f64>()
            / 1_000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
        let asked = backoff.wait(0, Some(ms(600)));
        assert!((ms(600)..ms(700)).contains(&asked), "{asked:?}");
        assert!(backoff.wait(0, Some(Duration::from_secs(86_400))) < ms(1_100));
    }
}
