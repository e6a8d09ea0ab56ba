//! The same days give the same bits: in any order of pools, and after a restart.

use crate::market::{Market, bits, day};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use tidegauge_predict::{Config, PredictError, Walk};

#[test]
fn neither_order_nor_restarts_change_a_bit() {
    let mut walks = [(); 3].map(|()| Walk::new(Config::default()).unwrap());
    let mut market = Market::new(3, 60, 0.6);
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for n in (0..90).filter(|n| n % 31 != 30) {
        let mut rows = market.day(8);
        let [plain, shuffled, restarted] = &mut walks;
        let expected = plain.day(day(n), &rows).unwrap();
        rows.shuffle(&mut rng);
        let found = shuffled.day(day(n), &rows).unwrap();
        assert_eq!(bits(&found.forecasts), bits(&expected.forecasts));
        assert_eq!(found, expected);
        if n % 7 == 3 {
            let saved = restarted.save().unwrap();
            *restarted = Walk::restore(&saved).unwrap();
            assert_eq!(restarted.save().unwrap(), saved);
        }
        let found = restarted.day(day(n), &rows).unwrap();
        assert_eq!(bits(&found.forecasts), bits(&expected.forecasts));
        assert_eq!(found, expected);
        // Ridge begins once a fold could be tried, and then forecasts every target.
        assert!(n > 10 || expected.fits.is_empty(), "day {n}");
        assert!(n < 29 || expected.fits.len() == 8, "day {n}");
    }
    assert_eq!(walks[0], walks[1]);
    assert_eq!(walks[0], walks[2]);
    assert_eq!(walks[0].save(), walks[1].save());
}

#[test]
fn damaged_bytes_are_refused_or_read_and_never_panic() {
    let mut walk = Walk::new(Config::default()).unwrap();
    let mut market = Market::new(5, 12, 0.6);
    for n in 0..45 {
        walk.day(day(n), &market.day(8)).unwrap();
    }
    let rows = market.day(8);
    let saved = walk.save().unwrap();
    let mut refused = 0;
    for at in (0..saved.len()).step_by(saved.len() / 400) {
        let short = Walk::restore(&saved[..at]);
        assert!(matches!(short, Err(PredictError::Unreadable { .. })));
        let mut damaged = saved.clone();
        damaged[at] ^= 0x55;
        match Walk::restore(&damaged) {
            Ok(mut walk) => drop(walk.day(day(50), &rows)),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 0);
    let more = [saved, vec![0]].concat();
    assert!(Walk::restore(&more).is_err());
}
