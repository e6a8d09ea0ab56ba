//! Daily rows and targets whose windows a repair reached.

use super::close::{HORIZONS, put_row, put_targets};
use super::live::{Live, last_closed};
use super::pending::encoded;
use super::windows::{last_tile, tiles_between};
use crate::codec::encode_day;
use crate::draft::Draft;
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::{day_key, just_after, parse_pool_day_key, pool_day_key};
use crate::lookup::Lookup;
use std::collections::{BTreeMap, BTreeSet};
use tidegauge_features::{HORIZON_DAYS, Horizon, PoolWindow, target_hours};
use tidegauge_model::{Day, Hour, PoolId};

/// What a repair reached.
#[derive(Default)]
pub(super) struct Reach {
    /// Days of pools whose rows were edited.
    pub(super) edited: BTreeSet<(PoolId, Day)>,
    /// Hours of pools whose tiles or users changed.
    tiles: BTreeMap<PoolId, BTreeSet<Hour>>,
}

impl Reach {
    pub(super) fn tile(&mut self, pool: PoolId, hour: Hour) {
        self.tiles.entry(pool).or_default().insert(hour);
    }
}

/// Computes again what rests on what a repair reached, of the days closed in final blocks.
pub(super) fn repair_rows(
    draft: &mut Draft<'_>,
    live: &Live,
    reach: &Reach,
) -> Result<(), StoreError> {
    let closed = last_closed(draft)?;
    for (pool, day) in &reach.edited {
        note_day(draft, *pool, *day)?;
    }
    let (Some(closed), Some(horizon)) = (closed, draft.horizon()) else {
        return Ok(());
    };
    for (pool, hours) in &reach.tiles {
        let edited = reach.edited.range((*pool, Day::of(Default::default()))..);
        let edited = edited
            .take_while(|(of, _)| of == pool)
            .map(|(_, day)| *day)
            .filter(|day| horizon.first_whole_day() <= *day && *day <= closed);
        let edited: BTreeSet<Day> = edited.collect();
        repair_pool(draft, live, *pool, hours, &edited, (horizon, closed))?;
    }
    Ok(())
}

/// Notes whether a pool has swaps on a day; without, its row and what followed it go.
fn note_day(draft: &mut Draft<'_>, pool: PoolId, day: Day) -> Result<(), StoreError> {
    let key = day_key(day, pool);
    let hours = day.first_hour()..day.plus_days(1).first_hour();
    let tiles = tiles_between(draft, pool, hours)?;
    let has_swaps = tiles.iter().any(|(_, tile)| tile.sums.swaps > 0);
    let value = if has_swaps {
        Some(encoded(Family::Days, &key, encode_day)?)
    } else {
        for family in [Family::Features, Family::Targets] {
            draft.rederive(family, &pool_day_key(pool, day), None)?;
        }
        None
    };
    draft.rederive(Family::Days, &key, value)
}

fn repair_pool(
    draft: &mut Draft<'_>,
    live: &Live,
    pool: PoolId,
    hours: &BTreeSet<Hour>,
    edited: &BTreeSet<Day>,
    (horizon, closed): (Horizon, Day),
) -> Result<(), StoreError> {
    let (Some(first), Some(last)) = (hours.first(), hours.last()) else {
        return Ok(());
    };
    let from = first.day().minus_days(HORIZON_DAYS);
    let mut days = edited.clone();
    let bounds = (
        pool_day_key(pool, from).to_vec(),
        just_after(&pool_day_key(pool, closed)),
    );
    draft.each(Family::Features, bounds, &mut |key, _| {
        days.insert(parse_pool_day_key(key)?.1);
        Ok(())
    })?;
    for day in days {
        let is_new = edited.contains(&day);
        if is_new && !has_day(draft, pool, day)? {
            continue;
        }
        let (start, end) = target_hours(day);
        let followed = hours.range(start..end).next().is_some();
        if (followed || is_new) && day.plus_days(HORIZONS[0]) <= closed {
            put_targets(draft, pool, day, closed)?;
        }
        let (start, end) = PoolWindow::hours(day);
        let mut reached = hours.range(start..end).next().is_some();
        if !reached && *first < start {
            // The last tile before the window, or one after it that is no more.
            let before = last_tile(draft, pool, start)?.map_or(Hour(0), |(hour, _)| hour);
            reached = hours.range(before..start).next().is_some();
            if !reached && before > *last {
                break;
            }
        }
        if reached {
            put_row(draft, live, pool, day, horizon)?;
        }
    }
    Ok(())
}

fn has_day(draft: &Draft<'_>, pool: PoolId, day: Day) -> Result<bool, StoreError> {
    Ok(draft.get(Family::Days, &day_key(day, pool))?.is_some())
}
