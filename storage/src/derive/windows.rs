//! Tiles and users of a pool's window.

use crate::codec::{decode_tile, decode_user};
use crate::database::damaged;
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::{tile_key, user_key};
use crate::lookup::Lookup;
use std::collections::BTreeMap;
use tidegauge_features::{PoolWindow, Tile, UserCounts};
use tidegauge_model::{Address, Day, Hour, PoolId};

/// No fewer than most pools have in a window: tiles are large to be moved when there are more.
const TILES_OF_MOST: usize = 128;

/// The last tile of a pool in an hour before `end`; `None` if it has none.
pub(crate) fn last_tile(
    from: &impl Lookup,
    pool: PoolId,
    end: Hour,
) -> Result<Option<(Hour, Tile)>, StoreError> {
    let bounds = (
        tile_key(pool, Hour(0)).to_vec(),
        tile_key(pool, end).to_vec(),
    );
    let Some((key, value)) = from.last(Family::Tiles, bounds)? else {
        return Ok(None);
    };
    let (_, hour, tile) = decode_tile(&key, &value).map_err(|e| damaged(Family::Tiles, &key, e))?;
    Ok(Some((hour, tile)))
}

/// Whether a pool ever had an event.
pub(crate) fn has_tile(from: &impl Lookup, pool: PoolId) -> Result<bool, StoreError> {
    Ok(last_tile(from, pool, Hour(u32::MAX))?.is_some())
}

/// A pool's tiles from an hour on, up to before another, ascending.
pub(crate) fn tiles_between(
    from: &impl Lookup,
    pool: PoolId,
    hours: std::ops::Range<Hour>,
) -> Result<Vec<(Hour, Tile)>, StoreError> {
    if hours.is_empty() {
        return Ok(Vec::new());
    }
    let mut tiles = Vec::with_capacity(TILES_OF_MOST);
    let bounds = (
        tile_key(pool, hours.start).to_vec(),
        tile_key(pool, hours.end).to_vec(),
    );
    from.each(Family::Tiles, bounds, &mut |key, value| {
        let (_, hour, tile) = decode_tile(key, value)?;
        tiles.push((hour, tile));
        Ok(())
    })?;
    Ok(tiles)
}

/// Who swapped in an hour of a pool, and how often.
pub(crate) fn users_of(
    from: &impl Lookup,
    pool: PoolId,
    hour: Hour,
) -> Result<BTreeMap<Address, u32>, StoreError> {
    let mut users = BTreeMap::new();
    let bounds = (
        user_key(pool, hour, Address::ZERO).to_vec(),
        user_key(pool, hour.next(), Address::ZERO).to_vec(),
    );
    from.each(Family::Users, bounds, &mut |key, value| {
        let ((_, _, user), swaps) = decode_user(key, value)?;
        users.insert(user, swaps);
        Ok(())
    })?;
    Ok(users)
}

/// The days before midnight at a day's end, as its row needs them.
pub(crate) fn pool_window(
    from: &impl Lookup,
    pool: PoolId,
    day: Day,
) -> Result<PoolWindow<'static>, StoreError> {
    let (start, end) = PoolWindow::hours(day);
    let tiles = tiles_between(from, pool, start..end)?;
    window_of(from, pool, day, tiles)
}

/// The same, given the tiles of its hours.
pub(super) fn window_of(
    from: &impl Lookup,
    pool: PoolId,
    day: Day,
    tiles: Vec<(Hour, Tile)>,
) -> Result<PoolWindow<'static>, StoreError> {
    let (start, _) = PoolWindow::hours(day);
    let first = tiles.first().map(|(hour, _)| *hour);
    let before = if PoolWindow::asks_before(day, first) {
        last_tile(from, pool, start)?.map(|(_, tile)| tile)
    } else {
        None
    };
    let mut users = UserCounts::new(day.end());
    let (start, end) = UserCounts::hours(day);
    let bounds = (
        user_key(pool, start, Address::ZERO).to_vec(),
        user_key(pool, end, Address::ZERO).to_vec(),
    );
    from.each(Family::Users, bounds, &mut |key, value| {
        let ((_, hour, user), _) = decode_user(key, value)?;
        users.add(hour, user);
        Ok(())
    })?;
    Ok(PoolWindow::of_day(day, before, tiles, users))
}
