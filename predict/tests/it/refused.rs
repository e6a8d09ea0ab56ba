//! What is refused leaves the walk as it was.

use crate::market::{day, observed, pool};
use tidegauge_predict::{Config, PredictError, Walk};

#[test]
fn what_no_day_can_have() {
    let mut walk = Walk::new(Config::default()).unwrap();
    walk.day(day(5), &[observed(1, 1, 1, 1)]).unwrap();
    let before = walk.clone();
    let one = observed(1, 1, 1, 1);
    for last in [day(5), day(4)] {
        let error = walk.day(last, &[one]).unwrap_err();
        assert!(matches!(error, PredictError::OutOfOrder { .. }));
    }
    let error = walk
        .day(day(6), &[one, observed(2, 1, 1, 1), one])
        .unwrap_err();
    assert_eq!(
        error,
        PredictError::Twice {
            day: day(6),
            pool: pool(1)
        }
    );
    for bad in [f64::NAN, f64::INFINITY, -1.0] {
        let mut row = observed(2, 1, 1, 1);
        row.fee_return = Some(bad);
        let error = walk.day(day(6), &[one, row]).unwrap_err();
        assert!(matches!(error, PredictError::Impossible { .. }), "{bad}");
    }
    assert_eq!(walk, before);
}

#[test]
fn settings_out_of_range() {
    let with = |training_days, penalties: &[f64]| {
        Walk::new(Config {
            training_days,
            penalties: penalties.to_vec(),
        })
    };
    assert!(with(42, &[1.0]).is_ok());
    for (days, penalties) in [
        (41, [1.0, 2.0].as_slice()),
        (731, &[1.0]),
        (180, &[]),
        (180, &[0.0]),
        (180, &[2.0, 1.0]),
        (180, &[f64::NAN]),
        (180, &[1.0; 17]),
    ] {
        let refused = with(days, penalties);
        assert!(matches!(refused, Err(PredictError::Setting { .. })));
    }
}
