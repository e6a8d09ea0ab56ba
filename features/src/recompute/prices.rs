//! What the first pass leads to: prices of all times.

use super::track::{States, Track};
use crate::pricing::{Book, Legs, Quote, References, Spot};
use crate::set::Fingerprints;
use crate::{FeatureSet, PoolInfo};
use std::collections::{BTreeSet, HashMap};
use tidegauge_model::{BlockNumber, PoolId};

/// Prices of all times: the result of the first pass.
#[derive(Debug)]
pub struct Prices {
    pub(super) tracks: HashMap<PoolId, States>,
    /// By the height from which on the lists are as they are.
    epochs: Vec<Epoch>,
    pub(super) fingerprints: Fingerprints,
}

#[derive(Debug)]
pub(super) struct Epoch {
    pub(super) from: BlockNumber,
    pub(super) book: Book,
    spots: Spots,
}

/// Prices as of the ends of blocks. The blocks stand by themselves: they are searched for every
/// swap, and what is not found must not be read.
#[derive(Debug, Default)]
struct Spots {
    blocks: Vec<BlockNumber>,
    prices: Vec<Spot>,
}

impl Prices {
    /// The pools that the first pass must follow.
    pub fn needed<'a>(
        set: &FeatureSet,
        pools: impl Iterator<Item = &'a PoolInfo> + Clone,
    ) -> BTreeSet<PoolId> {
        let mut needed = BTreeSet::new();
        for book in books(set, pools.clone()).into_iter().map(|(_, book)| book) {
            needed.extend(book.reference_pools());
            for info in pools.clone() {
                needed.extend(book.supports(&Legs::of(&book, info)));
            }
        }
        needed
    }

    /// From the states of the [needed](Prices::needed) pools, on so many threads.
    pub fn new<'a>(
        set: &FeatureSet,
        pools: impl Iterator<Item = &'a PoolInfo> + Clone,
        tracks: impl IntoIterator<Item = Track>,
        threads: usize,
    ) -> Self {
        let tracks: HashMap<_, _> = tracks
            .into_iter()
            .map(|track| (track.pool, track.states))
            .collect();
        let books = books(set, pools);
        let ends: Vec<_> = books.iter().skip(1).map(|(from, _)| Some(*from)).collect();
        let epochs = books
            .into_iter()
            .zip(ends.into_iter().chain([None]))
            .map(|((from, book), end)| Epoch {
                spots: all_spots(&book, &tracks, (from, end), threads),
                from,
                book,
            })
            .collect();
        Self {
            tracks,
            epochs,
            fingerprints: Fingerprints::new(set),
        }
    }

    pub(super) fn epoch(&self, block: BlockNumber) -> &Epoch {
        let place = self.epochs.partition_point(|epoch| epoch.from <= block);
        &self.epochs[place.saturating_sub(1)]
    }
}

impl Epoch {
    /// Prices at the end of the block before, found near where they were found last.
    pub(super) fn spot(&self, block: BlockNumber, near: &mut usize) -> Option<&Spot> {
        let blocks = &self.spots.blocks;
        let place = match (blocks.get(*near), blocks.first(), blocks.last()) {
            (Some(at), Some(first), Some(last)) => {
                // As many on as there are in as many blocks elsewhere.
                let gap = u128::from(block.0.saturating_sub(at.0));
                let span = u128::from(last.0 - first.0).max(1);
                let on = gap * blocks.len() as u128 / span;
                let on = usize::try_from(on).unwrap_or(usize::MAX);
                place_near(blocks, block, near.saturating_add(on))
            }
            _ => blocks.partition_point(|at| *at < block),
        };
        *near = place;
        self.spots.prices.get(place.checked_sub(1)?)
    }
}

impl Spots {
    /// The next block's, unless nothing changed.
    fn put(&mut self, at: BlockNumber, spot: Spot) {
        if self.prices.last() != Some(&spot) {
            self.blocks.push(at);
            self.prices.push(spot);
        }
    }

    /// What follows, begun with the state as it is here.
    fn append(&mut self, mut later: Self) {
        let first = match (self.prices.last(), later.prices.first()) {
            (Some(here), Some(first)) => usize::from(here == first),
            (None, _) | (_, None) => 0,
        };
        self.blocks.extend(later.blocks.drain(first..));
        self.prices.extend(later.prices.drain(first..));
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

/// The book of each stretch of blocks with equal lists.
fn books<'a>(
    set: &FeatureSet,
    pools: impl Iterator<Item = &'a PoolInfo> + Clone,
) -> Vec<(BlockNumber, Book)> {
    [BlockNumber(0)]
        .into_iter()
        .chain(set.changes())
        .map(|from| {
            let mut book = Book::new(&set.lists, from);
            pools.clone().for_each(|info| book.add(info));
            (from, book)
        })
        .collect()
}

/// As [`spots`], a share of the blocks on each thread: each begins with the state before its own.
fn all_spots(
    book: &Book,
    tracks: &HashMap<PoolId, States>,
    (from, end): (BlockNumber, Option<BlockNumber>),
    threads: usize,
) -> Spots {
    let mut starts = vec![from];
    // Where the pool that moved most often has moved equally often: blocks alone are uneven.
    let most = book
        .reference_pools()
        .filter_map(|pool| tracks.get(&pool))
        .max_by_key(|states| states.len());
    for share in 1..threads {
        let start = most.and_then(|states| states.get(states.len() * share / threads));
        starts.extend(start.map(|(at, _)| *at));
    }
    starts.retain(|start| *start >= from && end.is_none_or(|end| *start < end));
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().skip(1).map(|start| Some(*start)).chain([end]);
    let shares: Vec<_> = starts.iter().copied().zip(ends).collect();
    if shares.len() == 1 {
        return spots(book, tracks, from, end);
    }
    let mut all = Spots::default();
    std::thread::scope(|scope| {
        let share = |(from, end)| scope.spawn(move || spots(book, tracks, from, end));
        let running: Vec<_> = shares.into_iter().map(share).collect();
        for part in running {
            match part.join() {
                Ok(part) => all.append(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    all
}

/// Prices after each block that moved a reference pool, from the state before `from` on.
fn spots(
    book: &Book,
    tracks: &HashMap<PoolId, States>,
    from: BlockNumber,
    end: Option<BlockNumber>,
) -> Spots {
    let mut references = References::default();
    let mut moves: Vec<(BlockNumber, PoolId, Option<Quote>)> = Vec::new();
    for pool in book.reference_pools() {
        let Some(states) = tracks.get(&pool) else {
            continue;
        };
        let first = states.partition_point(|(at, _)| *at < from);
        if let Some((_, Some(quote))) = first.checked_sub(1).and_then(|last| states.get(last)) {
            references.put(book, pool, Some(*quote));
        }
        let within = states[first..].iter();
        let within = within.take_while(|(at, _)| end.is_none_or(|end| *at < end));
        moves.extend(within.map(|(at, quote)| (*at, pool, *quote)));
    }
    moves.sort_by_key(|(at, pool, _)| (*at, *pool));
    let mut spots = Spots::default();
    if let Some(before) = from.prev() {
        spots.put(before, references.spot());
    }
    let mut moves = moves.into_iter().peekable();
    while let Some((at, pool, quote)) = moves.next() {
        references.put(book, pool, quote);
        if moves.peek().is_none_or(|(next, ..)| *next != at) {
            spots.put(at, references.spot());
        }
    }
    spots
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
