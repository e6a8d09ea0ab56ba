//! Reading what is derived: daily rows, tiles, values, prices, as the generation in force has them.

use crate::codec::{
    ClosedDay, HourlyPrice, decode_calendar, decode_daily_row, decode_day, decode_feature_set,
    decode_price, decode_target_row, decode_value,
};
use crate::daily_rows::{DailyRows, Places};
use crate::database::damaged;
use crate::derive;
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::{
    calendar_key, day_key, just_after, pool_day_key, price_key, row_bounds, row_key,
};
use crate::lookup::{Lookup, OwnedPair, Take};
use crate::meta::FEATURES_KEY;
use crate::scan::{Bounds, RawScan, Scan};
use crate::view::View;
use std::ops::Range;
use tidegauge_features::{
    DailyRow, FeatureSet, Horizon, PoolDay, PoolWindow, PriceKey, Status, SwapValue, TargetRow,
    Tile,
};
use tidegauge_model::{Address, BlockNumber, BlockRange, Day, Hour, LogIndex, PoolId, Swap};

impl Lookup for View<'_> {
    fn each(
        &self,
        family: Family,
        bounds: (Vec<u8>, Vec<u8>),
        take: Take<'_>,
    ) -> Result<(), StoreError> {
        let mut rows = self.raw(family, Bounds::between(bounds))?;
        while let Some(row) = rows.next_with(&mut *take) {
            row?;
        }
        Ok(())
    }

    fn last(
        &self,
        family: Family,
        bounds: (Vec<u8>, Vec<u8>),
    ) -> Result<Option<OwnedPair>, StoreError> {
        let rows = self.raw_iterator(family, Bounds::between(bounds))?;
        let mut rows = RawScan::descending(family, rows);
        rows.next_with(|key, value| Ok((key.to_vec(), value.to_vec())))
            .transpose()
    }
}

