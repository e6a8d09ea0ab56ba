//! Which day's job is due, by the clock that is handed in.

use crate::config::DailyAt;
use std::collections::BTreeSet;
use tidegauge_model::{Day, UnixSeconds};

/// Days before the last final one that are made good after a long absence; of earlier ones the job
/// is left out.
const MADE_GOOD_DAYS: u32 = 365;

/// The next day to work on: the first one without a job that has ended, after the earliest that has
/// one; the last final day where none has. `None`: none is due.
pub(super) fn next_day(
    at: DailyAt,
    now: UnixSeconds,
    first_whole: Day,
    last_final: Option<Day>,
    ended: &BTreeSet<Day>,
) -> Option<Day> {
    let oldest = last_final.map_or(first_whole, |last| last.minus_days(MADE_GOOD_DAYS));
    let oldest = oldest.max(first_whole);
    let mut next = match ended.range(oldest..).next() {
        // Those before are too old.
        Some(_) if ended.range(..oldest).next().is_some() => oldest,
        Some(earliest) => *earliest,
        None if ended.is_empty() => last_final?.max(oldest),
        None => oldest,
    };
    while ended.contains(&next) {
        next = next.plus_days(1);
    }
    (next <= at.last_due(now)?).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: u32) -> Day {
        "2024-01-05".parse::<Day>().unwrap().plus_days(number)
    }

    #[test]
    fn days_are_due_one_after_the_other() {
        let at: DailyAt = "06:00".parse().unwrap();
        let morning = |n: u32, seconds: i64| {
            UnixSeconds((at.of(day(n)).0.cast_signed() + seconds).cast_unsigned())
        };
        let days = |of: &[u32]| of.iter().copied().map(day).collect::<BTreeSet<_>>();
        for (now, last_final, ended, expected) in [
            // Before any: the last final day, once it is due.
            (morning(9, 0), Some(9), &[][..], Some(9)),
            (morning(9, -1), Some(9), &[], None),
            (morning(9, 0), None, &[], None),
            // Then one after the other, whether final already or not.
            (morning(9, 0), Some(9), &[8], Some(9)),
            (morning(9, 0), Some(9), &[8, 9], None),
            (morning(10, 0), Some(9), &[8, 9], Some(10)),
            (morning(12, 0), Some(9), &[8, 9], Some(10)),
            // A later one that was done by hand leaves none out.
            (morning(12, 0), Some(12), &[5, 6, 12], Some(7)),
            (morning(12, 0), Some(12), &[5, 6, 7, 8, 9, 10, 11, 12], None),
            // After an absence all of them, after a very long one those of a year.
            (morning(100, 0), Some(9), &[9], Some(10)),
            (morning(999, 0), Some(999), &[9], Some(634)),
            (morning(999, 0), Some(999), &[9, 634], Some(635)),
            // An early one by hand, and all that came after.
            (morning(9, 0), Some(9), &[2, 9], Some(3)),
        ] {
            let last_final = last_final.map(day);
            let found = next_day(at, now, day(0), last_final, &days(ended));
            assert_eq!(found, expected.map(day), "{now} {ended:?}");
        }
        let begun_late = next_day(at, morning(9, 0), day(4), Some(day(9)), &days(&[1]));
        assert_eq!(begun_late, Some(day(4)));
    }
}
