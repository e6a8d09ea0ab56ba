//! A pool's rows and targets, worked out by hand from docs/numbers.md.

use crate::sketch::{A, B, ONE, Sketch, Trade, USD, USD2, pool};
use std::collections::BTreeMap;
use std::f64::consts::LN_2;
use tidegauge_features::{Cell, Column, ROW_COLUMNS, TARGET_COLUMNS, oracle};
use tidegauge_model::{Day, PoolOrigin, SECONDS_PER_DAY, UnixSeconds, Usd};

/// Blocks of an hour and of a day.
const HOUR: u64 = 300;
const DAY: u64 = 24 * HOUR;
/// The first day of life.
const FIRST: u64 = 100;

/// In range for most of the time.
const LIQUIDITY: u128 = 1_000_000_000;

fn midnight(day: u64) -> UnixSeconds {
    UnixSeconds((FIRST + day) * SECONDS_PER_DAY)
}

fn day(n: u64) -> Day {
    Day::of(midnight(n))
}

/// Dollars into a pool of two stables (fee 0.3 %) on a day of life at an hour.
fn trade(sketch: &mut Sketch, (day, hour): (u64, u64), dollars: i128, trade: Trade) {
    let amount = dollars * 1_000_000;
    let amounts = [amount, -amount];
    sketch.swap(
        9,
        (FIRST + day) * DAY + hour * HOUR,
        Trade { amounts, ..trade },
    );
}

/// Nine swaps on seven of eight days: 10 | 20, 30 | none | 40 and 60 in one transaction | 100 |
/// 100 | 100 | 70 dollars, the last at four times the price and with twice the liquidity.
fn week() -> Sketch {
    let mut sketch = Sketch::new();
    sketch.pool(9, [USD, USD2]);
    let user = |user| Trade {
        user,
        liquidity: LIQUIDITY,
        ..Trade::default()
    };
    trade(&mut sketch, (0, 1), 10, user(1));
    trade(&mut sketch, (1, 2), 20, user(1));
    trade(&mut sketch, (1, 3), 30, user(2));
    trade(&mut sketch, (3, 0), 40, user(1));
    trade(&mut sketch, (3, 0), 60, user(1));
    for day in 4..7 {
        trade(&mut sketch, (day, 12), 100, user(3));
    }
    let last = Trade {
        sqrt_price: ONE << 1,
        liquidity: 2 * LIQUIDITY,
        ..user(3)
    };
    trade(&mut sketch, (7, 5), 70, last);
    sketch.0.covered.after = Some(UnixSeconds(midnight(0).0 - 1));
    sketch.0.covered.until = midnight(11);
    sketch
}

fn named(
    columns: &'static [Column],
    cells: impl Iterator<Item = Cell>,
) -> BTreeMap<&'static str, Cell> {
    columns
        .iter()
        .map(|column| column.name)
        .zip(cells)
        .collect()
}

/// The named cells of a day's row and targets.
fn cells(sketch: &Sketch, day: Day) -> BTreeMap<&'static str, Cell> {
    let days = oracle::days(&sketch.0);
    let (row, targets) = &days[&(day, pool(9))];
    let mut cells = named(ROW_COLUMNS, row.cells());
    cells.extend(named(TARGET_COLUMNS, targets.cells()));
    cells
}

/// The named cells of the row at a moment.
fn cells_at(sketch: &Sketch, at: UnixSeconds) -> BTreeMap<&'static str, Cell> {
    let row = oracle::row_at(&sketch.0, pool(9), at).unwrap();
    named(ROW_COLUMNS, row.cells())
}

fn check(found: &BTreeMap<&'static str, Cell>, expected: &[(&str, Cell)]) {
    for (column, cell) in expected {
        assert_eq!(found[column], *cell, "{column}");
    }
}

/// Dollars, in billionths.
fn usd(nano: i128) -> Cell {
    Cell::Usd(Usd(nano))
}

/// What a fee of 0.3 % returns on `liquidity` at a price of 1, × 2⁹⁶, floor: 3 a / 2000 L.
fn returned(raw_amount: u128, liquidity: u128) -> u128 {
    ((3 * raw_amount) << 96) / (2_000 * liquidity)
}