impl View<'_> {
    /// The last block that is folded into what is derived: the tip, but for the time of a
    /// rebuild, when all of it stays as it was when that began.
    pub fn derived_to(&self) -> Option<BlockNumber> {
        self.head().derived.to
    }

    /// Whether what is derived is being computed anew, beside what is in force.
    pub fn is_rebuilding(&self) -> bool {
        self.head().derived.rebuild.is_some()
    }

    /// What is before the start; `None` while no block was folded.
    pub fn horizon(&self) -> Option<Horizon> {
        self.head().derived.horizon
    }

    /// The first day of which every block is known.
    pub fn whole_from(&self) -> Option<Day> {
        self.horizon().map(Horizon::first_whole_day)
    }

    /// By which definitions and lists it was computed; `None` while nothing ever was.
    pub fn feature_set(&self) -> Result<Option<FeatureSet>, StoreError> {
        let Some(value) = self.get(Family::Meta, FEATURES_KEY)? else {
            return Ok(None);
        };
        let stored =
            decode_feature_set(&value).map_err(|e| damaged(Family::Meta, FEATURES_KEY, e))?;
        Ok(Some(stored.set))
    }

    /// Closed days, ascending.
    pub fn calendar(&self) -> Result<Scan<'_, ClosedDay>, StoreError> {
        self.scan(Family::Calendar, Bounds::all(), decode_calendar)
    }

    /// One closed day.
    pub fn closed_day(&self, day: Day) -> Result<Option<ClosedDay>, StoreError> {
        self.one(Family::Calendar, &calendar_key(day), decode_calendar)
    }

    /// The last closed day whose last block is final.
    pub fn last_final_day(&self) -> Result<Option<Day>, StoreError> {
        let Some(finalized) = self.finalized() else {
            return Ok(None);
        };
        let rows = self.raw_iterator(Family::Calendar, Bounds::all())?;
        for closed in Scan::new(RawScan::descending(Family::Calendar, rows), decode_calendar) {
            let closed = closed?;
            if closed.last_block <= finalized {
                return Ok(Some(closed.day));
            }
        }
        Ok(None)
    }

    /// How far a day can be relied on.
    pub fn status(&self, day: Day) -> Result<Status, StoreError> {
        Ok(match self.closed_day(day)? {
            Some(closed) if closed.whole => self.status_of(closed),
            _ => Status::Partial,
        })
    }

    fn status_of(&self, closed: ClosedDay) -> Status {
        if self.finalized().is_some_and(|f| closed.last_block <= f) {
            Status::Final
        } else {
            Status::Provisional
        }
    }

    /// Daily rows of whole days, both days included, by day and pool.
    pub fn daily_rows(
        &self,
        from: Day,
        to: Day,
        pool: Option<PoolId>,
    ) -> Result<impl Iterator<Item = Result<PoolDay, StoreError>>, StoreError> {
        let end = to.plus_days(1);
        let places: Places<'_> = match pool {
            Some(pool) => {
                let bounds = (
                    pool_day_key(pool, from).to_vec(),
                    just_after(&pool_day_key(pool, to)),
                );
                let rows =
                    self.scan(Family::Features, Bounds::between(bounds), decode_daily_row)?;
                Box::new(rows.map(|row| row.map(|(pool, day, _)| (day, pool))))
            }
            None => {
                let first = |day| day_key(day, PoolId(Address::ZERO)).to_vec();
                let bounds = Bounds::between((first(from), first(end)));
                Box::new(self.scan(Family::Days, bounds, decode_day)?)
            }
        };
        let last_final = self.last_final_day()?;
        let mut today: Option<ClosedDay> = None;
        let everything = || Bounds {
            lower: Some(Vec::new()),
            upper: None,
        };
        let rows = DailyRows::new(
            places,
            self.raw(Family::Features, everything())?,
            self.raw(Family::Targets, everything())?,
        );
        Ok(rows.filter_map(move |stored| {
            let found = stored.and_then(|(day, pool, row, targets)| {
                if today.is_none_or(|closed| closed.day != day) {
                    today = self.closed_day(day)?;
                }
                self.pool_day_of((pool, day), (row, targets), today, last_final)
            });
            found.transpose()
        }))
    }

    /// A pool's daily row; `None` if the day is not whole or the pool had no swap on it.
    pub fn pool_day(&self, pool: PoolId, day: Day) -> Result<Option<PoolDay>, StoreError> {
        let closed = self.closed_day(day)?;
        let stored = self.stored_row(pool, day)?;
        self.pool_day_of((pool, day), stored, closed, self.last_final_day()?)
    }

    fn pool_day_of(
        &self,
        (pool, day): (PoolId, Day),
        (row, targets): (Option<DailyRow>, Option<TargetRow>),
        closed: Option<ClosedDay>,
        last_final: Option<Day>,
    ) -> Result<Option<PoolDay>, StoreError> {
        let Some(row) = row else {
            return Ok(None);
        };
        let closed = closed.ok_or_else(|| {
            StoreError::Contradiction(format!("{day} has rows, but was never closed"))
        })?;
        let targets = match (targets, last_final) {
            (Some(targets), Some(last)) => targets.up_to(day, last),
            _ => TargetRow::default(),
        };
        Ok(Some(PoolDay {
            pool,
            day,
            row,
            targets,
            status: self.status_of(closed),
            as_of_block: closed.last_block,
        }))
    }

    /// A pool's row and what followed it, whatever is final of that.
    pub(crate) fn stored_row(
        &self,
        pool: PoolId,
        day: Day,
    ) -> Result<(Option<DailyRow>, Option<TargetRow>), StoreError> {
        let key = pool_day_key(pool, day);
        let row = self.one(Family::Features, &key, decode_daily_row)?;
        let targets = self.one(Family::Targets, &key, decode_target_row)?;
        Ok((row.map(|(.., row)| row), targets.map(|(.., row)| row)))
    }

    /// Pools with swaps on a day, whether it is whole or not.
    pub fn pools_on(&self, day: Day) -> Result<Vec<PoolId>, StoreError> {
        let first = |day| day_key(day, PoolId(Address::ZERO)).to_vec();
        let bounds = Bounds::between((first(day), first(day.plus_days(1))));
        self.scan(Family::Days, bounds, decode_day)?
            .map(|place| place.map(|(_, pool)| pool))
            .collect()
    }

    /// What a swap is worth; `None` where there is none, or none was computed yet.
    pub fn value(
        &self,
        pool: PoolId,
        block: BlockNumber,
        log_index: LogIndex,
    ) -> Result<Option<SwapValue>, StoreError> {
        let found = self.one(
            Family::Values,
            &row_key(pool, block, log_index),
            decode_value,
        )?;
        Ok(found.map(|(_, value)| value))
    }

    /// A pool's swaps in a range with their values, by block and log index; a value is `None`
    /// where none was computed yet.
    pub fn valued_swaps(
        &self,
        pool: PoolId,
        range: BlockRange,
    ) -> Result<impl Iterator<Item = Result<(Swap, Option<SwapValue>), StoreError>>, StoreError>
    {
        let bounds = || Bounds::between(row_bounds(pool, range));
        let mut values = self.scan(Family::Values, bounds(), decode_value)?;
        let mut ahead = values.next().transpose()?;
        Ok(self.swaps(pool, range)?.map(move |swap| {
            let swap = swap?;
            let place = (swap.pool, swap.block, swap.log_index);
            while ahead.is_some_and(|(at, _)| at < place) {
                ahead = values.next().transpose()?;
            }
            let value = ahead.filter(|(at, _)| *at == place).map(|(_, value)| value);
            Ok((swap, value))
        }))
    }

    /// A pool's tiles, ascending.
    pub fn tiles(&self, pool: PoolId, hours: Range<Hour>) -> Result<Vec<(Hour, Tile)>, StoreError> {
        derive::tiles_between(self, pool, hours)
    }

    /// The days before midnight at a day's end, as the pool's row needs them.
    pub fn pool_window(&self, pool: PoolId, day: Day) -> Result<PoolWindow<'static>, StoreError> {
        derive::pool_window(self, pool, day)
    }

    /// A price at the end of each hour in which it changed, ascending.
    pub fn prices(
        &self,
        kind: PriceKey,
        hours: Range<Hour>,
    ) -> Result<Scan<'_, HourlyPrice>, StoreError> {
        let bounds = (
            price_key(kind, hours.start).to_vec(),
            price_key(kind, hours.end.max(hours.start)).to_vec(),
        );
        self.scan(Family::Prices, Bounds::between(bounds), decode_price)
    }
}
