//! Baselines and targets, each by hand.

use crate::market::{day, observed, value};
use tidegauge_predict::{Config, DayReport, Model, Walk};

fn walk(days: impl Iterator<Item = Option<(u64, u64, u32)>>) -> DayReport {
    let mut walk = Walk::new(Config::default()).unwrap();
    let mut last = None;
    for (n, numbers) in days.enumerate() {
        if let Some((swaps, usd, bp)) = numbers {
            last = Some(
                walk.day(day(n as u32), &[observed(1, swaps, usd, bp)])
                    .unwrap(),
            );
        }
    }
    last.unwrap()
}

fn near(found: Option<f64>, expected: f64) {
    let found = found.unwrap();
    assert!(
        (found - expected).abs() <= 1e-12 * expected.abs(),
        "{found}, not {expected}"
    );
}

#[test]
fn four_weeks_by_hand() {
    // Day n has n swaps, 10 n dollars and n hundredths of a percent; days 1 to 28, the last is today.
    let all = walk((0..29).map(|n| Some((n, 10 * n, n as u32)))).forecasts;
    let of = |model, column| value(&all, 1, model, column);
    // Days 22 to 28: 25 a day.
    near(of(Model::Naive, "target_tx_3d_ahead"), 25.0);
    near(of(Model::Naive, "target_tx_7d_avg_ahead"), 25.0);
    near(of(Model::Naive, "target_volume_usd_3d"), 750.0);
    near(of(Model::Naive, "target_volume_usd_7d"), 1_750.0);
    // Rates of 365 × 0.25 % a week and 365 × 0.28 % today, halfway by logarithms of 1 + percent:
    // √(92.25 · 103.2) − 1 percent.
    let rate = ((92.25f64 * 103.2).sqrt() - 1.0) / 100.0;
    near(of(Model::Naive, "target_fee_apr_7d"), rate);
    // Day 31 was days 24, 17, 10, 3: 13.5; day 35 was days 28, 21, 14, 7: 17.5.
    near(of(Model::SeasonalNaive, "target_tx_3d_ahead"), 13.5);
    near(of(Model::SeasonalNaive, "target_tx_7d_ahead"), 17.5);
    // Days 29 to 31 then: 11.5, 12.5, 13.5; days 29 to 35: 11.5 to 17.5.
    near(of(Model::SeasonalNaive, "target_tx_3d_avg_ahead"), 12.5);
    near(of(Model::SeasonalNaive, "target_volume_usd_3d"), 375.0);
    near(of(Model::SeasonalNaive, "target_volume_usd_7d"), 1_015.0);
    near(
        of(Model::SeasonalNaive, "target_fee_apr_7d"),
        365.0 * 14.5e-4,
    );
    assert_eq!(of(Model::Ridge, "target_tx_3d_ahead"), None);
    assert!(
        all.iter()
            .all(|f| f.interval.is_none() && f.confidence.is_none())
    );
}

#[test]
fn a_day_weighs_half_of_the_one_three_days_after() {
    // Today 8 swaps, 3 days ago 2, the days between unknown: (8 + 2/2) / (1 + 1/2).
    let some = |n| Some((n, 0, 0));
    let all = walk([some(2), None, None, some(8)].into_iter()).forecasts;
    near(value(&all, 1, Model::Ewma, "target_tx_3d_ahead"), 6.0);
    // Zeros are days without a swap: with 0 between them (8 + 2/2) / (1 + 2^(-1/3) + 2^(-2/3) + 1/2).
    let all = walk([some(2), some(0), some(0), some(8)].into_iter()).forecasts;
    let weights = 1.5 + (-1f64 / 3.0).exp2() + (-2f64 / 3.0).exp2();
    near(
        value(&all, 1, Model::Ewma, "target_tx_3d_ahead"),
        9.0 / weights,
    );
}

#[test]
fn unknown_is_not_zero_and_absent_is() {
    let mut walk = Walk::new(Config::default()).unwrap();
    let two = |n: u64| [observed(1, n, n, 1), observed(2, 1, 1, 1)];
    walk.day(day(0), &two(6)).unwrap();
    // Pool 1 is absent from a whole day, day 2 is unknown of all.
    walk.day(day(1), &[observed(2, 1, 1, 1)]).unwrap();
    let all = walk.day(day(3), &two(6)).unwrap().forecasts;
    near(value(&all, 1, Model::Naive, "target_tx_3d_ahead"), 4.0);
    near(value(&all, 2, Model::Naive, "target_tx_3d_ahead"), 1.0);
    // Not of today: no forecast. Unpriced: none of volume, and the rest as ever.
    let mut unpriced = observed(2, 5, 0, 1);
    unpriced.volume = None;
    let report = walk.day(day(4), &[unpriced]).unwrap();
    let all = report.forecasts;
    assert_eq!(value(&all, 1, Model::Naive, "target_tx_3d_ahead"), None);
    assert_eq!(value(&all, 2, Model::Naive, "target_volume_usd_3d"), None);
    near(value(&all, 2, Model::Naive, "target_tx_3d_ahead"), 2.0);
}

#[test]
fn outcomes_are_the_columns() {
    // Of day 0 one pool; the days after have 1, 2, 4, 8, … swaps, dollars, hundredths of a percent.
    let mut walk = Walk::new(Config::default()).unwrap();
    walk.day(day(0), &[observed(1, 7, 7, 7)]).unwrap();
    for n in 1..=7u32 {
        let x = 1 << (n - 1);
        walk.day(day(n), &[observed(1, x, x, x as u32)]).unwrap();
    }
    // Persistence said 7 a day on day 0; 3 days settle on day 3, 7 days on day 7.
    let score = |at: u32, column: &str| {
        let scores = walk.scores(day(at), day(at));
        let of = |s: &&tidegauge_predict::Score| {
            s.model == Model::Naive && s.target.column() == column && s.class.is_none()
        };
        scores.iter().find(of).unwrap().mae
    };
    let log = |a: f64, b: f64| (a.ln_1p() - b.ln_1p()).abs();
    for (at, column, outcome, forecast) in [
        (3, "target_tx_3d_ahead", 4.0, 7.0),
        (3, "target_tx_3d_avg_ahead", 7.0 / 3.0, 7.0),
        (3, "target_volume_usd_3d", 7.0, 21.0),
        (3, "target_fee_apr_3d", 365.0 * 0.07 / 3.0, 365.0 * 0.07),
        (7, "target_tx_7d_ahead", 64.0, 7.0),
        (7, "target_tx_7d_avg_ahead", 127.0 / 7.0, 7.0),
        (7, "target_volume_usd_7d", 127.0, 49.0),
        (7, "target_fee_apr_7d", 365.0 * 1.27 / 7.0, 365.0 * 0.07),
    ] {
        near(Some(score(at, column)), log(outcome, forecast));
    }
}
