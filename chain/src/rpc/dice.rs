//! Randomness, handed in: jitter and exploration draw from it, and a seed repeats them.

use std::hash::{BuildHasher, RandomState};

/// SplitMix64 (Steele, Lea, Flood 2014).
pub(super) struct Dice {
    state: u64,
}

impl Dice {
    pub(super) fn seeded(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Seeded by the operating system, so that processes do not act in step.
    pub(super) fn of_process() -> Self {
        Self::seeded(RandomState::new().hash_one("dice"))
    }

    /// An even draw from [0, 1).
    pub(super) fn draw(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// An even draw of a place in a list that is not empty.
    pub(super) fn place(&mut self, len: usize) -> usize {
        ((self.draw() * len as f64) as usize).min(len.saturating_sub(1))
    }
}
