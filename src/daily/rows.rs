//! Whether a day's rows are what its hours give, computed once more on all cores; and how long that
//! takes.

use crate::days::{PoolBook, feature_set};
use crate::error::Error;
use crate::progress::group;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tidegauge_features::{
    DailyRow, FeatureSet, HORIZON_DAYS, Horizon, PoolInfo, TargetRow, row, target_hours, target_row,
};
use tidegauge_model::{Day, PoolId};
use tidegauge_storage::View;

/// After so many days a part of what follows a day is final.
const HORIZONS: [u32; 2] = [3, HORIZON_DAYS];

/// What was found of a day's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rows {
    /// Pools with a row.
    pub(super) pools: u64,
    /// Rows of targets that became final with the day.
    pub(super) targets: u64,
    /// Rows that are not what the hours give.
    pub(super) differ: u64,
    /// The first of them.
    pub(super) first: Option<String>,
    /// How long computing took.
    pub(super) took: Duration,
}

impl Rows {
    pub(super) fn said(&self) -> String {
        let all = format!(
            "{} rows and the targets of {} earlier ones, computed again in {:.2} s",
            group(self.pools),
            group(self.targets),
            self.took.as_secs_f64()
        );
        match &self.first {
            None => format!("{all}: the same"),
            Some(first) => format!("{all}: {} DIFFER, first {first}", group(self.differ)),
        }
    }
}

/// What does not change from pool to pool.
struct Asked<'v> {
    view: &'v View<'v>,
    set: FeatureSet,
    pools: BTreeMap<PoolId, PoolInfo>,
    horizon: Horizon,
    last_final: Day,
}

/// Computes the rows of a final day again, and the targets that became final with it.
pub(super) fn compare(view: &View<'_>, day: Day) -> Result<Rows, Error> {
    let begun = Instant::now();
    let underived = || Error::Failed(format!("nothing of {day} was computed yet"));
    let asked = Asked {
        view,
        set: feature_set(view)?,
        pools: PoolBook::read(view)?.infos(),
        horizon: view.horizon().ok_or_else(underived)?,
        last_final: view.last_final_day()?.ok_or_else(underived)?,
    };
    let mut due: Vec<(PoolId, Day)> = Vec::new();
    for pool in view.pools_on(day)? {
        due.push((pool, day));
    }
    let pools = due.len();
    let first_whole = asked.horizon.first_whole_day();
    for days in HORIZONS {
        let earlier = day.minus_days(days);
        if earlier >= first_whole && earlier.plus_days(days) == day {
            due.extend(
                view.pools_on(earlier)?
                    .into_iter()
                    .map(|pool| (pool, earlier)),
            );
        }
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let parts = due.chunks(due.len().div_ceil(cores).max(1));
    let differ = std::thread::scope(|scope| {
        let threads: Vec<_> = parts
            .map(|part| scope.spawn(|| differing(&asked, part, day)))
            .collect();
        let mut differ = Vec::new();
        for thread in threads {
            let found = thread.join().map_err(|_| {
                Error::Failed("a thread that computes rows again panicked".to_owned())
            })?;
            differ.extend(found?);
        }
        Ok::<_, Error>(differ)
    })?;
    Ok(Rows {
        pools: pools as u64,
        targets: (due.len() - pools) as u64,
        differ: differ.len() as u64,
        first: differ.first().map(|(pool, day)| format!("{pool} on {day}")),
        took: begun.elapsed(),
    })
}

fn differing(
    asked: &Asked<'_>,
    due: &[(PoolId, Day)],
    day: Day,
) -> Result<Vec<(PoolId, Day)>, Error> {
    let mut differ = Vec::new();
    for (pool, of) in due {
        let stored = asked.view.pool_day(*pool, *of)?;
        let is_same = if *of == day {
            stored.map(|stored| stored.row) == computed(asked, *pool, *of)?
        } else {
            stored.map(|stored| stored.targets) == Some(followed(asked, *pool, *of)?)
        };
        if !is_same {
            differ.push((*pool, *of));
        }
    }
    Ok(differ)
}

fn computed(asked: &Asked<'_>, pool: PoolId, day: Day) -> Result<Option<DailyRow>, Error> {
    let Some(info) = asked.pools.get(&pool) else {
        return Ok(None);
    };
    let window = asked.view.pool_window(pool, day)?;
    Ok(row(&asked.set, info, asked.horizon, &window))
}

fn followed(asked: &Asked<'_>, pool: PoolId, day: Day) -> Result<TargetRow, Error> {
    let (from, to) = target_hours(day);
    let tiles = asked.view.tiles(pool, from..to)?;
    let tiles = tiles.iter().map(|(hour, tile)| (*hour, tile));
    Ok(target_row(day, asked.last_final, tiles))
}
