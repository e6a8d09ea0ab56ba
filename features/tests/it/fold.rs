//! The fold and the recompute against the oracle: every cell, bit for bit, on random chains.

use crate::chains::history;
use crate::kept::kept;
use proptest::prelude::*;
use std::collections::BTreeSet;
use tidegauge_features::{
    Cell, Column, DailyRow, History, ROW_COLUMNS, Rows, TARGET_COLUMNS, oracle, recompute,
};
use tidegauge_model::{SECONDS_PER_DAY, UnixSeconds};

/// The columns in which two rows differ, with both cells; floats by their bits.
fn differences(
    columns: &'static [Column],
    ours: impl Iterator<Item = Cell>,
    oracles: impl Iterator<Item = Cell>,
) -> Vec<(&'static str, Cell, Cell)> {
    let differ = |a: &Cell, b: &Cell| match (a, b) {
        (Cell::Float(a), Cell::Float(b)) => a.to_bits() != b.to_bits(),
        _ => a != b,
    };
    let cells = columns.iter().zip(ours.zip(oracles));
    cells
        .filter(|(_, (a, b))| differ(a, b))
        .map(|(column, (a, b))| (column.name, a, b))
        .collect()
}

fn row_differences(
    ours: Option<&DailyRow>,
    oracles: Option<&DailyRow>,
) -> Vec<(&'static str, Cell, Cell)> {
    match (ours, oracles) {
        (Some(ours), Some(oracles)) => differences(ROW_COLUMNS, ours.cells(), oracles.cells()),
        (None, None) => Vec::new(),
        (ours, oracles) => {
            let is_there = |row: Option<_>| Cell::Bool(row.is_some());
            vec![("the row itself", is_there(ours), is_there(oracles))]
        }
    }
}

/// The differences of the first row that has any.
fn rows_differences(ours: &Rows, oracles: &Rows) -> Vec<String> {
    let keys: BTreeSet<_> = ours.keys().chain(oracles.keys()).collect();
    let differ = keys.into_iter().find_map(|key| {
        let (ours, oracles) = (ours.get(key), oracles.get(key));
        let mut found = row_differences(ours.map(|(row, _)| row), oracles.map(|(row, _)| row));
        if let (Some((_, ours)), Some((_, oracles))) = (ours, oracles) {
            found.extend(differences(TARGET_COLUMNS, ours.cells(), oracles.cells()));
        }
        (!found.is_empty()).then(|| {
            let (day, pool) = key;
            let lines = found
                .iter()
                .map(|(column, a, b)| format!("{day} {pool} {column}: {a:?} is not {b:?}"));
            lines.collect()
        })
    });
    differ.unwrap_or_default()
}

/// Moments around which something happens, and a few at random.
fn moments(history: &History, shares: &[u64]) -> BTreeSet<UnixSeconds> {
    let mut moments = BTreeSet::new();
    for share in shares {
        let n = *share as usize % history.swaps.len().max(1);
        let Some(swap) = history.swaps.get(n) else {
            break;
        };
        let at = swap.timestamp.0;
        let later = at + share % (10 * SECONDS_PER_DAY);
        let days_later = at + share % 15 * SECONDS_PER_DAY;
        moments.extend([at, at + 1, later, days_later, days_later + 1].map(UnixSeconds));
        moments.insert(UnixSeconds(later / 3_600 * 3_600));
    }
    let tip = history
        .swaps
        .last()
        .map(|swap| UnixSeconds(swap.timestamp.0 + 1));
    moments.extend(tip);
    moments
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Rows and targets, folded block by block and recomputed pool by pool.
    #[test]
    fn three_ways_lead_to_the_same_rows(seed: u64) {
        let history = history(seed);
        let oracles = oracle::days(&history);
        for (what, ours) in [("fold", kept(&history).rows), ("recompute", recompute(&history).unwrap())] {
            let found = rows_differences(&ours, &oracles);
            prop_assert!(found.is_empty(), "{what} of seed {seed}: {found:#?}");
        }
    }

    #[test]
    fn every_swap_is_worth_what_the_oracle_says(seed: u64) {
        let history = history(seed);
        let kept = kept(&history);
        for (swap, value) in history.swaps.iter().zip(oracle::values(&history)) {
            let ours = kept.values[&(swap.pool, swap.block, swap.log_index)];
            prop_assert_eq!(ours, value, "seed {}: {:#?}", seed, swap);
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_row_of_any_moment_is_the_oracles(seed: u64, shares: [u64; 4]) {
        let history = history(seed);
        let kept = kept(&history);
        for at in moments(&history, &shares) {
            for pool in history.pools.keys() {
                let ours = kept.row_at(*pool, at);
                let oracles = oracle::row_at(&history, *pool, at);
                let found = row_differences(ours.as_ref(), oracles.as_ref());
                prop_assert!(found.is_empty(), "seed {seed} {pool} at {at}: {found:#?}");
            }
        }
    }
}