#[test]
fn every_column_of_the_eighth_day() {
    use Cell::{Bool, Float, Int, Null, Word};
    let sketch = week();
    let found = cells(&sketch, day(7));
    let two_to_96 = (1_u128 << 96) as f64;
    // Σr: 20 + 30 + 40 + 60 + 300 dollars on L; then 70 × 2, at twice √P, on twice L.
    let sum = [20, 30, 40, 60, 100, 100, 100]
        .map(|dollars| returned(dollars * 1_000_000, LIQUIDITY))
        .iter()
        .sum::<u128>()
        + returned(70 * 1_000_000 * 2, 2 * LIQUIDITY);
    let apr = sum as f64 / two_to_96 * 365.0 / 7.0;
    let expected = [
        ("tx_count", Int(1)),
        ("unique_users", Int(1)),
        ("tx_count_3d_avg", Float(1.0)),
        // 2 + 0 + 2 + 1 + 1 + 1 + 1
        ("tx_count_7d_avg", Float(8.0 / 7.0)),
        // 7 × 12 - 64
        ("tx_count_7d_std", Float((20.0_f64 / 42.0).sqrt())),
        ("tx_count_cumulative", Int(9)),
        ("days_since_start", Int(7)),
        ("day_number", Int(7)),
        ("tx_growth_rate", Float(0.0)),
        ("age_days", Int(8)),
        ("left_censored", Bool(false)),
        ("tx_count_24h", Int(1)),
        ("swap_count_24h", Int(1)),
        ("unique_users_24h", Int(1)),
        ("unique_users_7d", Int(3)),
        ("volume_usd_24h", usd(70_000_000_000)),
        ("fees_usd_24h", usd(210_000_000)),
        ("volume_usd_avg_3d", Float(90.0)),
        ("volume_usd_avg_7d", Float(520e9 / 7e9)),
        ("tx_count_avg_3d", Float(1.0)),
        // 2 + 0 + 1 + 1 + 1 + 1 + 1
        ("tx_count_avg_7d", Float(1.0)),
        ("unique_users_avg_7d", Float(1.0)),
        // 7 × (50² + 0 + 4 × 100² + 70²) - 520²
        ("volume_std_7d", Float((61_400e18_f64 / 42.0).sqrt() / 1e9)),
        // One return of 2 × 2⁴⁰ in 72 and in 168 hours: k S₂ - S₁² = 4 (k - 1), so √(4 / k).
        (
            "volatility_3d",
            Float(
                (284.0 * (1_u128 << 80) as f64 / 5_112.0).sqrt() / (1_u64 << 40) as f64
                    * LN_2
                    * 24_f64.sqrt(),
            ),
        ),
        (
            "volatility_7d",
            Float(
                (668.0 * (1_u128 << 80) as f64 / 28_056.0).sqrt() / (1_u64 << 40) as f64
                    * LN_2
                    * 24_f64.sqrt(),
            ),
        ),
        ("volume_growth_1d", Float(70.0 / 100.0 - 1.0)),
        ("volume_growth_7d", Null),
        ("volume_momentum_3_7", Float(90.0 / (520.0 / 7.0) - 1.0)),
        ("price_open", Float(4.0)),
        ("price_high", Float(4.0)),
        ("price_low", Float(4.0)),
        ("price_close", Float(4.0)),
        ("price_return_7d", Float(2.0 * LN_2)),
        // 30 × (70 - 100) < -270
        ("trend_3d", Word("decreasing")),
        ("buy_ratio_24h", Float(0.0)),
        ("avg_swap_usd", Float(70.0)),
        ("max_swap_usd", usd(70_000_000_000)),
        // Five hours of 10⁹, nineteen of twice as much.
        ("liquidity_twa", Float(43e9 / 24.0)),
        ("fee_apr_7d", Float(apr)),
        ("xtick_share", Float(1.0)),
        ("priced", Bool(true)),
        ("ref_guard", Bool(false)),
        ("pool_class", Word("stablecoin")),
        ("pool_subclass", Word("stable_stable")),
        ("user_key", Word("origin")),
        ("target_tx_3d_ahead", Int(0)),
        ("target_tx_7d_ahead", Null),
        ("target_tx_3d_avg_ahead", Float(0.0)),
        ("target_tx_7d_avg_ahead", Null),
        ("target_volume_usd_3d", usd(0)),
        ("target_volume_usd_7d", Null),
        ("target_fee_apr_3d", Float(0.0)),
        ("target_fee_apr_7d", Null),
    ];
    check(&found, &expected);
    // What is left is checked here: yearly by daily, 365 times over, and the fingerprint.
    let Float(apy) = found["apy_7d"] else {
        panic!("unknown")
    };
    let mut daily = 1.0;
    for _ in 0..365 {
        daily *= 1.0 + apr / 365.0;
    }
    assert!((apy / (daily - 1.0) - 1.0).abs() < 1e-11);
    let in_force = sketch.0.swaps.last().unwrap().block;
    let fingerprint = sketch.0.set.fingerprint(in_force).0.cast_signed();
    assert_eq!(found["feature_set"], Int(fingerprint));
    assert_eq!(found.len(), expected.len() + 2);
}

