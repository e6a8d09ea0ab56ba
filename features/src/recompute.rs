//! The same numbers from raw events in two passes: prices by block, then pool by pool, so that
//! pools can be computed side by side.

use crate::fold::{Event, events, quote_of};
use crate::history::History;
use crate::pool_fold::{Known, PoolFold};
use crate::pricing::{Book, Legs, Quote, Quotes, Spot};
use crate::row::{Horizon, row};
use crate::targets::of_days;
use crate::tile::{PoolState, Sums, Tile};
use crate::window::{PoolWindow, USER_DAYS, UserCounts, WINDOW_DAYS};
use crate::{DailyRow, FeatureError, FeatureSet, HORIZON_DAYS, PoolInfo, SwapValue, TargetRow};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tidegauge_model::{
    Address, BlockNumber, Day, Hour, LiquidityEvent, PoolId, SECONDS_PER_DAY, Swap, UnixSeconds,
};

/// Tiles of a pool that are kept at least; older ones go when there are twice as many.
const KEPT_TILES: usize = 24 * (WINDOW_DAYS as usize + 2);

/// A row with its targets.
pub type Rows = BTreeMap<(Day, PoolId), (DailyRow, TargetRow)>;

/// One pool's states by block, gathered in the first pass.
#[derive(Clone, Debug)]
pub struct Track {
    pool: PoolId,
    state: PoolState,
    states: Vec<(BlockNumber, Option<Quote>)>,
}

impl Track {
    /// Of a pool before its first event.
    pub fn new(pool: PoolId) -> Self {
        Self {
            pool,
            state: PoolState::default(),
            states: Vec::new(),
        }
    }

    /// The pool's next event.
    pub fn swap(&mut self, swap: &Swap) {
        self.state.swap(swap);
        self.note(swap.block);
    }

    /// The pool's next event.
    pub fn liquidity(&mut self, event: &LiquidityEvent) {
        self.state.apply(&event.change);
        self.note(event.block);
    }

    fn note(&mut self, block: BlockNumber) {
        let quote = quote_of(&self.state);
        match self.states.last_mut() {
            Some(last) if last.0 == block => last.1 = quote,
            Some(last) if last.1 == quote => {}
            _ => self.states.push((block, quote)),
        }
    }
}

/// Prices of all times: the result of the first pass.
#[derive(Debug)]
pub struct Prices {
    tracks: HashMap<PoolId, Vec<(BlockNumber, Option<Quote>)>>,
    /// By the height from which on the lists are as they are.
    epochs: Vec<Epoch>,
}

#[derive(Debug)]
struct Epoch {
    from: BlockNumber,
    book: Book,
    /// Prices as of the end of a block.
    spots: Vec<(BlockNumber, Spot)>,
}

/// Pools as they stood before a block.
struct Before<'a> {
    tracks: &'a HashMap<PoolId, Vec<(BlockNumber, Option<Quote>)>>,
    block: BlockNumber,
}

impl Quotes for Before<'_> {
    fn quote(&self, pool: PoolId) -> Option<Quote> {
        let states = self.tracks.get(&pool)?;
        let place = states.partition_point(|(at, _)| *at < self.block);
        states.get(place.checked_sub(1)?)?.1
    }
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

    /// From the states of the [needed](Prices::needed) pools.
    pub fn new<'a>(
        set: &FeatureSet,
        pools: impl Iterator<Item = &'a PoolInfo> + Clone,
        tracks: impl IntoIterator<Item = Track>,
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
                spots: spots(&book, &tracks, from, end),
                from,
                book,
            })
            .collect();
        Self { tracks, epochs }
    }

    fn epoch(&self, block: BlockNumber) -> &Epoch {
        let place = self.epochs.partition_point(|epoch| epoch.from <= block);
        &self.epochs[place.saturating_sub(1)]
    }
}

