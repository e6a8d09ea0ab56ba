//! The fold, block by block, with everything kept in memory as a store keeps it.

use std::collections::{BTreeMap, BTreeSet};
use tidegauge_features::{
    BeforeHour, DailyRow, FeatureError, Fold, History, HourEvents, PoolWindow, Rows, SwapValue,
    TargetRow, ThisHour, Tile, UserCounts, row, target_hours, target_row, window_at,
};
use tidegauge_model::{
    Address, B256, BlockData, BlockNumber, Day, Hour, LogIndex, PoolId, Tally, UnixSeconds,
};

pub(crate) type Row = (PoolId, BlockNumber, LogIndex);

/// What a store keeps, in memory.
pub(crate) struct Kept<'a> {
    history: &'a History,
    fold: Fold,
    pub(crate) values: BTreeMap<Row, SwapValue>,
    tiles: BTreeMap<(PoolId, Hour), Tile>,
    users: BTreeMap<(PoolId, Hour, Address), u32>,
    active: BTreeSet<(Day, PoolId)>,
    pub(crate) rows: Rows,
    open: Day,
}

impl<'a> Kept<'a> {
    fn new(history: &'a History) -> Self {
        let whole_from = history.covered.horizon().first_whole_day();
        let mut fold = Fold::new(history.set.clone(), whole_from, BlockNumber(0));
        for info in history.pools.values() {
            fold.put_pool(info.clone(), None);
        }
        fold.settle();
        Self {
            history,
            fold,
            values: BTreeMap::new(),
            tiles: BTreeMap::new(),
            users: BTreeMap::new(),
            active: BTreeSet::new(),
            rows: Rows::new(),
            open: whole_from,
        }
    }

    fn block(&mut self, block: &BlockData) {
        self.close_until(Day::of(block.timestamp));
        let folded = self.fold.block(block).unwrap();
        for (pool, log_index, value) in folded.values {
            self.values.insert((pool, block.number, log_index), value);
            self.active.insert((Day::of(block.timestamp), pool));
        }
        for pool in folded.touched {
            let (hour, tile) = self.fold.tile(pool).unwrap();
            self.tiles.insert((pool, hour), tile.clone());
        }
        for (pool, hour, user, count) in folded.users {
            *self.users.entry((pool, hour, user)).or_default() += count;
        }
    }

    /// Closes the days before one.
    fn close_until(&mut self, next: Day) {
        let next = next.min(Day::of(self.history.covered.until));
        while self.open < next {
            let day = self.open;
            self.open = day.plus_days(1);
            let active: Vec<_> = self.pools_of(day);
            for pool in active {
                let (from, to) = PoolWindow::hours(day);
                let tiles = self.tiles_of(pool, from, to);
                let mut users = UserCounts::new(day.end());
                let (first, _) = UserCounts::hours(day);
                for (hour, user) in self.users_of(pool, first, to) {
                    users.add(hour, user);
                }
                let before = self.before(pool, from);
                let window = PoolWindow::of_day(day, before, tiles, users);
                let info = &self.history.pools[&pool];
                let horizon = self.history.covered.horizon();
                let row = row(&self.history.set, info, horizon, &window).unwrap();
                self.rows.insert((day, pool), (row, TargetRow::default()));
            }
            for back in [3, 7] {
                let past = day.minus_days(back);
                for pool in self.pools_of(past) {
                    let (from, to) = target_hours(past);
                    let tiles = self.tiles.range((pool, from)..(pool, to));
                    let targets =
                        target_row(past, day, tiles.map(|((_, hour), tile)| (*hour, tile)));
                    if let Some(found) = self.rows.get_mut(&(past, pool)) {
                        found.1 = targets;
                    }
                }
            }
        }
    }

    fn pools_of(&self, day: Day) -> Vec<PoolId> {
        let least = PoolId(Address::ZERO);
        let pools = self.active.range((day, least)..(day.plus_days(1), least));
        pools.map(|(_, pool)| *pool).collect()
    }

