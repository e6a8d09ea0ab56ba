//! What the walk is told: each pool's days, from its hours, on all cores.

use crate::error::Error;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicUsize, Ordering};
use tidegauge_features::{FeatureSet, PoolClass, PoolInfo, day_totals};
use tidegauge_model::{BlockNumber, Day, Hour, PoolId};
use tidegauge_predict::{Class, Observed};
use tidegauge_storage::View;

/// Pools that a thread takes at once: neighbours are read without a search.
const NEIGHBOURS: usize = 16;

/// Days with the pools that had a swap on them.
pub(super) type Days = BTreeMap<Day, Vec<Observed>>;

/// These days of all pools; classes are those of a day's last block.
pub(super) fn observe(
    view: &View<'_>,
    set: &FeatureSet,
    pools: &BTreeMap<PoolId, PoolInfo>,
    days: RangeInclusive<Day>,
    last_blocks: &BTreeMap<Day, BlockNumber>,
) -> Result<Days, Error> {
    let hours = days.start().first_hour()..Hour(days.end().first_hour().0.saturating_add(24));
    let infos: Vec<&PoolInfo> = pools.values().collect();
    let groups: Vec<_> = infos.chunks(NEIGHBOURS).collect();
    let next = AtomicUsize::new(0);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let one_core = || {
        let mut found = Vec::new();
        while let Some(group) = groups.get(next.fetch_add(1, Ordering::Relaxed)) {
            for info in *group {
                let tiles = view.tiles(info.pool.id, hours.clone())?;
                for (day, totals) in day_totals(tiles.iter().map(|(hour, tile)| (*hour, tile))) {
                    // A day that is not whole is not told of.
                    let Some(block) = last_blocks.get(&day) else {
                        continue;
                    };
                    let observed = Observed {
                        pool: info.pool.id,
                        class: class(set, info, *block)?,
                        tx_count: Some(totals.swaps),
                        volume: totals.volume,
                        fee_return: totals.fee_return,
                    };
                    found.push((day, observed));
                }
            }
        }
        Ok::<_, Error>(found)
    };
    let mut all = Days::new();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores.min(groups.len()))
            .map(|_| scope.spawn(one_core))
            .collect();
        for thread in threads {
            let found = thread.join().map_err(|_| {
                Error::Failed("a thread that reads for the forecasts panicked".to_owned())
            })?;
            for (day, observed) in found? {
                all.entry(day).or_default().push(observed);
            }
        }
        Ok(all)
    })
}

fn class(set: &FeatureSet, info: &PoolInfo, at: BlockNumber) -> Result<Class, Error> {
    let tokens = [info.pool.token0, info.pool.token1];
    let name = PoolClass::of(&set.lists, tokens, at).name();
    Class::of_name(name)
        .ok_or_else(|| Error::Failed(format!("`{name}` is no class that forecasts know")))
}