impl Epoch {
    /// Prices at the end of the block before, found near where they were found last.
    fn spot(&self, block: BlockNumber, near: &mut usize) -> Spot {
        const STEPS: usize = 8;
        let mut place = (*near).min(self.spots.len());
        let ahead = &self.spots[place..];
        let step = ahead.iter().take(STEPS).take_while(|(at, _)| *at < block);
        let step = step.count();
        place += if step < STEPS {
            step
        } else {
            ahead.partition_point(|(at, _)| *at < block)
        };
        *near = place;
        place
            .checked_sub(1)
            .and_then(|last| self.spots.get(last))
            .map_or_else(Spot::default, |(_, spot)| *spot)
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

/// Prices after each block that moved a reference pool, from the state before `from` on.
fn spots(
    book: &Book,
    tracks: &HashMap<PoolId, Vec<(BlockNumber, Option<Quote>)>>,
    from: BlockNumber,
    end: Option<BlockNumber>,
) -> Vec<(BlockNumber, Spot)> {
    let mut now: HashMap<PoolId, Quote> = HashMap::new();
    let mut moves: Vec<(BlockNumber, PoolId, Option<Quote>)> = Vec::new();
    for pool in book.reference_pools() {
        let Some(states) = tracks.get(&pool) else {
            continue;
        };
        let first = states.partition_point(|(at, _)| *at < from);
        if let Some((_, Some(quote))) = first.checked_sub(1).and_then(|last| states.get(last)) {
            now.insert(pool, *quote);
        }
        let within = states[first..].iter();
        let within = within.take_while(|(at, _)| end.is_none_or(|end| *at < end));
        moves.extend(within.map(|(at, quote)| (*at, pool, *quote)));
    }
    moves.sort_by_key(|(at, pool, _)| (*at, *pool));
    let mut spots = Vec::with_capacity(moves.len() + 1);
    if let Some(before) = from.prev() {
        spots.push((before, book.spot(&Standing(&now))));
    }
    let mut moves = moves.into_iter().peekable();
    while let Some((at, pool, quote)) = moves.next() {
        match quote {
            Some(quote) => now.insert(pool, quote),
            None => now.remove(&pool),
        };
        if moves.peek().is_none_or(|(next, ..)| *next != at) {
            spots.push((at, book.spot(&Standing(&now))));
        }
    }
    spots
}

struct Standing<'a>(&'a HashMap<PoolId, Quote>);

impl Quotes for Standing<'_> {
    fn quote(&self, pool: PoolId) -> Option<Quote> {
        self.0.get(&pool).copied()
    }
}

/// The second pass: one pool's events in, its rows out.
pub struct PoolRecompute<'a> {
    set: &'a FeatureSet,
    prices: &'a Prices,
    horizon: Horizon,
    whole_from: Day,
    last_closed: Option<Day>,
    legs: Legs,
    epoch: &'a Epoch,
    near: usize,
    fold: PoolFold,
    /// Finished tiles by their start.
    tiles: Vec<(UnixSeconds, Tile)>,
    days: BTreeMap<Day, Sums>,
    users: Users,
    rows: Vec<(Day, DailyRow)>,
}

impl<'a> PoolRecompute<'a> {
    /// Of a pool before its first event; rows end with the last closed day.
    pub fn new(
        set: &'a FeatureSet,
        prices: &'a Prices,
        info: PoolInfo,
        horizon: Horizon,
        last_closed: Option<Day>,
    ) -> Self {
        let epoch = prices.epoch(BlockNumber(0));
        Self {
            set,
            prices,
            horizon,
            whole_from: horizon.first_whole_day(),
            last_closed,
            legs: Legs::of(&epoch.book, &info),
            epoch,
            near: 0,
            fold: PoolFold::new(info, None),
            tiles: Vec::new(),
            days: BTreeMap::new(),
            users: Users::default(),
            rows: Vec::new(),
        }
    }

    /// The pool's next event.
    ///
    /// # Errors
    /// What the fold says.
    pub fn swap(&mut self, swap: &Swap) -> Result<SwapValue, FeatureError> {
        self.move_to(swap.timestamp);
        let epoch = self.prices.epoch(swap.block);
        if epoch.from != self.epoch.from {
            self.epoch = epoch;
            self.near = 0;
            self.legs = Legs::of(&epoch.book, &self.fold.info);
        }
        let spot = epoch.spot(swap.block, &mut self.near);
        let before = Before {
            tracks: &self.prices.tracks,
            block: swap.block,
        };
        let valued = epoch.book.value(&self.legs, swap, &spot, &before);
        let user = self.set.user.of(swap);
        if let Some(user) = user {
            self.users.add(Day::of(swap.timestamp), user);
        }
        let known = Known {
            valued,
            user: user.is_some(),
        };
        self.fold.swap(swap, known, self.whole_from)
    }

    /// The pool's next event.
    ///
    /// # Errors
    /// What the fold says.
    pub fn liquidity(&mut self, event: &LiquidityEvent) -> Result<(), FeatureError> {
        self.move_to(event.timestamp);
        self.fold.liquidity(event)
    }

    /// Its rows with their targets, by day.
    pub fn finish(mut self) -> Vec<(Day, DailyRow, TargetRow)> {
        if let Some((hour, _)) = self.fold.tile() {
            self.close_hour();
            self.close_day(hour.day());
        }
        let Some(last_closed) = self.last_closed else {
            return Vec::new();
        };
        let days = &self.days;
        let targets = |day: Day| {
            let mut after = [Sums::default(); HORIZON_DAYS as usize];
            for (ahead, sums) in after.iter_mut().enumerate() {
                if let Some(found) = days.get(&day.plus_days(ahead as u32 + 1)) {
                    *sums = *found;
                }
            }
            of_days(day, last_closed, &after)
        };
        self.rows
            .into_iter()
            .map(|(day, row)| (day, row, targets(day)))
            .collect()
    }

