//! Prices by block, found fast.

use crate::pricing::{Guarded, Reference, Spot};
use tidegauge_model::BlockNumber;

/// Prices as of the ends of blocks. Each stands by itself: they are looked up at random for every
/// swap, and what is not needed must not be read.
#[derive(Debug, Default)]
pub(super) struct Spots {
    blocks: Vec<BlockNumber>,
    /// Changes of price a block, on the mean.
    density: f64,
    pub(super) ether: Vec<Option<Guarded>>,
    pub(super) bitcoin: Vec<Option<Guarded>>,
}

impl Spots {
    /// The next block's, unless nothing changed.
    pub(super) fn put(&mut self, at: BlockNumber, spot: Spot) {
        let [ether, bitcoin] = [spot.ether, spot.bitcoin].map(|of| of.map(Reference::guarded));
        if self.ether.last() != Some(&ether) || self.bitcoin.last() != Some(&bitcoin) {
            self.blocks.push(at);
            self.ether.push(ether);
            self.bitcoin.push(bitcoin);
        }
    }

    /// What follows, begun with the state as it is here.
    pub(super) fn append(&mut self, later: &Self) {
        let here = self.ether.last().zip(self.bitcoin.last());
        let follows = later.ether.first().zip(later.bitcoin.first());
        let first = usize::from(here.is_some() && here == follows);
        self.blocks.extend_from_slice(&later.blocks[first..]);
        self.ether.extend_from_slice(&later.ether[first..]);
        self.bitcoin.extend_from_slice(&later.bitcoin[first..]);
    }

    /// Nothing follows.
    pub(super) fn complete(&mut self) {
        if let (Some(first), Some(last)) = (self.blocks.first(), self.blocks.last())
            && first < last
        {
            self.density = self.blocks.len() as f64 / (last.0 - first.0) as f64;
        }
    }

    /// Where prices before a block are, searched near where they were found last; `None` before
    /// the first.
    pub(super) fn place(&self, block: BlockNumber, near: &mut usize) -> Option<usize> {
        let blocks = &self.blocks;
        *near = match blocks.get(*near) {
            Some(at) => {
                // As many on as there are in as many blocks elsewhere: a guess, no more.
                let on = block.0.saturating_sub(at.0) as f64 * self.density;
                place_near(blocks, block, near.saturating_add(on as usize))
            }
            None => blocks.partition_point(|at| *at < block),
        };
        near.checked_sub(1)
    }
}

/// How many blocks lie before one, in steps that double from where about it should be.
fn place_near(blocks: &[BlockNumber], block: BlockNumber, guess: usize) -> usize {
    let guess = guess.min(blocks.len());
    let (mut low, mut high) = (guess, guess);
    let mut step = 1;
    while low > 0 && blocks[low - 1] >= block {
        high = low - 1;
        low = low.saturating_sub(step);
        step *= 2;
    }
    if low == guess {
        while high < blocks.len() && blocks[high] < block {
            low = high + 1;
            high = high.saturating_add(step).min(blocks.len());
            step *= 2;
        }
    }
    low + blocks[low..high].partition_point(|at| *at < block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_from_any_guess() {
        let blocks: Vec<_> = [1u64, 2, 3, 5, 8, 13, 21, 34, 55, 89, 90, 91, 92, 93]
            .map(BlockNumber)
            .to_vec();
        for many in 0..=blocks.len() {
            let blocks = &blocks[..many];
            for block in (0..100).map(BlockNumber) {
                let right = blocks.partition_point(|at| *at < block);
                for guess in 0..20 {
                    let found = place_near(blocks, block, guess);
                    assert_eq!(found, right, "{many} {block} {guess}");
                }
            }
        }
    }
}
