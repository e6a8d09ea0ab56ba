//! Closing a day: its row in the calendar, the daily rows of its pools, and what followed
//! earlier ones.

use super::live::Live;
use super::pending::encoded;
use super::windows::{pool_window, tiles_between, window_of};
use crate::codec::{ClosedDay, encode_calendar, encode_daily_row, encode_target_row};
use crate::draft::{Before, Draft};
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::{calendar_key, day_key, parse_day_key, pool_day_key};
use crate::lookup::Lookup;
use std::collections::{BTreeMap, BTreeSet};
use tidegauge_features::{Horizon, PoolWindow, Tile, target_hours, target_row};
use tidegauge_model::{Address, BlockNumber, Day, Hour, PoolId};

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
    let mut due: BTreeMap<PoolId, Due> = BTreeMap::new();
    for pool in pools_of(draft, day)? {
        due.entry(pool).or_default().row = true;
    }
    for days in HORIZONS {
        let earlier = day.minus_days(days);
        if earlier >= horizon.first_whole_day() && earlier.plus_days(days) == day {
            for pool in pools_of(draft, earlier)? {
                due.entry(pool).or_default().targets.insert(earlier);
            }
        }
    }
    for (pool, due) in due {
        let (start, end) = PoolWindow::hours(day);
        let earliest = due.targets.first().map(|earlier| target_hours(*earlier).0);
        let start = match earliest {
            Some(earliest) if !due.row => earliest,
            _ => start,
        };
        // Once for all: the windows lie within each other.
        let tiles = tiles_between(draft, pool, start..end)?;
        for earlier in due.targets {
            put_targets_of(draft, pool, (earlier, day), &tiles)?;
        }
        if due.row {
            let window = window_of(draft, pool, day, tiles)?;
            put_row_of(draft, live, (pool, day), horizon, &window)?;
        }
    }
    Ok(())
}

/// What of a pool is computed when a day is closed.
#[derive(Default)]
struct Due {
    /// The day's row.
    row: bool,
    /// What followed these days.
    targets: BTreeSet<Day>,
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
    let window = pool_window(draft, pool, day)?;
    put_row_of(draft, live, (pool, day), horizon, &window)
}

fn put_row_of(
    draft: &mut Draft<'_>,
    live: &Live,
    (pool, day): (PoolId, Day),
    horizon: Horizon,
    window: &PoolWindow<'_>,
) -> Result<(), StoreError> {
    let row = live.fold.row(pool, horizon, window).ok_or_else(|| {
        StoreError::Contradiction(format!(
            "pool {pool} had swaps on {day}, but there is nothing to make its row of"
        ))
    })?;
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
    put_targets_of(draft, pool, (day, last_closed), &tiles)
}

/// The same from tiles, of which those of other hours do not count.
fn put_targets_of(
    draft: &mut Draft<'_>,
    pool: PoolId,
    (day, last_closed): (Day, Day),
    tiles: &[(Hour, Tile)],
) -> Result<(), StoreError> {
    let (start, end) = target_hours(day);
    let from = tiles.partition_point(|(hour, _)| *hour < start);
    let to = tiles.partition_point(|(hour, _)| *hour < end);
    let tiles = tiles[from..to].iter().map(|(hour, tile)| (*hour, tile));
    let row = target_row(day, last_closed, tiles);
    let key = pool_day_key(pool, day);
    let value = encoded(Family::Targets, &key, |out| encode_target_row(&row, out))?;
    draft.put_derived(Family::Targets, &key, value, Before::Unknown)
}