    /// Closes the hour and the day that an event leaves behind.
    fn move_to(&mut self, at: UnixSeconds) {
        let hour = Hour::of(at);
        let Some((last, _)) = self.fold.tile() else {
            return;
        };
        if last < hour {
            self.close_hour();
        }
        if last.day() < hour.day() {
            self.close_day(last.day());
        }
    }

    fn close_hour(&mut self) {
        self.fold.settle();
        if let Some((hour, tile)) = self.fold.tile() {
            let day = self.days.entry(hour.day()).or_default();
            *day = day.merged(&tile.sums);
            self.tiles.push((hour.start(), tile.clone()));
        }
    }

    fn close_day(&mut self, day: Day) {
        let active = self.days.get(&day).is_some_and(|sums| sums.swaps > 0);
        let closed = self.last_closed.is_some_and(|last| day <= last);
        if active && closed && day >= self.whole_from {
            let start = day
                .end()
                .0
                .saturating_sub(u64::from(WINDOW_DAYS) * SECONDS_PER_DAY);
            let place = self.tiles.partition_point(|(from, _)| from.0 < start);
            let before = place.checked_sub(1).and_then(|last| self.tiles.get(last));
            let window = PoolWindow::of_pieces(
                day.end(),
                before.map(|(_, tile)| Cow::Borrowed(tile)),
                Cow::Borrowed(&self.tiles[place..]),
                self.users.counts(day),
            );
            self.rows.extend(
                row(self.set, &self.fold.info, self.horizon, &window).map(|row| (day, row)),
            );
        }
        if self.tiles.len() > 2 * KEPT_TILES {
            self.tiles.drain(..self.tiles.len() - KEPT_TILES);
        }
    }
}

/// Distinct users by day and week, counted as they come: for each user only the last day counts.
#[derive(Default)]
struct Users {
    last: HashMap<Address, Day>,
    /// Users by the last day they were seen, and distinct users of each day.
    seen: BTreeMap<Day, (u64, u64)>,
}

impl Users {
    fn add(&mut self, day: Day, user: Address) {
        let before = self.last.insert(user, day);
        if before == Some(day) {
            return;
        }
        if let Some((last, _)) = before.and_then(|before| self.seen.get_mut(&before)) {
            *last -= 1;
        }
        let (last, distinct) = self.seen.entry(day).or_default();
        *last += 1;
        *distinct += 1;
    }

    /// Of the seven days up to and with one, before any later swap.
    fn counts(&mut self, day: Day) -> UserCounts {
        let first = day.minus_days(USER_DAYS as u32 - 1);
        let mut each = [0; USER_DAYS as usize];
        let mut week = 0;
        for (on, (last, distinct)) in self.seen.range(first..=day) {
            week += last;
            each[(day.number() - on.number()) as usize] = *distinct;
        }
        self.seen = self.seen.split_off(&first);
        UserCounts::counted(each, week)
    }
}

/// Everything of a history in memory, by both passes.
///
/// # Errors
/// What the fold says.
pub fn recompute(history: &History) -> Result<Rows, FeatureError> {
    let pools = || history.pools.values();
    let needed = Prices::needed(&history.set, pools());
    let mut by_pool: BTreeMap<PoolId, Vec<Event<'_>>> = BTreeMap::new();
    for event in events(&history.swaps, &history.liquidity) {
        let pool = match &event {
            Event::Swap(swap) => swap.pool,
            Event::Liquidity(event) => event.pool,
        };
        by_pool.entry(pool).or_default().push(event);
    }
    let tracks = needed.iter().map(|pool| {
        let mut track = Track::new(*pool);
        for event in by_pool.get(pool).map_or(&[][..], Vec::as_slice) {
            match event {
                Event::Swap(swap) => track.swap(swap),
                Event::Liquidity(event) => track.liquidity(event),
            }
        }
        track
    });
    let prices = Prices::new(&history.set, pools(), tracks);
    let horizon = history.covered.horizon();
    let last_closed = history.covered.last_whole_day();
    let mut rows = Rows::new();
    for (id, events) in &by_pool {
        let Some(info) = history.pools.get(id) else {
            continue;
        };
        let mut pool =
            PoolRecompute::new(&history.set, &prices, info.clone(), horizon, last_closed);
        for event in events {
            match event {
                Event::Swap(swap) => drop(pool.swap(swap)?),
                Event::Liquidity(event) => pool.liquidity(event)?,
            }
        }
        let found = pool.finish().into_iter();
        rows.extend(found.map(|(day, row, targets)| ((day, *id), (row, targets))));
    }
    Ok(rows)
}
