//! What the first pass leads to: prices of all times.

use super::spots::Spots;
use super::track::{Before, States, Track};
use crate::pricing::{Book, Legs, Quote, References};
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
            .map(|((from, book), end)| {
                let mut spots = all_spots(&book, &tracks, (from, end), threads);
                spots.complete();
                Epoch { from, book, spots }
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
    /// What is known at the end of the block before, found near where it was found last.
    pub(super) fn before<'a>(
        &'a self,
        tracks: &'a HashMap<PoolId, States>,
        block: BlockNumber,
        near: &mut usize,
    ) -> Before<'a> {
        let place = self.spots.place(block, near);
        Before {
            tracks,
            block,
            spots: &self.spots,
            place,
        }
    }
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
                Ok(part) => all.append(&part),
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
        let after = end.map_or(states.len(), |end| {
            states.partition_point(|(at, _)| *at < end)
        });
        if let Some((_, Some(quote))) = first.checked_sub(1).and_then(|last| states.get(last)) {
            references.put(book, pool, Some(*quote));
        }
        // Of known length, so that all of it is made room for at once.
        let within = states.get(first..after).unwrap_or_default().iter();
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
