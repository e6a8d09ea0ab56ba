//! Which day's job is due, by the clock that is handed in.

use crate::config::DailyAt;
use tidegauge_model::{Day, UnixSeconds};

/// Days before the last final one that are made good after a long absence; of earlier ones the job
/// is left out.
const MADE_GOOD_DAYS: u32 = 365;

/// The next day to work on: the one after the last that ended, or the last final day where
/// none ever did; `None`: none is due.
pub(super) fn next_day(
    at: DailyAt,
    now: UnixSeconds,
    first_whole: Day,
    last_final: Option<Day>,
    last_ended: Option<Day>,
) -> Option<Day> {
    let last_due = at.last_due(now)?;
    let next = match last_ended {
        Some(ended) => ended.plus_days(1),
        None => last_final?,
    };
    let oldest = last_final.map_or(first_whole, |last| last.minus_days(MADE_GOOD_DAYS));
    let next = next.max(first_whole).max(oldest);
    (next <= last_due).then_some(next)
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
        let final_day = Some(day(9));
        for (now, last_final, last_ended, expected) in [
            // Before any: the last final day, once it is due.
            (morning(9, 0), final_day, None, Some(day(9))),
            (morning(9, -1), final_day, None, None),
            (morning(9, 0), None, None, None),
            // Then one after the other, whether final already or not.
            (morning(9, 0), final_day, Some(day(8)), Some(day(9))),
            (morning(9, 0), final_day, Some(day(9)), None),
            (morning(10, 0), final_day, Some(day(9)), Some(day(10))),
            (morning(12, 0), final_day, Some(day(9)), Some(day(10))),
            // After an absence all of them, after a very long one those of a year.
            (morning(100, 0), final_day, Some(day(9)), Some(day(10))),
            (
                morning(999, 0),
                Some(day(999)),
                Some(day(9)),
                Some(day(634)),
            ),
        ] {
            assert_eq!(
                next_day(at, now, day(0), last_final, last_ended),
                expected,
                "{now}"
            );
        }
        let begun_late = next_day(at, morning(9, 0), day(4), final_day, Some(day(1)));
        assert_eq!(begun_late, Some(day(4)));
    }
}
