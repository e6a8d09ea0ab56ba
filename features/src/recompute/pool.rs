//! The second pass: one pool's events in, its rows out.

use super::prices::{Epoch, Prices};
use super::users::Users;
use crate::pool_fold::{Known, PoolFold};
use crate::pricing::Legs;
use crate::row::{Horizon, row_by};
use crate::targets::of_days;
use crate::tile::{Sums, Tile};
use crate::window::{PoolWindow, WINDOW_DAYS};
use crate::{DailyRow, FeatureError, FeatureSet, HORIZON_DAYS, PoolInfo, SwapValue, TargetRow};
use std::borrow::Cow;
use std::collections::BTreeMap;
use tidegauge_model::{BlockNumber, Day, Hour, LiquidityEvent, SECONDS_PER_DAY, Swap, UnixSeconds};

/// Tiles of a pool that are kept at least; older ones go when there are twice as many.
const KEPT_TILES: usize = 24 * (WINDOW_DAYS as usize + 2);

/// One pool on its way through the second pass.
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
            tiles: Vec::with_capacity(2 * KEPT_TILES + 1),
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
        let before = epoch.before(&self.prices.tracks, swap.block, &mut self.near);
        let valued = epoch.book.value(&self.legs, swap, &before);
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
    pub fn finish(mut self) -> impl Iterator<Item = (Day, DailyRow, TargetRow)> {
        if let Some((hour, _)) = self.fold.tile() {
            self.close_hour();
            self.close_day(hour.day());
        }
        let (days, last_closed) = (self.days, self.last_closed);
        // Without a closed day there are no rows.
        let rows = self.rows.into_iter();
        rows.filter_map(move |(day, row)| {
            let mut after = [Sums::default(); HORIZON_DAYS as usize];
            for (ahead, sums) in after.iter_mut().enumerate() {
                if let Some(found) = days.get(&day.plus_days(ahead as u32 + 1)) {
                    *sums = *found;
                }
            }
            Some((day, row, of_days(day, last_closed?, &after)))
        })
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
            let mut sums = [Sums::default(); WINDOW_DAYS as usize];
            let first = day.minus_days(WINDOW_DAYS - 1);
            for (on, of) in self.days.range(first..=day) {
                sums[(day.number() - on.number()) as usize] = *of;
            }
            let window = window.with_days(sums);
            let fingerprint = |at| self.prices.fingerprints.of(self.set, at);
            let row = row_by(
                self.set,
                fingerprint,
                &self.fold.info,
                self.horizon,
                &window,
            );
            self.rows.extend(row.map(|row| (day, row)));
        }
        if self.tiles.len() > 2 * KEPT_TILES {
            self.tiles.drain(..self.tiles.len() - KEPT_TILES);
        }
    }
}
