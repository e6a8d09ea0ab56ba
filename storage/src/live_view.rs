//! Rows of any moment: exact sliding windows, from tiles and, where a day cuts an hour, from the
//! swaps of that hour.

use crate::codec::{decode_block, decode_user};
use crate::derive;
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::{block_key, user_key};
use crate::lookup::Lookup;
use crate::scan::{Bounds, Scan};
use crate::view::View;
use tidegauge_features::{
    DailyRow, HourEvents, Known14Days, PoolInfo, hours_before, row, user_hours_before, window_at,
};
use tidegauge_model::{Address, BlockNumber, BlockRange, Hour, PoolId, PoolVerdict, UnixSeconds};

impl View<'_> {
    /// A pool's row over the days before a moment, none of which need be a calendar day; `None`
    /// if it had no swap before. What is derived must reach the moment.
    ///
    /// Days that begin before the store does are counted as far as they are known: see
    /// [`View::horizon`].
    pub fn row_at(&self, pool: PoolId, at: UnixSeconds) -> Result<Option<DailyRow>, StoreError> {
        let (Some(horizon), Some(set)) = (self.horizon(), self.feature_set()?) else {
            return Ok(None);
        };
        let Some(info) = self.pool_info(pool)? else {
            return Ok(None);
        };
        let (from, to) = hours_before(at);
        let (users_from, users_to) = user_hours_before(at);
        let known = Known14Days {
            at,
            before: derive::last_tile(self, pool, from)?.map(|(_, tile)| tile),
            tiles: self.tiles(pool, from..to.next())?,
            users: self.users(pool, users_from, users_to.next())?,
        };
        let whole_from = horizon.first_whole_day();
        let window = window_at(&info, set.user, whole_from, known, |hour| {
            self.hour_events(pool, hour)
        })?;
        Ok(row(&set, &info, horizon, &window))
    }

    /// The first stored block at or after a moment; `None` if all lie before it.
    ///
    /// Times do not run back, so halving the heights finds it.
    pub fn first_block_at(&self, at: UnixSeconds) -> Result<Option<BlockNumber>, StoreError> {
        let (Some(start), Some(tip)) = (self.start(), self.head().tip) else {
            return Ok(None);
        };
        let (mut low, mut high) = (start.0, tip.number.0.saturating_add(1));
        let mut found = None;
        // Everything stored below `low` lies before the moment, everything from `high` on does not.
        while low < high {
            let middle = low + (high - low) / 2;
            let upper = block_key(BlockNumber(high)).to_vec();
            let bounds = Bounds::between((block_key(BlockNumber(middle)).to_vec(), upper));
            let rows = self.raw(Family::Blocks, bounds)?;
            match Scan::new(rows, decode_block).next().transpose()? {
                Some((number, record)) if record.timestamp < at => low = number.0 + 1,
                Some((number, _)) => {
                    found = Some(number);
                    high = middle;
                }
                None => high = middle,
            }
        }
        Ok(found)
    }

    fn pool_info(&self, pool: PoolId) -> Result<Option<PoolInfo>, StoreError> {
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

    fn hour_events(&self, pool: PoolId, hour: Hour) -> Result<HourEvents, StoreError> {
        let Some(from) = self.first_block_at(hour.start())? else {
            return Ok(HourEvents::default());
        };
        let end = self.first_block_at(hour.end())?;
        let to = end.map_or(BlockNumber(u64::MAX), |end| end.prev().unwrap_or_default());
        let Some(range) = BlockRange::new(from, to) else {
            return Ok(HourEvents::default());
        };
        let swaps = self.valued_swaps(pool, range)?.map(|found| {
            let (swap, value) = found?;
            // Where nothing was derived yet there is no tile either, and nobody asks.
            Ok::<_, StoreError>((swap, value.unwrap_or_default()))
        });
        Ok(HourEvents {
            swaps: swaps.collect::<Result<_, _>>()?,
            liquidity: self.liquidity(pool, range)?.collect::<Result<_, _>>()?,
        })
    }

    fn users(
        &self,
        pool: PoolId,
        from: Hour,
        to: Hour,
    ) -> Result<Vec<(Hour, Address)>, StoreError> {
        let bounds = (
            user_key(pool, from, Address::ZERO).to_vec(),
            user_key(pool, to, Address::ZERO).to_vec(),
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