#[test]
fn columns_of_other_days() {
    use Cell::{Float, Int, Null, Word};
    let sketch = week();
    check(
        &cells(&sketch, day(0)),
        &[
            ("tx_count_7d_std", Null),
            ("tx_growth_rate", Null),
            ("age_days", Int(1)),
            ("days_since_start", Int(0)),
            ("volume_growth_1d", Null),
            ("volume_usd_avg_3d", Null),
            ("tx_count_avg_3d", Null),
            ("trend_3d", Null),
            // 22 returns on the first day.
            ("volatility_3d", Null),
            ("xtick_share", Null),
            ("liquidity_twa", Float(1e9)),
            ("target_tx_3d_ahead", Int(2)),
            ("target_tx_7d_ahead", Int(1)),
            ("target_tx_3d_avg_ahead", Float(4.0 / 3.0)),
            ("target_tx_7d_avg_ahead", Float(8.0 / 7.0)),
            ("target_volume_usd_3d", usd(150_000_000_000)),
            ("target_volume_usd_7d", usd(520_000_000_000)),
            (
                "target_fee_apr_3d",
                Float(
                    [20, 30, 40, 60]
                        .map(|dollars| returned(dollars * 1_000_000, LIQUIDITY))
                        .iter()
                        .sum::<u128>() as f64
                        / (1_u128 << 96) as f64
                        * 365.0
                        / 3.0,
                ),
            ),
        ],
    );
    check(
        &cells(&sketch, day(1)),
        &[
            ("tx_count_3d_avg", Float(1.5)),
            ("tx_count_7d_std", Float(0.5_f64.sqrt())),
            ("tx_growth_rate", Float(1.0)),
            ("unique_users", Int(2)),
            ("volume_growth_1d", Float(4.0)),
            ("volatility_3d", Float(0.0)),
            ("xtick_share", Float(0.0)),
            ("avg_swap_usd", Float(25.0)),
            ("max_swap_usd", usd(30_000_000_000)),
        ],
    );
    check(
        &cells(&sketch, day(3)),
        &[
            ("tx_count", Int(2)),
            ("tx_count_24h", Int(1)),
            ("unique_users", Int(1)),
            ("tx_growth_rate", Null),
            ("volume_growth_1d", Null),
            // 30 × (100 - 50) > 150
            ("trend_3d", Word("increasing")),
            ("day_number", Int(3)),
        ],
    );
    // 30 × (100 - 100) is within ± 300.
    check(&cells(&sketch, day(6)), &[("trend_3d", Word("stable"))]);
    assert!(!oracle::days(&sketch.0).contains_key(&(day(2), pool(9))));
}

#[test]
fn a_moment_has_days_of_its_own() {
    use Cell::{Float, Int, Null};
    let sketch = week();
    // At 12:00 of the fourth day: 24 hours with the two swaps of midnight, none in the 24 before
    // (from 12:00 of the second day), three in those before.
    let noon = UnixSeconds(midnight(3).0 + 12 * 3_600);
    check(
        &cells_at(&sketch, noon),
        &[
            ("age_days", Int(3)),
            ("days_since_start", Int(2)),
            ("day_number", Int(3)),
            ("tx_count", Int(2)),
            ("tx_count_cumulative", Int(5)),
            ("tx_count_3d_avg", Float(4.0 / 3.0)),
            ("tx_growth_rate", Null),
            ("volume_usd_24h", usd(100_000_000_000)),
            ("volume_usd_avg_3d", Float(50.0)),
        ],
    );
    // An event of that very second does not count, one of the second before does.
    let five = UnixSeconds(midnight(7).0 + 5 * 3_600);
    check(
        &cells_at(&sketch, five),
        &[("price_close", Float(1.0)), ("tx_count", Int(1))],
    );
    let after = UnixSeconds(five.0 + 1);
    check(
        &cells_at(&sketch, after),
        &[("price_close", Float(4.0)), ("tx_count", Int(2))],
    );
    // The hours that meet the 72 before 5:00:01 are 73: from 5:00 to 5:00:01 three days later.
    let volatility = (4.0 * 72.0 * (1_u128 << 80) as f64 / (73.0 * 72.0)).sqrt();
    check(
        &cells_at(&sketch, after),
        &[(
            "volatility_3d",
            Float(volatility / (1_u64 << 40) as f64 * LN_2 * 24_f64.sqrt()),
        )],
    );
    let first = UnixSeconds(midnight(0).0 + 3_600);
    assert_eq!(oracle::row_at(&sketch.0, pool(9), first), None);
    assert_eq!(oracle::row_at(&sketch.0, pool(8), noon), None);
}

