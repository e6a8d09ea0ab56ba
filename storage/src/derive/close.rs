//! Closing a day: its row in the calendar, the daily rows of its pools, and what followed
//! earlier ones.

use super::live::Live;
use super::pending::encoded;
use super::windows::{pool_window, tiles_between};
use crate::codec::{ClosedDay, encode_calendar, encode_daily_row, encode_target_row};
use crate::draft::{Before, Draft};
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::{calendar_key, day_key, parse_day_key, pool_day_key};
use crate::lookup::Lookup;
use tidegauge_features::{Horizon, target_hours, target_row};
use tidegauge_model::{Address, BlockNumber, Day, PoolId};

/// After so many days a part of the targets is complete.
pub(super) const HORIZONS: [u32; 2] = [3, 7];

/// Closes the open day.
pub(super) fn close(
    draft: &mut Draft<'_>,
    live: &mut Live,
    day: Day,
    last_block: BlockNumber,
) -> Result<(), StoreError> {
    live.touch();
    live.open_day = Some(day.plus_days(1));
    let horizon = draft.horizon().filter(|h| h.first_whole_day() <= day);
    let closed = ClosedDay {
        day,
        last_block,
        whole: horizon.is_some(),
    };
    let key = calendar_key(day);
    let value = encoded(Family::Calendar, &key, |out| encode_calendar(&closed, out))?;
    draft.put_derived(Family::Calendar, &key, value, Before::Unknown)?;
    let Some(horizon) = horizon else {
        return Ok(());
    };
    for pool in pools_of(draft, day)? {
        put_row(draft, live, pool, day, horizon)?;
    }
    for days in HORIZONS {
        let earlier = day.minus_days(days);
        if earlier >= horizon.first_whole_day() && earlier.plus_days(days) == day {
            for pool in pools_of(draft, earlier)? {
                put_targets(draft, pool, earlier, day)?;
            }
        }
    }
    Ok(())
}

/// Pools with swaps on a day.
fn pools_of(draft: &Draft<'_>, day: Day) -> Result<Vec<PoolId>, StoreError> {
    let first = |day| day_key(day, PoolId(Address::ZERO)).to_vec();
    let mut pools = Vec::new();
    let bounds = (first(day), first(day.plus_days(1)));
    draft.each(Family::Days, bounds, &mut |key, _| {
        pools.push(parse_day_key(key)?.1);
        Ok(())
    })?;
    Ok(pools)
}

/// Computes and puts a daily row.
pub(super) fn put_row(
    draft: &mut Draft<'_>,
    live: &Live,
    pool: PoolId,
    day: Day,
    horizon: Horizon,
) -> Result<(), StoreError> {
    let unknown = || {
        StoreError::Contradiction(format!(
            "pool {pool} had swaps on {day}, but there is nothing to make its row of"
        ))
    };
    let window = pool_window(draft, pool, day)?;
    let row = live.fold.row(pool, horizon, &window).ok_or_else(unknown)?;
    let key = pool_day_key(pool, day);
    let value = encoded(Family::Features, &key, |out| encode_daily_row(&row, out))?;
    draft.put_derived(Family::Features, &key, value, Before::Unknown)
}

/// Computes and puts what followed a daily row, as of a later day's end.
pub(super) fn put_targets(
    draft: &mut Draft<'_>,
    pool: PoolId,
    day: Day,
    last_closed: Day,
) -> Result<(), StoreError> {
    let (start, end) = target_hours(day);
    let end = end.min(last_closed.plus_days(1).first_hour());
    let tiles = tiles_between(draft, pool, start..end)?;
    let tiles = tiles.iter().map(|(hour, tile)| (*hour, tile));
    let row = target_row(day, last_closed, tiles);
    let key = pool_day_key(pool, day);
    let value = encoded(Family::Targets, &key, |out| encode_target_row(&row, out))?;
    draft.put_derived(Family::Targets, &key, value, Before::Unknown)
}
