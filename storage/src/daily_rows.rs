//! Daily rows by day and pool, although they lie pool by pool.

use crate::codec::{decode_daily_row, decode_target_row};
use crate::database::damaged;
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::pool_day_key;
use crate::scan::{Decode, RawScan};
use std::ops::Range;
use tidegauge_features::{DailyRow, TargetRow};
use tidegauge_model::{Day, PoolId};

/// Rows that are read together, of about 350 bytes each: a pool's neighbouring days among them
/// cost one search, as many days as there are rows for.
const TOGETHER: usize = 65_536;

/// Pools' days, in the order of days and pools.
pub(crate) type Places<'v> = Box<dyn Iterator<Item = Result<(Day, PoolId), StoreError>> + 'v>;

/// A pool's day with what is stored of it.
pub(crate) type StoredDay = (Day, PoolId, Option<DailyRow>, Option<TargetRow>);

/// What is stored of pools' days.
pub(crate) struct DailyRows<'v> {
    places: Places<'v>,
    features: RawScan<'v>,
    targets: RawScan<'v>,
    bytes: Vec<u8>,
    found: std::vec::IntoIter<Found>,
}

/// Where the bytes of a pool's day are.
struct Found {
    day: Day,
    pool: PoolId,
    features: Option<Range<usize>>,
    targets: Option<Range<usize>>,
}

impl<'v> DailyRows<'v> {
    /// Of days and pools that come in their order.
    pub(crate) fn new(places: Places<'v>, features: RawScan<'v>, targets: RawScan<'v>) -> Self {
        Self {
            places,
            features,
            targets,
            bytes: Vec::new(),
            found: Vec::new().into_iter(),
        }
    }

    /// Reads the next rows, pool by pool.
    fn read(&mut self) -> Result<(), StoreError> {
        let places = self.places.by_ref().take(TOGETHER);
        let mut places = places.collect::<Result<Vec<_>, _>>()?;
        places.sort_unstable_by_key(|(day, pool)| (*pool, *day));
        self.bytes.clear();
        let mut found = Vec::with_capacity(places.len());
        for (day, pool) in places {
            let key = pool_day_key(pool, day);
            found.push(Found {
                day,
                pool,
                features: copy(&mut self.features, &key, &mut self.bytes)?,
                targets: copy(&mut self.targets, &key, &mut self.bytes)?,
            });
        }
        found.sort_unstable_by_key(|found| (found.day, found.pool));
        self.found = found.into_iter();
        Ok(())
    }

    fn decoded(&self, found: &Found) -> Result<StoredDay, StoreError> {
        let key = pool_day_key(found.pool, found.day);
        let row = self.record(Family::Features, &key, &found.features, decode_daily_row)?;
        let targets = self.record(Family::Targets, &key, &found.targets, decode_target_row)?;
        Ok((
            found.day,
            found.pool,
            row.map(|(.., row)| row),
            targets.map(|(.., row)| row),
        ))
    }

    fn record<T>(
        &self,
        family: Family,
        key: &[u8],
        place: &Option<Range<usize>>,
        decode: Decode<T>,
    ) -> Result<Option<T>, StoreError> {
        let bytes = place.clone().and_then(|place| self.bytes.get(place));
        bytes
            .map(|value| decode(key, value).map_err(|e| damaged(family, key, e)))
            .transpose()
    }
}

impl Iterator for DailyRows<'_> {
    type Item = Result<StoredDay, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.found.as_slice().is_empty()
            && let Err(error) = self.read()
        {
            // Nothing follows what cannot be read.
            self.places = Box::new(std::iter::empty());
            return Some(Err(error));
        }
        let found = self.found.next()?;
        Some(self.decoded(&found))
    }
}

/// Copies a key's value, which is searched for only where it is not the next one.
fn copy(
    rows: &mut RawScan<'_>,
    key: &[u8],
    out: &mut Vec<u8>,
) -> Result<Option<Range<usize>>, StoreError> {
    let is_here = |rows: &RawScan<'_>| {
        Ok::<_, StoreError>(rows.here()?.is_some_and(|(found, _)| found == key))
    };
    if !is_here(rows)? {
        rows.seek(key)?;
    }
    let Some((found, value)) = rows.here()? else {
        return Ok(None);
    };
    if found != key {
        return Ok(None);
    }
    let from = out.len();
    out.extend_from_slice(value);
    rows.step();
    Ok(Some(from..out.len()))
}
