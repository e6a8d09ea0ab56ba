//! Rows of any moment: exact sliding windows, from tiles and, where a day cuts an hour, from the
//! swaps of that hour.

use crate::codec::decode_user;
use crate::derive;
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::user_key;
use crate::lookup::Lookup;
use crate::view::View;
use std::cmp::Ordering;
use std::ops::Range;
use tidegauge_features::{
    BeforeHour, DailyRow, FeatureSet, HourEvents, PoolInfo, ThisHour, row, window_at,
};
use tidegauge_model::{
    Address, BlockNumber, BlockRange, Hour, PoolId, PoolVerdict, UnixSeconds, UserKey,
};

impl View<'_> {
    /// A pool's row over the days before a moment, none of which need be a calendar day; `None`
    /// if it had no swap before. What is derived must reach the moment.
    ///
    /// Days that begin before the store does are counted as far as they are known: see
    /// [`View::horizon`]. Busy pools' rows are had faster from [`LiveRows`](crate::LiveRows).
    pub fn row_at(&self, pool: PoolId, at: UnixSeconds) -> Result<Option<DailyRow>, StoreError> {
        let (Some(info), Some(set)) = (self.pool_info(pool)?, self.feature_set()?) else {
            return Ok(None);
        };
        let known = self.before_hour(pool, (Hour::of(at), set.user))?;
        self.row_after(&set, &info, &known, at)
    }

    /// What was before an hour, with users of this kind.
    pub(crate) fn before_hour(
        &self,
        pool: PoolId,
        (hour, user): (Hour, UserKey),
    ) -> Result<BeforeHour, StoreError> {
        let hours = BeforeHour::hours(hour);
        let before = derive::last_tile(self, pool, hours.start)?;
        let tiles = self.tiles(pool, hours)?;
        let lasts: Vec<(Hour, BlockNumber)> = before
            .iter()
            .chain(&tiles)
            .map(|(hour, tile)| (*hour, tile.life.last_block))
            .collect();
        let before = before.map(|(_, tile)| tile);
        let users = self.users(pool, BeforeHour::user_hours(hour))?;
        BeforeHour::new((hour, user), before, tiles, users, |hour| {
            // Later than the last swap of the tile before.
            let place = lasts.partition_point(|(of, _)| *of < hour);
            let last = place.checked_sub(1).and_then(|last| lasts.get(last));
            self.hour_events(pool, hour, last.map(|(_, block)| *block))
        })
    }

    /// The row of a moment within the hour before which this is known.
    pub(crate) fn row_after(
        &self,
        set: &FeatureSet,
        info: &PoolInfo,
        known: &BeforeHour,
        at: UnixSeconds,
    ) -> Result<Option<DailyRow>, StoreError> {
        let Some(horizon) = self.horizon() else {
            return Ok(None);
        };
        let (pool, hour) = (info.pool.id, known.hour());
        let mut this = ThisHour::default();
        if hour.start() < at {
            let tile = self.tiles(pool, hour..hour.next())?.pop();
            this.tile = tile.map(|(_, tile)| tile);
            let users = self.users(pool, hour..hour.next())?;
            this.users = users.into_iter().map(|(_, user)| user).collect();
        }
        let whole_from = horizon.first_whole_day();
        let window = window_at(info, set.user, whole_from, at, (known, this), || {
            let before = derive::last_tile(self, pool, hour)?;
            self.hour_events(pool, hour, before.map(|(_, tile)| tile.life.last_block))
        })?;
        Ok(row(set, info, horizon, &window))
    }

    pub(crate) fn pool_info(&self, pool: PoolId) -> Result<Option<PoolInfo>, StoreError> {
        let Some(PoolVerdict::Accepted(pool)) = self.pool(pool)? else {
            return Ok(None);
        };
        let decimals = |token| {
            let known = self.token(token)?.map(|token| token.decimals);
            known.ok_or_else(|| StoreError::Contradiction(format!("token {token:#x} is missing")))
        };
        Ok(Some(PoolInfo {
            decimals0: decimals(pool.token0)?,
            decimals1: decimals(pool.token1)?,
            pool,
        }))
    }

    /// A pool's events in an hour, all of which lie after a block.
    fn hour_events(
        &self,
        pool: PoolId,
        hour: Hour,
        after: Option<BlockNumber>,
    ) -> Result<HourEvents, StoreError> {
        let range = BlockRange {
            from: after.map_or(BlockNumber(0), BlockNumber::next),
            to: BlockNumber(u64::MAX),
        };
        let mut events = HourEvents::default();
        for found in self.valued_swaps(pool, range)? {
            let (swap, value) = found?;
            match Hour::of(swap.timestamp).cmp(&hour) {
                Ordering::Less => {}
                // Where nothing was derived yet there is no tile either, and nobody asks.
                Ordering::Equal => events.swaps.push((swap, value.unwrap_or_default())),
                Ordering::Greater => break,
            }
        }
        for event in self.liquidity(pool, range)? {
            let event = event?;
            match Hour::of(event.timestamp).cmp(&hour) {
                Ordering::Less => {}
                Ordering::Equal => events.liquidity.push(event),
                Ordering::Greater => break,
            }
        }
        Ok(events)
    }

    fn users(&self, pool: PoolId, hours: Range<Hour>) -> Result<Vec<(Hour, Address)>, StoreError> {
        let bounds = (
            user_key(pool, hours.start, Address::ZERO).to_vec(),
            user_key(pool, hours.end, Address::ZERO).to_vec(),
        );
        let mut users = Vec::new();
        self.each(Family::Users, bounds, &mut |key, value| {
            let ((_, hour, user), _) = decode_user(key, value)?;
            users.push((hour, user));
            Ok(())
        })?;
        Ok(users)
    }
}
