//! Everything once more, in the most naive way: raw events in, rows out.
//!
//! A second implementation of docs/numbers.md, for nothing but to hold the fold to it. It shares
//! no arithmetic with the fold, keeps no state from one row to the next, and counts with integers
//! of any size: each column is computed straight from its definition over the swaps of its window.
//! The one thing worked out ahead is the state of each pool after each of its events.

mod exact;
mod figures;
mod life;
mod moment;
mod path;
mod prices;
mod row;
mod states;
mod targets;
mod values;
mod window;

use crate::{DailyRow, History, SwapValue, TargetRow};
use life::Observed;
use states::States;
use std::collections::BTreeMap;
use tidegauge_model::{Day, PoolId, UnixSeconds};

/// Every row of every whole day, with its targets as far as their whole horizon lies before
/// `history.covered.until`.
pub fn days(history: &History) -> BTreeMap<(Day, PoolId), (DailyRow, TargetRow)> {
    let states = States::of(history);
    let mut rows = BTreeMap::new();
    for pool in history.pools.keys() {
        let Some(observed) = Observed::of(history, &states, *pool) else {
            continue;
        };
        for day in observed.whole_days_with_a_swap() {
            if let Some(row) = row::row(&observed, day.end()) {
                rows.insert((day, *pool), (row, targets::targets(&observed, day)));
            }
        }
    }
    rows
}

/// The row of a pool at any moment: its days are the 24 hours before, the 24 before these, and
/// so on; events from that moment on do not count. `None` if it has had no swap before.
pub fn row_at(history: &History, pool: PoolId, at: UnixSeconds) -> Option<DailyRow> {
    let states = States::of(history);
    row::row(&Observed::of(history, &states, pool)?, at)
}

/// The value of each swap, in the order of `history.swaps`. A swap of a pool that is not known is
/// worth nothing that could be said.
pub fn values(history: &History) -> Vec<SwapValue> {
    let states = States::of(history);
    (0..history.swaps.len())
        .map(|n| values::value(history, &states, n).unwrap_or_default())
        .collect()
}
