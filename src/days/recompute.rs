//! Rows from raw swaps on all cores: prices first, then pool by pool.

use crate::error::Error;
use crate::progress::Progress;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use tidegauge_features::{FeatureSet, Horizon, PoolInfo, PoolRecompute, Prices, Rows, Track};
use tidegauge_model::{BlockNumber, BlockRange, Day, LiquidityEvent, PoolId, Swap};
use tidegauge_storage::View;

/// Every block.
const ALL: BlockRange = BlockRange {
    from: BlockNumber(0),
    to: BlockNumber(u64::MAX),
};

/// What a recompute starts from.
pub(crate) struct Raw<'a> {
    pub(crate) view: &'a View<'a>,
    pub(crate) set: &'a FeatureSet,
    /// Every accepted pool: any may be what a price rests on.
    pub(crate) pools: &'a BTreeMap<PoolId, PoolInfo>,
    pub(crate) horizon: Horizon,
    pub(crate) last_closed: Option<Day>,
}

/// Rows of these pools, from their first swaps to the last closed day.
///
/// # Errors
/// What cannot be read, or what the fold finds wrong with it.
pub(crate) fn on_all_cores(raw: &Raw<'_>, wanted: &[PoolId]) -> Result<Rows, Error> {
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
    let tracks = each_on_all_cores(&needed, &progress, |pool| {
        let mut track = Track::new(pool);
        let swaps = each_event(raw.view, pool, |event| {
            match event {
                Event::Swap(swap) => track.swap(&swap),
                Event::Liquidity(event) => track.liquidity(&event),
            }
            Ok(())
        })?;
        Ok((track, swaps))
    })?;
    let prices = Prices::new(raw.set, raw.pools.values(), tracks);
    // The busiest first, so that no core is left with one of them at the end.
    let (mut order, rest): (Vec<_>, Vec<_>) = wanted
        .iter()
        .partition(|pool| needed.binary_search(pool).is_ok());
    order.extend(rest);
    let found = each_on_all_cores(&order, &progress, |pool| {
        let Some(info) = raw.pools.get(&pool) else {
            return Ok(((pool, Vec::new()), 0));
        };
        let mut fold =
            PoolRecompute::new(raw.set, &prices, info.clone(), raw.horizon, raw.last_closed);
        let swaps = each_event(raw.view, pool, |event| {
            match event {
                Event::Swap(swap) => drop(fold.swap(&swap)?),
                Event::Liquidity(event) => fold.liquidity(&event)?,
            }
            Ok(())
        })?;
        Ok(((pool, fold.finish()), swaps))
    })?;
    progress.into_inner().finish();
    let rows = found.into_iter().flat_map(|(pool, rows)| {
        rows.into_iter()
            .map(move |(day, row, targets)| ((day, pool), (row, targets)))
    });
    Ok(rows.collect())
}

/// Does a piece of work for each pool, as many at once as there are cores; each also says how
/// many swaps it read.
fn each_on_all_cores<T: Send>(
    pools: &[PoolId],
    progress: &Mutex<Progress>,
    work: impl Fn(PoolId) -> Result<(T, u64), Error> + Sync,
) -> Result<Vec<T>, Error> {
    let next = AtomicUsize::new(0);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let one_core = || {
        let mut done = Vec::new();
        while let Some(pool) = pools.get(next.fetch_add(1, Ordering::Relaxed)) {
            let worked = work(*pool);
            if worked.is_err() {
                // The others need not go on.
                next.store(pools.len(), Ordering::Relaxed);
            }
            let (result, swaps) = worked?;
            progress.lock().advance(1, swaps);
            done.push(result);
        }
        Ok(done)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores.min(pools.len()))
            .map(|_| scope.spawn(one_core))
            .collect();
        let mut all = Vec::with_capacity(pools.len());
        for thread in threads {
            let done: Result<Vec<T>, Error> = thread
                .join()
                .map_err(|_| Error::Failed("a thread of the recompute panicked".to_owned()))?;
            all.extend(done?);
        }
        Ok(all)
    })
}

enum Event {
    Swap(Swap),
    Liquidity(LiquidityEvent),
}

/// Hands over a pool's events in order; returns the number of swaps.
fn each_event(
    view: &View<'_>,
    pool: PoolId,
    mut take: impl FnMut(Event) -> Result<(), Error>,
) -> Result<u64, Error> {
    let mut liquidity = view.liquidity(pool, ALL)?;
    let mut next: Option<LiquidityEvent> = liquidity.next().transpose()?;
    let mut count = 0;
    for swap in view.swaps(pool, ALL)? {
        let swap = swap?;
        while let Some(event) =
            next.take_if(|event| (event.block, event.log_index) < (swap.block, swap.log_index))
        {
            take(Event::Liquidity(event))?;
            next = liquidity.next().transpose()?;
        }
        count += 1;
        take(Event::Swap(swap))?;
    }
    while let Some(event) = next {
        take(Event::Liquidity(event))?;
        next = liquidity.next().transpose()?;
    }
    Ok(count)
}
