//! A pool's features as of the tip, with its last daily row beside them.

use crate::error::Error;
use serde::ser::{Error as _, SerializeMap};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use tidegauge_features::{Cell, Column, Fingerprint, PoolDay, ROW_COLUMNS, Status, TARGET_COLUMNS};
use tidegauge_model::{BlockRef, Day, PoolId, SECONDS_PER_DAY, UnixSeconds};
use tidegauge_storage::{LiveRows, View};

/// Days looked back for the last daily row.
const LOOK_BACK_DAYS: u32 = 30;

/// What is known of a pool now.
#[derive(Serialize)]
pub(super) struct FeaturesNow {
    pool_address: PoolId,
    /// The block that the features are as of.
    as_of: BlockRef,
    /// The moment before which everything counts: the tip's timestamp and a second.
    at: UnixSeconds,
    /// Seconds from there to now.
    staleness_s: Option<u64>,
    /// Whether the 24 hours before lie in what was collected.
    covered_24h: bool,
    features: Cells,
    last_day: Option<LastDay>,
}

#[derive(Serialize)]
struct LastDay {
    date: Day,
    status: Status,
    as_of_block: u64,
    features: Cells,
    targets: Cells,
}

/// Values by column.
struct Cells(Vec<(&'static Column, Cell)>);

impl Cells {
    fn of(columns: &'static [Column], cells: impl Iterator<Item = Cell>) -> Self {
        Self(columns.iter().zip(cells).collect())
    }
}

impl Serialize for Cells {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut map = s.serialize_map(Some(self.0.len()))?;
        for (column, cell) in &self.0 {
            let name = column.name;
            match *cell {
                Cell::Null => map.serialize_entry(name, &())?,
                Cell::Int(value) if name == "feature_set" => {
                    map.serialize_entry(name, &Fingerprint(value as u64).to_string())?;
                }
                Cell::Int(value) => map.serialize_entry(name, &value)?,
                Cell::Float(value) => map.serialize_entry(name, &value)?,
                // A number with all its digits.
                Cell::Usd(value) => {
                    let exact = RawValue::from_string(value.to_string());
                    map.serialize_entry(name, &exact.map_err(S::Error::custom)?)?;
                }
                Cell::Bool(value) => map.serialize_entry(name, &value)?,
                Cell::Word(value) => map.serialize_entry(name, value)?,
            }
        }
        map.end()
    }
}

impl FeaturesNow {
    /// Of a pool at the tip; `None` if it had no swap, or nothing is derived yet.
    pub(super) fn of(
        view: &View<'_>,
        rows: &LiveRows,
        pool: PoolId,
        now: UnixSeconds,
    ) -> Result<Option<Self>, Error> {
        let Some((as_of, time)) = derived_tip(view)? else {
            return Ok(None);
        };
        let at = UnixSeconds(time.0.saturating_add(1));
        let Some(row) = rows.row_at(view, pool, at)? else {
            return Ok(None);
        };
        let after = view.horizon().and_then(|horizon| horizon.after);
        let start = at.0.saturating_sub(SECONDS_PER_DAY);
        Ok(Some(Self {
            pool_address: pool,
            as_of,
            at,
            staleness_s: now.0.checked_sub(at.0),
            covered_24h: after.is_none_or(|after| after.0 < start),
            features: Cells::of(ROW_COLUMNS, row.cells()),
            last_day: last_day(view, pool, Day::of(time))?,
        }))
    }
}

/// The last block that is derived and has a time, which is the tip but for a rebuild.
fn derived_tip(view: &View<'_>) -> Result<Option<(BlockRef, UnixSeconds)>, Error> {
    let Some(to) = view.derived_to() else {
        return Ok(None);
    };
    let block = view.blocks_back_from(to)?.next().transpose()?;
    Ok(block.map(|(number, record)| {
        let hash = record.hash;
        (BlockRef { number, hash }, record.timestamp)
    }))
}

fn last_day(view: &View<'_>, pool: PoolId, tip: Day) -> Result<Option<LastDay>, Error> {
    let rows = view.daily_rows(tip.minus_days(LOOK_BACK_DAYS), tip, Some(pool))?;
    let last = rows.last().transpose()?;
    Ok(last.map(|found: PoolDay| LastDay {
        date: found.day,
        status: found.status,
        as_of_block: found.as_of_block.0,
        features: Cells::of(ROW_COLUMNS, found.row.cells()),
        targets: Cells::of(TARGET_COLUMNS, found.targets.cells()),
    }))
}
