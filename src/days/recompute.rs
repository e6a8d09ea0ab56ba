//! Rows from raw swaps on all cores: prices first, then pool by pool.

use super::packed::{PackedPool, PackedRows};
use crate::error::Error;
use crate::progress::Progress;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use tidegauge_features::{FeatureSet, Horizon, PoolInfo, PoolRecompute, Prices, Track};
use tidegauge_model::{Day, PoolId};
use tidegauge_storage::{PoolEvent, PoolRows, View};

/// Pools that a thread takes at once: neighbours are read without a search.
const NEIGHBOURS: usize = 16;

/// What a recompute starts from.
pub(super) struct Raw<'a> {
    pub(super) view: &'a View<'a>,
    pub(super) set: &'a FeatureSet,
    /// Every accepted pool: any may be what a price rests on.
    pub(super) pools: &'a BTreeMap<PoolId, PoolInfo>,
    pub(super) horizon: Horizon,
    pub(super) last_closed: Option<Day>,
}

/// Rows of these pools, of the wanted among the days up to the last closed one.
///
/// # Errors
/// What cannot be read, or what the fold finds wrong with it.
pub(super) fn on_all_cores(
    raw: &Raw<'_>,
    wanted: &[PoolId],
    is_wanted: impl Fn(Day) -> bool + Sync,
) -> Result<PackedRows, Error> {
    let needed: Vec<_> = Prices::needed(raw.set, raw.pools.values())
        .into_iter()
        .collect();
    let progress = Progress::begin(
        "recompute",
        "pools",
        "swaps",
        (needed.len() + wanted.len()) as u64,
    );
    let progress = Mutex::new(progress);
    let one_by_one = needed.chunks(1).collect();
    let tracks = each_on_all_cores(raw.view, one_by_one, &progress, |rows, pool| {
        let mut track = Track::new(pool);
        let swaps = rows.each(pool, |event| {
            match event {
                PoolEvent::Swap(swap) => track.swap(swap),
                PoolEvent::Liquidity(event) => track.liquidity(event),
            }
            Ok::<_, Error>(())
        })?;
        Ok((track, swaps))
    })?;
    let prices = Prices::new(raw.set, raw.pools.values(), tracks, cores());
    // The busiest first, so that no core is left with one of them at the end.
    let (busiest, rest): (Vec<_>, Vec<_>) = wanted
        .iter()
        .partition(|pool| needed.binary_search(pool).is_ok());
    let order = busiest.chunks(1).chain(rest.chunks(NEIGHBOURS)).collect();
    let computed = Mutex::new(PackedRows::new());
    each_on_all_cores(raw.view, order, &progress, |rows, pool| {
        let Some(info) = raw.pools.get(&pool) else {
            return Ok(((), 0));
        };
        let mut fold =
            PoolRecompute::new(raw.set, &prices, info.clone(), raw.horizon, raw.last_closed);
        let swaps = rows.each(pool, |event| {
            match event {
                PoolEvent::Swap(swap) => drop(fold.swap(swap)?),
                PoolEvent::Liquidity(event) => fold.liquidity(event)?,
            }
            Ok::<_, Error>(())
        })?;
        let rows = fold.finish().filter(|(day, ..)| is_wanted(*day));
        let packed = PackedPool::new(pool, rows)?;
        computed.lock().add(packed)?;
        Ok(((), swaps))
    })?;
    progress.into_inner().finish();
    Ok(computed.into_inner())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Does a piece of work for each pool, on all cores; it is given the pool's rows, and also says
/// how many swaps it read.
fn each_on_all_cores<T: Send>(
    view: &View<'_>,
    groups: Vec<&[PoolId]>,
    progress: &Mutex<Progress>,
    work: impl Fn(&mut PoolRows<'_>, PoolId) -> Result<(T, u64), Error> + Sync,
) -> Result<Vec<T>, Error> {
    let next = AtomicUsize::new(0);
    let group = |rows: &mut PoolRows<'_>, pools: &[PoolId], done: &mut Vec<T>| {
        let mut read = 0;
        for pool in pools {
            let (result, swaps) = work(rows, *pool)?;
            read += swaps;
            done.push(result);
        }
        progress.lock().advance(pools.len() as u64, read);
        Ok::<_, Error>(())
    };
    let one_core = || {
        let mut done = Vec::new();
        let mut rows = view.pool_rows()?;
        while let Some(pools) = groups.get(next.fetch_add(1, Ordering::Relaxed)) {
            let worked = group(&mut rows, pools, &mut done);
            if worked.is_err() {
                // The others need not go on.
                next.store(groups.len(), Ordering::Relaxed);
            }
            worked?;
        }
        Ok(done)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores().min(groups.len()))
            .map(|_| scope.spawn(one_core))
            .collect();
        let mut all = Vec::new();
        for thread in threads {
            let done: Result<Vec<T>, Error> = thread
                .join()
                .map_err(|_| Error::Failed("a thread of the recompute panicked".to_owned()))?;
            all.extend(done?);
        }
        Ok(all)
    })
}
