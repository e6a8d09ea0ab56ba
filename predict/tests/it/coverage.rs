//! Intervals hold as often as they say, and so does confidence.

use crate::market::{Market, day};
use tidegauge_predict::{Config, Model, Walk};

#[test]
fn four_of_five_outcomes_lie_in_their_interval() {
    for seed in 1..=4 {
        let mut walk = Walk::new(Config::default()).unwrap();
        let mut market = Market::new(seed, 120, 0.7);
        for n in 0..140 {
            walk.day(day(n), &market.day(0)).unwrap();
        }
        for score in walk.scores(day(80), day(139)) {
            let Some(coverage) = score.coverage.filter(|_| score.class.is_none()) else {
                continue;
            };
            // 7,200 outcomes of noise that is independent by pool and by day; the targets of 7 days
            // share six of them, so they count as a seventh: four deviations of a binomial of 1,028,
            // and what the grid and the ranks add.
            let deviation = (0.8 * 0.2 / (score.count as f64 / 7.0)).sqrt();
            assert!(
                (coverage - 0.8).abs() < 4.0 * deviation + 0.01,
                "seed {seed}, {} of {}: {coverage}",
                score.model.name(),
                score.target.column()
            );
        }
        let mut rows = 0;
        for row in walk.reliability().iter().filter(|row| row.count >= 1_000) {
            let deviation = (0.25 / (row.count as f64 / 7.0)).sqrt();
            let off = (row.claimed - row.came_true).abs();
            assert!(off < 4.0 * deviation, "seed {seed}: {row:?}");
            rows += 1;
        }
        assert!(rows >= Model::ALL.len(), "{rows} rows");
    }
}