#[test]
fn life_begins_with_the_first_whole_day() {
    use Cell::{Bool, Float, Int, Null};
    let mut sketch = week();
    // The chain is known from within the second day on: its two swaps come before life.
    sketch.0.covered.after = Some(UnixSeconds(midnight(1).0 + 60));
    sketch.0.swaps.remove(0);
    let found = cells(&sketch, day(3));
    check(
        &found,
        &[
            ("age_days", Int(2)),
            ("day_number", Int(1)),
            ("tx_count_cumulative", Int(2)),
            ("tx_count_7d_avg", Float(1.0)),
            ("left_censored", Bool(false)),
            // Of a pool whose creation was seen nothing is missing.
            ("unique_users_7d", Int(2)),
        ],
    );
    assert!(!oracle::days(&sketch.0).contains_key(&(day(1), pool(9))));
    sketch.0.pools.get_mut(&pool(9)).unwrap().pool.origin = PoolOrigin::Create2;
    check(
        &cells(&sketch, day(7)),
        &[("left_censored", Bool(true)), ("unique_users_7d", Null)],
    );
    // From 0:01 on nothing of the 7 days is missing.
    let at = |seconds| UnixSeconds(midnight(8).0 + seconds);
    check(&cells_at(&sketch, at(60)), &[("unique_users_7d", Null)]);
    check(&cells_at(&sketch, at(61)), &[("unique_users_7d", Int(3))]);
}

#[test]
fn what_a_swap_lacks_its_windows_lack() {
    use Cell::{Bool, Float, Null, Word};
    let mut sketch = week();
    sketch.0.swaps[6].origin = None;
    sketch.0.swaps[6].liquidity = 0;
    // Neither token is priced now.
    for info in sketch.0.pools.values_mut() {
        (info.pool.token0, info.pool.token1) =
            (crate::sketch::address(A), crate::sketch::address(B));
    }
    let found = cells(&sketch, day(7));
    for column in [
        "unique_users_7d",
        "unique_users_avg_7d",
        "volume_usd_24h",
        "fees_usd_24h",
        "volume_usd_avg_3d",
        "volume_usd_avg_7d",
        "volume_std_7d",
        "volume_growth_1d",
        "volume_momentum_3_7",
        "avg_swap_usd",
        "max_swap_usd",
        "xtick_share",
        "fee_apr_7d",
        "apy_7d",
    ] {
        assert_eq!(found[column], Null, "{column}");
    }
    // By transactions 30 × (1 - 1) is within ± 3.
    check(
        &found,
        &[
            ("priced", Bool(false)),
            ("trend_3d", Word("stable")),
            ("unique_users", Cell::Int(1)),
            ("target_volume_usd_3d", usd(0)),
            ("pool_class", Word("other")),
            ("tx_count_avg_7d", Float(1.0)),
        ],
    );
}

#[test]
fn decimals_move_the_price() {
    for (decimals0, decimals1, price) in [
        (6, 6, 4.0),
        (18, 6, 4e12),
        (6, 18, 4e-12),
        (77, 0, 4.0 * 1e22 * 1e22 * 1e22 * 1e11),
        (0, 30, 4.0 / 1e22 / 1e8),
    ] {
        let mut sketch = week();
        let info = sketch.0.pools.get_mut(&pool(9)).unwrap();
        (info.decimals0, info.decimals1) = (decimals0, decimals1);
        check(
            &cells(&sketch, day(7)),
            &[("price_close", Cell::Float(price))],
        );
    }
}
