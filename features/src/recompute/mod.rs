//! The same numbers from raw events in two passes: prices by block, then pool by pool, so that
//! pools can be computed side by side.

mod pool;
mod prices;
mod spots;
mod track;
mod users;

pub use pool::PoolRecompute;
pub use prices::Prices;
pub use track::Track;

use crate::fold::{Event, events};
use crate::history::History;
use crate::{DailyRow, FeatureError, TargetRow};
use std::collections::BTreeMap;
use tidegauge_model::{Day, PoolId};

/// Rows with their targets.
pub type Rows = BTreeMap<(Day, PoolId), (DailyRow, TargetRow)>;

/// Everything of a history in memory, by both passes.
///
/// # Errors
/// What the fold says.
pub fn recompute(history: &History) -> Result<Rows, FeatureError> {
    let pools = || history.pools.values();
    let needed = Prices::needed(&history.set, pools());
    let mut by_pool: BTreeMap<PoolId, Vec<Event<'_>>> = BTreeMap::new();
    for event in events(&history.swaps, &history.liquidity) {
        let pool = match &event {
            Event::Swap(swap) => swap.pool,
            Event::Liquidity(event) => event.pool,
        };
        by_pool.entry(pool).or_default().push(event);
    }
    let tracks = needed.iter().map(|pool| {
        let mut track = Track::new(*pool);
        for event in by_pool.get(pool).map_or(&[][..], Vec::as_slice) {
            match event {
                Event::Swap(swap) => track.swap(swap),
                Event::Liquidity(event) => track.liquidity(event),
            }
        }
        track
    });
    let prices = Prices::new(&history.set, pools(), tracks, 1);
    let horizon = history.covered.horizon();
    let last_closed = history.covered.last_whole_day();
    let mut rows = Rows::new();
    for (id, events) in &by_pool {
        let Some(info) = history.pools.get(id) else {
            continue;
        };
        let mut pool =
            PoolRecompute::new(&history.set, &prices, info.clone(), horizon, last_closed);
        for event in events {
            match event {
                Event::Swap(swap) => drop(pool.swap(swap)?),
                Event::Liquidity(event) => pool.liquidity(event)?,
            }
        }
        rows.extend(
            pool.finish()
                .map(|(day, row, targets)| ((day, *id), (row, targets))),
        );
    }
    Ok(rows)
}
