//! What folded blocks give, gathered and then written in key order.

use super::live::Live;
use crate::codec::{decode_user, encode_day, encode_price, encode_tile, encode_user, encode_value};
use crate::codec_error::CodecError;
use crate::database::damaged;
use crate::draft::{Before, Draft};
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::{RowKey, day_key, price_key, row_key, tile_key, user_key};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tidegauge_features::{PriceKey, PriceRecord, SwapValue, Tile};
use tidegauge_model::{Address, BlockData, Day, Hour, PoolId};

/// About what each takes in a batch, key and value.
const VALUE_BYTES: usize = 70;
const TILE_BYTES: usize = 300;
const USER_BYTES: usize = 60;

/// What some blocks give.
#[derive(Default)]
pub(super) struct Pending {
    pub(super) values: Vec<(RowKey, SwapValue)>,
    pub(super) tiles: HashMap<(PoolId, Hour), Tile>,
    /// Swaps to be added to what is stored.
    pub(super) users: HashMap<(PoolId, Hour, Address), u32>,
    pub(super) prices: BTreeMap<(PriceKey, Hour), PriceRecord>,
    pub(super) days: BTreeSet<(Day, PoolId)>,
    /// The last hour of each pool before these blocks: later ones are not stored yet.
    last_hours: HashMap<PoolId, Option<Hour>>,
}

impl Pending {
    /// Folds the next block.
    pub(super) fn fold(&mut self, live: &mut Live, block: &BlockData) -> Result<(), StoreError> {
        let swaps = block.swaps.iter().map(|s| s.pool);
        for pool in swaps.chain(block.liquidity.iter().map(|e| e.pool)) {
            self.last_hours
                .entry(pool)
                .or_insert_with(|| live.fold.tile(pool).map(|(hour, _)| hour));
        }
        live.touch();
        let folded = live.fold.block(block)?;
        let day = Day::of(block.timestamp);
        for (pool, log_index, value) in folded.values {
            self.values
                .push((row_key(pool, block.number, log_index), value));
            self.days.insert((day, pool));
        }
        for pool in folded.touched {
            if let Some((hour, tile)) = live.fold.tile(pool) {
                self.tiles.insert((pool, hour), tile.clone());
            }
        }
        for (pool, hour, user, swaps) in folded.users {
            *self.users.entry((pool, hour, user)).or_default() += swaps;
        }
        for (kind, hour, record) in folded.prices {
            self.prices.insert((kind, hour), record);
        }
        Ok(())
    }

    /// About what it adds to a batch.
    pub(super) fn bytes(&self) -> usize {
        VALUE_BYTES * self.values.len()
            + TILE_BYTES * self.tiles.len()
            + USER_BYTES * self.users.len()
    }

    /// Writes it all; nothing is left.
    pub(super) fn write(&mut self, draft: &mut Draft<'_>) -> Result<(), StoreError> {
        self.write_values(draft)?;
        let mut tiles: Vec<_> = self.tiles.drain().collect();
        tiles.sort_unstable_by_key(|(place, _)| *place);
        for ((pool, hour), tile) in tiles {
            let key = tile_key(pool, hour);
            let value = encoded(Family::Tiles, &key, |out| encode_tile(&tile, out))?;
            let before = if self.is_new(pool, hour) {
                Before::Absent
            } else {
                Before::Unknown
            };
            draft.put_derived(Family::Tiles, &key, value, before)?;
        }
        let mut users: Vec<_> = self.users.drain().collect();
        users.sort_unstable_by_key(|(place, _)| *place);
        for ((pool, hour, user), swaps) in users {
            let key = user_key(pool, hour, user);
            let mut before = Before::Absent;
            let mut all = swaps;
            if !self.is_new(pool, hour)
                && let Some(value) = draft.get(Family::Users, &key)?
            {
                let (_, stored) =
                    decode_user(&key, &value).map_err(|e| damaged(Family::Users, &key, e))?;
                all = all.saturating_add(stored);
                before = Before::Is(value);
            }
            let value = encoded(Family::Users, &key, |out| encode_user(all, out))?;
            draft.put_derived(Family::Users, &key, value, before)?;
        }
        for ((kind, hour), record) in std::mem::take(&mut self.prices) {
            let key = price_key(kind, hour);
            let value = encoded(Family::Prices, &key, |out| encode_price(&record, out))?;
            draft.put_derived(Family::Prices, &key, value, Before::Unknown)?;
        }
        for (day, pool) in std::mem::take(&mut self.days) {
            let key = day_key(day, pool);
            let value = encoded(Family::Days, &key, encode_day)?;
            draft.put_derived(Family::Days, &key, value, Before::Unknown)?;
        }
        self.last_hours.clear();
        Ok(())
    }

    fn write_values(&mut self, draft: &mut Draft<'_>) -> Result<(), StoreError> {
        self.values.sort_unstable_by_key(|(key, _)| *key);
        let mut out = Vec::new();
        for (key, value) in self.values.drain(..) {
            out.clear();
            encode_value(&value, &mut out).map_err(|e| damaged(Family::Values, &key, e))?;
            draft.put_fresh(Family::Values, &key, &out);
        }
        Ok(())
    }

    /// Whether nothing can be stored of a pool's hour.
    fn is_new(&self, pool: PoolId, hour: Hour) -> bool {
        let last = self.last_hours.get(&pool).copied();
        last.is_some_and(|last| last.is_none_or(|last| last < hour))
    }
}

/// A value in bytes.
pub(super) fn encoded(
    family: Family,
    key: &[u8],
    encode: impl FnOnce(&mut Vec<u8>) -> Result<(), CodecError>,
) -> Result<Vec<u8>, StoreError> {
    let mut out = Vec::new();
    encode(&mut out).map_err(|e| damaged(family, key, e))?;
    Ok(out)
}