    fn tiles_of(&self, pool: PoolId, from: Hour, to: Hour) -> Vec<(Hour, Tile)> {
        let tiles = self.tiles.range((pool, from)..(pool, to));
        tiles
            .map(|((_, hour), tile)| (*hour, tile.clone()))
            .collect()
    }

    fn before(&self, pool: PoolId, hour: Hour) -> Option<Tile> {
        let mut tiles = self.tiles.range((pool, Hour(0))..(pool, hour));
        tiles.next_back().map(|(_, tile)| tile.clone())
    }

    fn users_of(&self, pool: PoolId, from: Hour, to: Hour) -> Vec<(Hour, Address)> {
        let users = self
            .users
            .range((pool, from, Address::ZERO)..(pool, to, Address::ZERO));
        users.map(|((_, hour, user), _)| (*hour, *user)).collect()
    }

    /// The row of a moment, as the live view computes it.
    pub(crate) fn row_at(&self, pool: PoolId, at: UnixSeconds) -> Option<DailyRow> {
        let hour = Hour::of(at);
        let (tiles, users) = (BeforeHour::hours(hour), BeforeHour::user_hours(hour));
        let events = |hour| Ok::<_, FeatureError>(self.events(pool, hour));
        let before = BeforeHour::new(
            (hour, self.history.set.user),
            self.before(pool, tiles.start),
            self.tiles_of(pool, tiles.start, tiles.end),
            self.users_of(pool, users.start, users.end),
            events,
        )
        .unwrap();
        let this = self.tiles_of(pool, hour, hour.next()).pop();
        let users = self.users_of(pool, hour, hour.next());
        let this = ThisHour {
            tile: this.map(|(_, tile)| tile),
            users: users.into_iter().map(|(_, user)| user).collect(),
        };
        let info = &self.history.pools[&pool];
        let horizon = self.history.covered.horizon();
        let whole_from = horizon.first_whole_day();
        let user = self.history.set.user;
        let known = (&before, this);
        let window = window_at(info, user, whole_from, at, known, || events(hour)).unwrap();
        row(&self.history.set, info, horizon, &window)
    }

    fn events(&self, pool: PoolId, hour: Hour) -> HourEvents {
        let of_hour = |at: UnixSeconds| Hour::of(at) == hour;
        let swaps = self.history.swaps.iter();
        let swaps = swaps.filter(|s| s.pool == pool && of_hour(s.timestamp));
        let liquidity = self.history.liquidity.iter();
        HourEvents {
            swaps: swaps
                .map(|s| (s.clone(), self.values[&(s.pool, s.block, s.log_index)]))
                .collect(),
            liquidity: liquidity
                .filter(|e| e.pool == pool && of_hour(e.timestamp))
                .cloned()
                .collect(),
        }
    }
}

/// The history's events, block by block.
fn blocks(history: &History) -> BTreeMap<BlockNumber, BlockData> {
    let mut blocks: BTreeMap<BlockNumber, BlockData> = BTreeMap::new();
    let new = |number, timestamp| BlockData {
        number,
        hash: B256::ZERO,
        parent: None,
        timestamp,
        swaps: Vec::new(),
        liquidity: Vec::new(),
        tally: Tally::default(),
    };
    for swap in &history.swaps {
        let block = blocks.entry(swap.block);
        let block = block.or_insert_with(|| new(swap.block, swap.timestamp));
        block.swaps.push(swap.clone());
    }
    for event in &history.liquidity {
        let block = blocks.entry(event.block);
        let block = block.or_insert_with(|| new(event.block, event.timestamp));
        block.liquidity.push(event.clone());
    }
    blocks
}

pub(crate) fn kept(history: &History) -> Kept<'_> {
    let mut kept = Kept::new(history);
    for block in blocks(history).values() {
        kept.block(block);
    }
    kept.close_until(Day::of(history.covered.until));
    kept
}
