//! Scores, skill and drift, by hand.

use crate::market::{Market, day, observed};
use tidegauge_predict::{Class, Config, Model, Score, Walk};

fn score(scores: &[Score], model: Model, class: Option<Class>, column: &str) -> Option<Score> {
    scores
        .iter()
        .copied()
        .find(|s| s.model == model && s.class == class && s.target.column() == column)
}

#[test]
fn skill_compares_what_both_forecast() {
    // 35 days of 10 swaps, but 30 on each seventh: the same weekday knows, the mean does not.
    let mut walk = Walk::new(Config::default()).unwrap();
    for n in 0..35u32 {
        let swaps = if n % 7 == 0 { 30 } else { 10 };
        walk.day(day(n), &[observed(3, swaps, 1, 1)]).unwrap();
    }
    let all = walk.scores(day(28), day(34));
    let column = "target_tx_7d_ahead";
    let naive = score(&all, Model::Naive, None, column).unwrap();
    let seasonal = score(&all, Model::SeasonalNaive, None, column).unwrap();
    assert_eq!(naive.count, 7);
    // Persistence says 90/7; outcomes are 30 once and 10 six times.
    let log = |x: f64| x.ln_1p() - (90f64 / 7.0).ln_1p();
    let squared = (log(30.0).powi(2) + 6.0 * log(10.0).powi(2)) / 7.0;
    assert!((naive.rmse - squared.sqrt()).abs() < 1e-12);
    let absolute = (log(30.0).abs() + 6.0 * log(10.0).abs()) / 7.0;
    assert!((naive.mae - absolute).abs() < 1e-12);
    assert_eq!(naive.skill_over_naive, Some(0.0));
    assert!(seasonal.rmse < 1e-12, "{seasonal:?}");
    assert!((seasonal.skill_over_naive.unwrap() - 1.0).abs() < 1e-12);
    assert_eq!(
        score(&all, Model::Naive, Some(Class::Stablecoin), column),
        Some(Score {
            class: Some(Class::Stablecoin),
            ..naive
        })
    );
    assert_eq!(score(&all, Model::Naive, Some(Class::Other), column), None);
    assert_eq!(naive.coverage, None);
}

#[test]
fn a_model_that_errs_twice_as_much_drifts() {
    let mut walk = Walk::new(Config::default()).unwrap();
    let (mut calm, mut wild) = (Market::new(1, 40, 0.2), Market::new(1, 40, 1.0));
    for n in 0..60 {
        walk.day(day(n), &calm.day(0)).unwrap();
    }
    let drifts = walk.drifts();
    assert_eq!(drifts.len(), 4 * 8, "every model and target");
    assert!(drifts.iter().all(|drift| !drift.drifting), "{drifts:?}");
    for n in 60..67 {
        walk.day(day(n), &wild.day(0)).unwrap();
    }
    for drift in walk.drifts() {
        if drift.target.column() == "target_tx_3d_ahead" {
            assert!(drift.drifting, "{drift:?}");
        }
    }
}

#[test]
fn what_lapses_is_counted() {
    let mut walk = Walk::new(Config::default()).unwrap();
    let one = [observed(1, 1, 1, 1)];
    // Persistence and the moving mean of 4 aims at 2 horizons, and of weekdays today's own.
    assert_eq!(walk.day(day(0), &one).unwrap().forecasts.len(), 17);
    let at = |report: tidegauge_predict::DayReport| (report.settled, report.lapsed);
    assert_eq!(at(walk.day(day(1), &one).unwrap()), (0, 0));
    // Day 3 ends the first horizon; day 2 of it is unknown, so only the count of day 3 has come.
    assert_eq!(at(walk.day(day(3), &one).unwrap()), (2, 6));
    // Day 4, on which those of day 1 would end, is unknown; day 6 ends those of day 3.
    assert_eq!(at(walk.day(day(6), &one).unwrap()), (2, 6 + 8));
}
