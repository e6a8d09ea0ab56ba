//! Nothing that came after a day is in its forecasts.

use crate::market::{Market, bits, day};
use proptest::prelude::*;
use tidegauge_predict::{Config, Model, Walk};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn what_comes_after_changes_nothing_before(seed in 0u64..1_000, cut in 35u32..75) {
        let mut walks = [(); 2].map(|()| Walk::new(Config::default()).unwrap());
        let mut same = Market::new(seed, 25, 0.5);
        let mut other = Market::new(seed + 1_000, 25, 2.0);
        for n in 0..80 {
            let rows = same.day(9);
            let changed = if n > cut { other.day(3) } else { rows.clone() };
            let [a, b] = &mut walks;
            let a = a.day(day(n), &rows).unwrap();
            let b = b.day(day(n), &changed).unwrap();
            prop_assert_eq!(n <= cut, bits(&a.forecasts) == bits(&b.forecasts), "day {}", n);
        }
    }
}

#[test]
fn nobody_foresees_noise() {
    // The third day's logarithm is a level plus noise of 0.5: who errs by less has seen it.
    let mut walk = Walk::new(Config::default()).unwrap();
    let mut market = Market::new(7, 150, 0.5);
    for n in 0..120 {
        walk.day(day(n), &market.day(0)).unwrap();
    }
    let scores = walk.scores(day(70), day(119));
    for model in Model::ALL {
        let score = scores
            .iter()
            .find(|s| {
                s.model == model && s.class.is_none() && s.target.column() == "target_tx_3d_ahead"
            })
            .unwrap();
        assert_eq!(score.count, 50 * 150);
        assert!(score.rmse > 0.48, "{}: {}", model.name(), score.rmse);
        // A level is worth knowing: nobody is far off either.
        assert!(score.rmse < 0.65, "{}: {}", model.name(), score.rmse);
    }
}
