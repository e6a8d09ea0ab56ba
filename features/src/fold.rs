//! The fold: block by block, every pool at once, as the store commits them.

use crate::pool_fold::{Known, PoolFold};
use crate::pricing::{Book, Guarded, Legs, Quote, Quotes, Reference, References, Spot};
use crate::row::row_by;
use crate::set::Fingerprints;
use crate::tile::{PoolState, Tile};
use crate::{DailyRow, FeatureError, FeatureSet, Horizon, PoolInfo, PoolWindow, SwapValue};
use std::collections::HashMap;
use tidegauge_model::{
    Address, BlockData, BlockNumber, Day, Hour, LiquidityEvent, LogIndex, PoolId, Swap, U256,
};

/// Which price.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum PriceKey {
    /// Of a wei.
    Ether = 0,
    /// Of a whole bitcoin.
    Bitcoin = 1,
}

/// A price as of the end of a block, with its provenance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PriceRecord {
    /// Nano-dollars × 2¹²⁸.
    pub price: U256,
    /// The deepest reference pool.
    pub source: PoolId,
    /// The block.
    pub block: BlockNumber,
    /// Whether that pool was too far off, and the price is the median.
    pub guarded: bool,
}

/// What a block changed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FoldedBlock {
    /// What each swap is worth, by log index.
    pub values: Vec<(PoolId, LogIndex, SwapValue)>,
    /// Pools whose last tile changed, ascending; [`Fold::tile`] gives it.
    pub touched: Vec<PoolId>,
    /// Swaps by user, ascending; to be added to what is known of the hour.
    pub users: Vec<(PoolId, Hour, Address, u32)>,
    /// Prices that changed.
    pub prices: Vec<(PriceKey, Hour, PriceRecord)>,
}

/// Everything known at the tip: the last tile of each pool, and the prices now.
#[derive(Clone, Debug)]
pub struct Fold {
    set: FeatureSet,
    fingerprints: Fingerprints,
    whole_from: Day,
    pools: HashMap<PoolId, Entry>,
    book: Book,
    /// Heights at which the lists change, descending.
    changes: Vec<BlockNumber>,
    now: Now,
    references: References,
}

#[derive(Clone, Debug)]
struct Entry {
    fold: PoolFold,
    legs: Legs,
    rests_on: bool,
}

/// What prices rest on, at the end of the last block.
#[derive(Clone, Debug, Default)]
struct Now {
    quotes: HashMap<PoolId, Quote>,
    spot: Spot,
}

impl Quotes for Now {
    fn quote(&self, pool: PoolId) -> Option<Quote> {
        self.quotes.get(&pool).copied()
    }

    fn ether(&self) -> Option<Guarded> {
        self.spot.ether.map(Reference::guarded)
    }

    fn bitcoin(&self) -> Option<Guarded> {
        self.spot.bitcoin.map(Reference::guarded)
    }
}

impl Now {
    fn put(&mut self, pool: PoolId, state: &PoolState) {
        match quote_of(state) {
            Some(quote) => self.quotes.insert(pool, quote),
            None => self.quotes.remove(&pool),
        };
    }
}

/// What a state offers to pricing: both numbers known and positive.
pub(crate) fn quote_of(state: &PoolState) -> Option<Quote> {
    let liquidity = state.liquidity.filter(|l| *l > 0)?;
    (!state.sqrt_price.0.is_zero()).then_some(Quote {
        sqrt_price: state.sqrt_price,
        liquidity,
    })
}

impl Fold {
    /// An empty one at a block; life is counted from `whole_from` on, the first whole day.
    pub fn new(set: FeatureSet, whole_from: Day, at: BlockNumber) -> Self {
        let book = Book::new(&set.lists, at);
        let mut changes = set.changes();
        changes.retain(|height| *height > at);
        changes.reverse();
        Self {
            fingerprints: Fingerprints::new(&set),
            set,
            whole_from,
            pools: HashMap::new(),
            book,
            changes,
            now: Now::default(),
            references: References::default(),
        }
    }

    /// By which definitions.
    pub fn set(&self) -> &FeatureSet {
        &self.set
    }

    /// The first whole day.
    pub fn whole_from(&self) -> Day {
        self.whole_from
    }

    /// A pool that is known.
    pub fn pool(&self, pool: PoolId) -> Option<&PoolInfo> {
        self.pools.get(&pool).map(|entry| &entry.fold.info)
    }

    /// A pool's [`row`](crate::row); `None` too if it is not known.
    pub fn row(&self, pool: PoolId, horizon: Horizon, window: &PoolWindow<'_>) -> Option<DailyRow> {
        let fingerprint = |at| self.fingerprints.of(&self.set, at);
        row_by(&self.set, fingerprint, self.pool(pool)?, horizon, window)
    }

    /// Enters a pool with its last tile, or puts another last tile in its place. Then [`Fold::settle`].
    pub fn put_pool(&mut self, info: PoolInfo, latest: Option<(Hour, Tile)>) {
        let pool = info.pool.id;
        self.book.add(&info);
        let entry = Entry {
            legs: Legs::of(&self.book, &info),
            rests_on: self.book.rests_on(&info),
            fold: PoolFold::new(info, latest),
        };
        if entry.rests_on {
            self.now.put(pool, entry.fold.state());
        }
        self.pools.insert(pool, entry);
    }

