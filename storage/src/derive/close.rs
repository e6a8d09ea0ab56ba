//! Closing a day: its row in the calendar, the daily rows of its pools, and what followed
//! earlier ones.

use super::live::Live;
use super::pending::encoded;
use super::windows::{pool_window, tiles_between, window_of};
use crate::codec::{ClosedDay, encode_calendar, encode_daily_row, encode_target_row};
use crate::draft::{Before, Draft, Walk};
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::{POOL_AND_BYTES, calendar_key, day_key, parse_day_key, pool_day_key};
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
    let due: Vec<_> = due.into_iter().collect();
    let sight = draft.sight();
    let made = on_all_cores(&due, |due| {
        let walk = Walk::over(sight);
        let rows = due
            .iter()
            .map(|(pool, due)| due.rows(&walk, live, *pool, (day, horizon)));
        rows.collect()
    })?;
    for made in made.into_iter().flatten() {
        put(draft, made)?;
    }
    Ok(())
}

/// A row of the batch.
struct Made {
    family: Family,
    key: [u8; POOL_AND_BYTES],
    value: Vec<u8>,
}

/// Pools that are worth a thread of their own.
const POOLS_OF_A_THREAD: usize = 128;

/// Threads at most: the store's files are read by all of them.
const MOST_THREADS: usize = 8;

/// What a function makes of parts, in their order: reading takes most of the time, and cores read
/// beside each other.
fn on_all_cores<T: Sync, R: Send>(
    of: &[T],
    make: impl Fn(&[T]) -> Result<Vec<R>, StoreError> + Sync,
) -> Result<Vec<R>, StoreError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = (of.len() / POOLS_OF_A_THREAD).clamp(1, cores.min(MOST_THREADS));
    if threads == 1 {
        return make(of);
    }
    std::thread::scope(|scope| {
        let parts = of.chunks(of.len().div_ceil(threads));
        let make = &make;
        let running: Vec<_> = parts.map(|part| scope.spawn(move || make(part))).collect();
        let mut all = Vec::with_capacity(of.len());
        for part in running {
            match part.join() {
                Ok(made) => all.extend(made?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(all)
    })
}

/// What of a pool is computed when a day is closed.
#[derive(Default)]
struct Due {
    /// The day's row.
    row: bool,
    /// What followed these days.
    targets: BTreeSet<Day>,
}

impl Due {
    /// A pool's rows of all that is due.
    fn rows(
        &self,
        from: &impl Lookup,
        live: &Live,
        pool: PoolId,
        (day, horizon): (Day, Horizon),
    ) -> Result<Vec<Made>, StoreError> {
        let (start, end) = PoolWindow::hours(day);
        let earliest = self.targets.first().map(|day| target_hours(*day).0);
        let start = match earliest {
            Some(earliest) if !self.row => earliest,
            _ => start,
        };
        // Once for all: the windows lie within each other.
        let tiles = tiles_between(from, pool, start..end)?;
        let targets = self.targets.iter();
        let mut made = targets
            .map(|earlier| targets_of(pool, (*earlier, day), &tiles))
            .collect::<Result<Vec<_>, _>>()?;
        if self.row {
            let window = window_of(from, pool, day, tiles)?;
            made.push(row_of(live, (pool, day), horizon, &window)?);
        }
        Ok(made)
    }
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
    put(draft, row_of(live, (pool, day), horizon, &window)?)
}

fn put(draft: &mut Draft<'_>, made: Made) -> Result<(), StoreError> {
    draft.put_derived(made.family, &made.key, made.value, Before::Unknown)
}

fn row_of(
    live: &Live,
    (pool, day): (PoolId, Day),
    horizon: Horizon,
    window: &PoolWindow<'_>,
) -> Result<Made, StoreError> {
    let row = live.fold.row(pool, horizon, window).ok_or_else(|| {
        StoreError::Contradiction(format!(
            "pool {pool} had swaps on {day}, but there is nothing to make its row of"
        ))
    })?;
    let key = pool_day_key(pool, day);
    let value = encoded(Family::Features, &key, |out| encode_daily_row(&row, out))?;
    Ok(Made {
        family: Family::Features,
        key,
        value,
    })
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
    put(draft, targets_of(pool, (day, last_closed), &tiles)?)
}

/// The same from tiles, of which those of other hours do not count.
fn targets_of(
    pool: PoolId,
    (day, last_closed): (Day, Day),
    tiles: &[(Hour, Tile)],
) -> Result<Made, StoreError> {
    let (start, end) = target_hours(day);
    let from = tiles.partition_point(|(hour, _)| *hour < start);
    let to = tiles.partition_point(|(hour, _)| *hour < end);
    let tiles = tiles[from..to].iter().map(|(hour, tile)| (*hour, tile));
    let row = target_row(day, last_closed, tiles);
    let key = pool_day_key(pool, day);
    let value = encoded(Family::Targets, &key, |out| encode_target_row(&row, out))?;
    Ok(Made {
        family: Family::Targets,
        key,
        value,
    })
}
