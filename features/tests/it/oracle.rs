//! What must hold of the oracle by itself, on random chains.

use crate::chains::history;
use proptest::prelude::*;
use std::collections::BTreeMap;
use tidegauge_features::{Cell, History, Kind, ROW_COLUMNS, TARGET_COLUMNS, oracle};
use tidegauge_model::{Day, SECONDS_PER_DAY, UnixSeconds};

/// Targets of a day are known once so many days after it are, in the order of the columns.
const HORIZONS: [u32; 8] = [3, 7, 3, 7, 3, 7, 3, 7];

/// The chain as it was known when it had grown up to a moment.
fn cut(history: &History, until: UnixSeconds) -> History {
    let mut cut = history.clone();
    cut.swaps.retain(|swap| swap.timestamp < until);
    cut.liquidity.retain(|event| event.timestamp < until);
    cut.covered.until = until.min(history.covered.until);
    cut
}

/// A moment of the chain.
fn moment(history: &History, share: u64) -> UnixSeconds {
    let times = || history.swaps.iter().map(|swap| swap.timestamp.0);
    let (Some(from), Some(to)) = (times().min(), times().max()) else {
        return history.covered.until;
    };
    let to = to + 9 * SECONDS_PER_DAY;
    let at = from + (to - from) / 1_000 * share;
    // At an edge every other time.
    UnixSeconds(match share % 4 {
        0 => at / SECONDS_PER_DAY * SECONDS_PER_DAY,
        1 => at / 3_600 * 3_600,
        _ => at,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Neither rows nor what is known of their targets change as the chain grows.
    #[test]
    fn truncating_the_chain_changes_no_whole_row(seed: u64, share in 0_u64..1_000) {
        let history = history(seed);
        let until = moment(&history, share);
        let all = oracle::days(&history);
        let early = oracle::days(&cut(&history, until));
        let whole: Vec<_> = all
            .keys()
            .filter(|(day, _)| day.end() <= until)
            .collect();
        prop_assert_eq!(early.keys().collect::<Vec<_>>(), whole);
        for (key, (row, targets)) in &early {
            let (later_row, later_targets) = &all[key];
            prop_assert_eq!(row, later_row);
            for ((now, later), horizon) in targets.cells().zip(later_targets.cells()).zip(HORIZONS) {
                if until >= key.0.plus_days(horizon).end() {
                    prop_assert_eq!(now, later);
                } else {
                    prop_assert_eq!(now, Cell::Null);
                }
            }
        }
    }

    /// Rows are of whole days with a swap, and hold nothing that is not finite.
    #[test]
    fn rows_are_of_whole_days_and_finite(seed: u64) {
        let history = history(seed);
        let rows = oracle::days(&history);
        for ((day, pool), (row, targets)) in &rows {
            prop_assert!(history.covered.after.is_none_or(|after| after < day.start()));
            prop_assert!(day.end() <= history.covered.until);
            let swaps = history
                .swaps
                .iter()
                .filter(|swap| swap.pool == *pool && Day::of(swap.timestamp) == *day)
                .count();
            prop_assert_eq!(row.tx_count, swaps as i64);
            prop_assert!(row.tx_count > 0);
            for cell in row.cells().chain(targets.cells()) {
                if let Cell::Float(value) = cell {
                    prop_assert!(value.is_finite(), "{day} {pool}");
                }
            }
        }
    }

    /// The days' swaps and their number add up to what has accumulated.
    #[test]
    fn days_add_up_to_what_accumulated(seed: u64) {
        let rows = oracle::days(&history(seed));
        let mut sums = BTreeMap::new();
        for ((day, pool), (row, _)) in &rows {
            let (swaps, days) = sums.entry(*pool).or_insert((0, 0));
            *swaps += row.tx_count;
            *days += 1;
            prop_assert_eq!((row.tx_count_cumulative, row.day_number), (*swaps, *days), "{} {}", day, pool);
        }
    }

    /// At midnight the row of the day is the row of the moment; later events do not count.
    #[test]
    fn a_day_is_the_moment_of_its_end(seed: u64, share in 0_u64..1_000) {
        let history = history(seed);
        let rows = oracle::days(&history);
        for ((day, pool), (row, _)) in rows.iter().step_by(7) {
            prop_assert_eq!(oracle::row_at(&history, *pool, day.end()), Some(*row));
        }
        let at = moment(&history, share);
        let early = cut(&history, at);
        for pool in history.pools.keys() {
            let row = oracle::row_at(&history, *pool, at);
            prop_assert_eq!(row, oracle::row_at(&early, *pool, at));
            let swapped = early.swaps.iter().any(|swap| swap.pool == *pool);
            prop_assert_eq!(row.is_some(), swapped);
            for cell in row.iter().flat_map(|row| row.cells()) {
                if let Cell::Float(value) = cell {
                    prop_assert!(value.is_finite(), "{at} {pool}");
                }
            }
        }
    }
}

/// The chains have what they are made for; else what is claimed of them would say little.
#[test]
fn chains_have_every_kind() {
    let mut met: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let mut meet = |what, kind| *met.entry((what, kind)).or_default() += 1;
    for seed in 0..60 {
        let history = history(seed);
        for value in oracle::values(&history) {
            meet("usd", value.usd.map_or("NULL", |_| "known"));
            meet("guarded", if value.guarded { "yes" } else { "no" });
            meet(
                "crossed",
                value
                    .crossed
                    .map_or("NULL", |yes| if yes { "yes" } else { "no" }),
            );
            meet(
                "fee_return",
                value
                    .fee_return
                    .map_or("NULL", |share| if share.0 > 0 { "some" } else { "0" }),
            );
        }
        for (row, targets) in oracle::days(&history).values() {
            let rows = ROW_COLUMNS.iter().zip(row.cells());
            for (column, cell) in rows.chain(TARGET_COLUMNS.iter().zip(targets.cells())) {
                let kind = match cell {
                    Cell::Null => "NULL",
                    Cell::Word(word) => word,
                    Cell::Bool(yes) => {
                        if yes {
                            "yes"
                        } else {
                            "no"
                        }
                    }
                    Cell::Int(_) | Cell::Float(_) | Cell::Usd(_) => "known",
                };
                meet(column.name, kind);
            }
        }
    }
    let mut expected = vec![("usd", "NULL"), ("usd", "known")];
    expected.extend(["yes", "no"].map(|kind| ("guarded", kind)));
    expected.extend(["yes", "no", "NULL"].map(|kind| ("crossed", kind)));
    expected.extend(["NULL", "0", "some"].map(|kind| ("fee_return", kind)));
    for column in ROW_COLUMNS.iter().chain(TARGET_COLUMNS) {
        if NULLABLE.contains(&column.name) {
            expected.push((column.name, "NULL"));
        }
        match column.kind {
            Kind::Bool => expected.extend(["yes", "no"].map(|kind| (column.name, kind))),
            Kind::Word(words) => expected.extend(words.iter().map(|word| (column.name, *word))),
            Kind::Int | Kind::Float | Kind::Usd => expected.push((column.name, "known")),
        }
    }
    expected.sort_unstable();
    assert_eq!(met.into_keys().collect::<Vec<_>>(), expected);
}

/// Columns that can be unknown in the row of a day with a swap.
const NULLABLE: [&str; 34] = [
    "apy_7d",
    "avg_swap_usd",
    "fee_apr_7d",
    "fees_usd_24h",
    "liquidity_twa",
    "max_swap_usd",
    "price_return_7d",
    "target_fee_apr_3d",
    "target_fee_apr_7d",
    "target_tx_3d_ahead",
    "target_tx_3d_avg_ahead",
    "target_tx_7d_ahead",
    "target_tx_7d_avg_ahead",
    "target_volume_usd_3d",
    "target_volume_usd_7d",
    "trend_3d",
    "tx_count_7d_std",
    "tx_count_avg_3d",
    "tx_count_avg_7d",
    "tx_growth_rate",
    "unique_users",
    "unique_users_24h",
    "unique_users_7d",
    "unique_users_avg_7d",
    "volatility_3d",
    "volatility_7d",
    "volume_growth_1d",
    "volume_growth_7d",
    "volume_momentum_3_7",
    "volume_std_7d",
    "volume_usd_24h",
    "volume_usd_avg_3d",
    "volume_usd_avg_7d",
    "xtick_share",
];