    /// Forgets a pool. Then [`Fold::settle`].
    pub fn remove_pool(&mut self, pool: PoolId) {
        if let Some(entry) = self.pools.remove(&pool) {
            self.book.remove(&entry.fold.info);
            self.now.quotes.remove(&pool);
        }
    }

    /// Computes the prices that others rest on anew, after pools were put or removed.
    pub fn settle(&mut self) {
        self.references = References::new(&self.book, &self.now);
        self.now.spot = self.references.spot();
    }

    /// A pool's last tile.
    pub fn tile(&self, pool: PoolId) -> Option<(Hour, &Tile)> {
        self.pools.get(&pool)?.fold.tile()
    }

    /// Folds the next block. After an error the fold is not to be used any more.
    pub fn block(&mut self, block: &BlockData) -> Result<FoldedBlock, FeatureError> {
        while self.changes.last().is_some_and(|at| *at <= block.number) {
            self.changes.pop();
            self.relist(block.number);
        }
        let mut folded = FoldedBlock {
            values: Vec::with_capacity(block.swaps.len()),
            ..FoldedBlock::default()
        };
        let hour = Hour::of(block.timestamp);
        for event in events(&block.swaps, &block.liquidity) {
            match event {
                Event::Swap(swap) => {
                    let value = self.swap(swap)?;
                    folded.values.push((swap.pool, swap.log_index, value));
                    folded.touched.push(swap.pool);
                    if let Some(user) = self.set.user.of(swap) {
                        folded.users.push((swap.pool, hour, user, 1));
                    }
                }
                Event::Liquidity(event) => {
                    entry(&mut self.pools, event.pool, event.block)?
                        .fold
                        .liquidity(event)?;
                    folded.touched.push(event.pool);
                }
            }
        }
        folded.touched.sort_unstable();
        folded.touched.dedup();
        folded.users.sort_unstable();
        folded.users.dedup_by(|next, kept| {
            let same = (next.0, next.2) == (kept.0, kept.2);
            if same {
                kept.3 += next.3;
            }
            same
        });
        self.end(&mut folded, block.number, hour);
        Ok(folded)
    }

    fn swap(&mut self, swap: &Swap) -> Result<SwapValue, FeatureError> {
        let entry = entry(&mut self.pools, swap.pool, swap.block)?;
        let valued = self.book.value(&entry.legs, swap, &self.now);
        let known = Known {
            valued,
            user: self.set.user.of(swap).is_some(),
        };
        entry.fold.swap(swap, known, self.whole_from)
    }

    /// What the block said counts from here on.
    fn end(&mut self, folded: &mut FoldedBlock, block: BlockNumber, hour: Hour) {
        let mut moved = false;
        for pool in &folded.touched {
            if let Some(entry) = self.pools.get_mut(pool) {
                entry.fold.settle();
                if entry.rests_on {
                    self.now.put(*pool, entry.fold.state());
                    if self.book.is_reference(*pool) {
                        self.references
                            .put(&self.book, *pool, self.now.quote(*pool));
                        moved = true;
                    }
                }
            }
        }
        if !moved {
            return;
        }
        let before = self.now.spot;
        self.now.spot = self.references.spot();
        for (key, was, is) in [
            (PriceKey::Ether, before.ether, self.now.spot.ether),
            (PriceKey::Bitcoin, before.bitcoin, self.now.spot.bitcoin),
        ] {
            if let Some(reference) = is.filter(|_| was != is) {
                folded.prices.push((key, hour, record(reference, block)));
            }
        }
    }

    /// By the lists in force from a block on.
    fn relist(&mut self, at: BlockNumber) {
        self.book = Book::new(&self.set.lists, at);
        for entry in self.pools.values() {
            self.book.add(&entry.fold.info);
        }
        self.now.quotes.clear();
        for (pool, entry) in &mut self.pools {
            entry.legs = Legs::of(&self.book, &entry.fold.info);
            entry.rests_on = self.book.rests_on(&entry.fold.info);
            if entry.rests_on {
                self.now.put(*pool, entry.fold.state());
            }
        }
        self.settle();
    }
}

fn entry(
    pools: &mut HashMap<PoolId, Entry>,
    pool: PoolId,
    block: BlockNumber,
) -> Result<&mut Entry, FeatureError> {
    pools
        .get_mut(&pool)
        .ok_or(FeatureError::UnknownPool { block, pool })
}

fn record(reference: Reference, block: BlockNumber) -> PriceRecord {
    PriceRecord {
        price: reference.price.get(),
        source: reference.source,
        block,
        guarded: reference.guarded,
    }
}

/// One event of a pool.
pub(crate) enum Event<'a> {
    Swap(&'a Swap),
    Liquidity(&'a LiquidityEvent),
}

/// Swaps and other events as one, by block and log index.
pub(crate) fn events<'a>(
    swaps: &'a [Swap],
    liquidity: &'a [LiquidityEvent],
) -> impl Iterator<Item = Event<'a>> {
    let mut swaps = swaps.iter().peekable();
    let mut liquidity = liquidity.iter().peekable();
    std::iter::from_fn(move || match (swaps.peek(), liquidity.peek()) {
        (Some(swap), Some(event))
            if (event.block, event.log_index) < (swap.block, swap.log_index) =>
        {
            liquidity.next().map(Event::Liquidity)
        }
        (Some(_), _) => swaps.next().map(Event::Swap),
        (None, _) => liquidity.next().map(Event::Liquidity),
    })
}
