//! What happened of late.

use proptest::prelude::*;
use tidegauge_alerts::{RecentGreatest, RecentTotals};
use tidegauge_model::UnixSeconds;

#[test]
fn totals_count_within_their_span_and_begin_anew_with_a_process() {
    let mut recent = RecentTotals::<2>::new(60);
    let mut read = |totals, at| recent.read(totals, UnixSeconds(at));
    assert_eq!(read([100, 90], 1_000), [0, 0]);
    assert_eq!(read([110, 95], 1_030), [10, 5]);
    assert_eq!(read([150, 130], 1_060), [50, 40]);
    // The first reading is out of the span, and is what the span began with no longer.
    assert_eq!(read([160, 140], 1_090), [50, 45]);
    assert_eq!(read([3, 2], 1_100), [0, 0]);
    assert_eq!(read([5, 2], 1_110), [2, 0]);
}

proptest! {
    #[test]
    fn the_greatest_is_that_of_a_plain_list(
        steps in proptest::collection::vec((0_u64..30, proptest::option::of(0_u64..100)), 0..200),
    ) {
        let mut recent = RecentGreatest::new(100);
        let (mut now, mut list) = (1_000, Vec::new());
        for (passed, size) in steps {
            now += passed;
            if let Some(size) = size {
                recent.happened(size, UnixSeconds(now));
                list.push((now, size));
            }
            let of_late = list.iter().filter(|(at, _)| now - at < 100);
            let expected = of_late.map(|(_, size)| *size).max().unwrap_or(0);
            prop_assert_eq!(recent.greatest(UnixSeconds(now)), expected);
        }
    }
}
