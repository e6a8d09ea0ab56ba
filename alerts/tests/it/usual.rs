//! What is usual, and how strange something is.

use tidegauge_alerts::Usual;

#[test]
fn a_score_is_the_robust_one_of_logarithms() {
    // ln(1 + x) = 1, 2, 3, 4, 5: median 3, deviations 2 1 0 1 2, their median 1.
    let amounts: Vec<f64> = (1..=5).map(|n| f64::from(n).exp_m1()).collect();
    let usual = Usual::of(&amounts).unwrap();
    assert_eq!(usual.count(), 5);
    assert!((usual.median() - 3_f64.exp_m1()).abs() < 1e-9);
    // 0.6745 × (7 − 3) / 1.
    let score = usual.z_score(7_f64.exp_m1());
    assert!(
        (score - 0.674_489_750_196_081_7 * 4.0).abs() < 1e-9,
        "{score}"
    );
    assert!((usual.z_score(3_f64.exp_m1())).abs() < 1e-9);
}

#[test]
fn equal_weeks_do_not_make_everything_strange() {
    let usual = Usual::of(&[1e6; 8]).unwrap();
    assert!(usual.z_score(1.1e6).abs() < 1.0);
    assert!(usual.z_score(3e6) > 5.0 && usual.z_score(3e5) < -5.0);
    assert!(usual.z_score(0.0).is_finite());
}

#[test]
fn amounts_that_are_none_give_nothing() {
    for amounts in [&[][..], &[-1.0], &[f64::NAN, 1.0], &[f64::INFINITY]] {
        assert!(Usual::of(amounts).is_none(), "{amounts:?}");
    }
}
