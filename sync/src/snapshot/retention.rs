//! Which snapshots stay: the newest of each of the last hours, days and months that have one.

use std::collections::BTreeSet;
use tidegauge_model::{Day, UnixSeconds};

const SECONDS_PER_HOUR: u64 = 3_600;

/// How many snapshots stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keep {
    /// The newest of each of so many hours that have one.
    pub hourly: usize,
    /// Likewise of days.
    pub daily: usize,
    /// Likewise of months.
    pub monthly: usize,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            hourly: 48,
            daily: 35,
            monthly: 12,
        }
    }
}

impl Keep {
    /// Which of these stay, whose times come newest first; the newest always does.
    pub(super) fn stays(self, made_at: &[UnixSeconds]) -> Vec<bool> {
        let month = |at: UnixSeconds| {
            let (year, month, _) = Day::of(at).civil();
            u64::from(year) * 12 + u64::from(month)
        };
        let rules: [(usize, &dyn Fn(UnixSeconds) -> u64); 3] = [
            (self.hourly, &|at| at.0 / SECONDS_PER_HOUR),
            (self.daily, &|at| u64::from(Day::of(at).number())),
            (self.monthly, &month),
        ];
        let mut stays: Vec<bool> = made_at.iter().map(|_| false).collect();
        if let Some(newest) = stays.first_mut() {
            *newest = true;
        }
        for (most, spell) in rules {
            let mut spells = BTreeSet::new();
            for (stays, at) in stays.iter_mut().zip(made_at) {
                if spells.len() == most {
                    break;
                }
                *stays |= spells.insert(spell(*at));
            }
        }
        stays
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: u64 = SECONDS_PER_HOUR;
    const DAY: u64 = 24 * HOUR;

    fn stays(keep: Keep, made_at: &[u64]) -> Vec<u64> {
        let times: Vec<_> = made_at.iter().copied().map(UnixSeconds).collect();
        let stays = keep.stays(&times);
        made_at
            .iter()
            .zip(stays)
            .filter_map(|(at, stays)| stays.then_some(*at))
            .collect()
    }

    #[test]
    fn a_year_of_hours_leaves_hours_days_and_months() {
        // Hourly over 400 days, on the hour, newest first.
        let end = 20_000 * DAY;
        let times: Vec<u64> = (0..400 * 24).map(|n| end - n * HOUR).collect();
        let found = stays(Keep::default(), &times);
        assert_eq!(found[..48], times[..48]);
        let days: BTreeSet<u64> = found.iter().map(|at| at / DAY).collect();
        // The days reach from the 4th of October back to the 31st of August: three months have
        // their newest there. The hours have the newest of three days.
        assert_eq!(days.len(), 35 + 12 - 3);
        assert_eq!(found.len(), 48 + (35 - 3) + (12 - 3));
    }

    #[test]
    fn the_newest_always_stays() {
        let none = Keep {
            hourly: 0,
            daily: 0,
            monthly: 0,
        };
        assert_eq!(stays(none, &[]), Vec::<u64>::new());
        assert_eq!(stays(none, &[9 * DAY, 8 * DAY]), vec![9 * DAY]);
        let two = Keep { hourly: 2, ..none };
        let within = 100 * HOUR;
        assert_eq!(
            stays(
                two,
                &[within + 30, within + 20, within - 10, within - HOUR - 1]
            ),
            vec![within + 30, within - 10]
        );
    }

    proptest! {
        #[test]
        fn never_more_than_asked_for_and_never_less_than_the_newest(
            mut times in proptest::collection::vec(0u64..4_000_000_000, 1..200),
            hourly in 0usize..20, daily in 0usize..20, monthly in 0usize..5,
        ) {
            times.sort_unstable_by(|a, b| b.cmp(a));
            let found = stays(Keep { hourly, daily, monthly }, &times);
            prop_assert!(found.len() <= (hourly + daily + monthly).max(1));
            prop_assert_eq!(found.first(), times.first());
        }
    }
}
