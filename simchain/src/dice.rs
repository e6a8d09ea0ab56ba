//! Randomness that repeats: everything drawn follows from a name.

use alloy::primitives::keccak256;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A seeded generator with the few draws that are needed; integers only.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// The dice of anything with a name.
    pub(crate) fn of(name: &[u8]) -> Self {
        Self(ChaCha8Rng::from_seed(keccak256(name).0))
    }

    pub(crate) fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform below `n`, which is at least 1 (multiply-shift; its bias is below 2⁻³² here).
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.0.next_u64()) * u128::from(n)) >> 64) as u64
    }

    /// True once in `n`.
    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// Roughly normal, integer, zero mean, within ±4 × `spread`; σ ≈ 1.15 × `spread`.
    pub(crate) fn bell(&mut self, spread: i64) -> i64 {
        let span = spread.unsigned_abs() * 2 + 1;
        (0..4).map(|_| self.below(span) as i64 - spread.abs()).sum()
    }

    /// A power-law index below `cumulative.len()`, by its cumulative weights.
    pub(crate) fn weighted(&mut self, cumulative: &[u64]) -> usize {
        let total = cumulative.last().copied().unwrap_or(1);
        let at = self.below(total);
        cumulative.partition_point(|sum| *sum <= at)
    }
}

/// Cumulative Zipf weights of `count` ranks.
pub(crate) fn zipf(count: usize) -> Vec<u64> {
    let mut sum = 0;
    (1..=count as u64)
        .map(|rank| {
            sum += (1 << 32) / rank;
            sum
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_stay_in_bounds_and_repeat() {
        let mut a = Dice::of(b"x");
        let mut b = Dice::of(b"x");
        let weights = zipf(50);
        let mut met = [0_u32; 50];
        for _ in 0..20_000 {
            let n = a.below(7);
            assert!(n < 7);
            assert_eq!(n, b.below(7));
            let bell = a.bell(10);
            assert!(bell.abs() <= 40);
            assert_eq!(bell, b.bell(10));
            let rank = a.weighted(&weights);
            assert_eq!(rank, b.weighted(&weights));
            met[rank] += 1;
        }
        assert!(met[0] > met[1] && met[1] > met[4] && met[4] > met[20]);
        assert!(met.iter().all(|n| *n > 0));
    }
}
