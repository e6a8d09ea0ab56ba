//! Which days the store knows whole.

use crate::error::Error;
use tidegauge_features::Horizon;
use tidegauge_model::{BlockNumber, BlockRange, Day, UnixSeconds};
use tidegauge_storage::View;

/// The days of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whole {
    /// The day of the first block on record.
    pub(crate) begins: Day,
    /// The first day of which every block is known, if it has ended.
    pub(crate) first: Day,
    /// The last day of which every block is known; `None` if there is none.
    pub(crate) last: Option<Day>,
    /// The last day of which anything is known.
    pub(crate) ends: Day,
    /// What is before the first block.
    pub(crate) horizon: Horizon,
    /// Every block with a timestamp below this is known.
    pub(crate) until: UnixSeconds,
}

impl Whole {
    /// From what the store has closed; an empty store is refused, and one that is not derived yet.
    pub(crate) fn read(view: &View<'_>) -> Result<Self, Error> {
        let empty = || {
            Error::Failed(
                "the store is empty: collect something first, e.g. tidegauge backfill --last 8d"
                    .to_owned(),
            )
        };
        let all = BlockRange {
            from: view.start().ok_or_else(empty)?,
            to: BlockNumber(u64::MAX),
        };
        let first = view.blocks(all)?.next().transpose()?.ok_or_else(empty)?;
        let last = view.blocks_backwards()?.next().transpose()?;
        let last = last.ok_or_else(empty)?;
        let horizon = view.horizon().ok_or_else(|| {
            Error::Failed(
                "nothing was computed yet from what the store holds: tidegauge run does it, or tidegauge features --rebuild"
                    .to_owned(),
            )
        })?;
        let mut closed = None;
        for day in view.calendar()? {
            let day = day?;
            closed = day.whole.then_some(day.day).or(closed);
        }
        Ok(Self::of(
            horizon,
            first.1.timestamp,
            last.1.timestamp,
            closed,
        ))
    }

    fn of(horizon: Horizon, from: UnixSeconds, newest: UnixSeconds, closed: Option<Day>) -> Self {
        let begins = Day::of(from);
        let first = horizon.first_whole_day().max(begins);
        let last = closed.filter(|day| first <= *day);
        Self {
            begins,
            first,
            last,
            ends: Day::of(newest).max(last.unwrap_or(begins)),
            horizon,
            until: newest.max(last.map_or(newest, Day::end)),
        }
    }

    /// The last whole day; `None` if there is none.
    pub(crate) fn last(&self) -> Option<Day> {
        self.last
    }

    /// Whether every block of a day is known.
    pub(crate) fn holds(&self, day: Day) -> bool {
        self.first <= day && self.last.is_some_and(|last| day <= last)
    }

    /// As `whole days 2024-01-05 to 2024-01-09`, or that there are none.
    pub(crate) fn text(&self) -> String {
        match self.last() {
            Some(last) => format!("whole days {} to {last}", self.first),
            None => "no whole day yet".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_is_whole_once_it_is_closed() {
        let noon = |text: &str| UnixSeconds(day(text).start().0 + 43_200);
        for (after, newest, closed, first, last, ends) in [
            (
                None,
                noon("2024-01-08"),
                Some("2024-01-07"),
                "2024-01-05",
                Some("2024-01-07"),
                "2024-01-08",
            ),
            (
                Some(noon("2024-01-05")),
                noon("2024-01-08"),
                Some("2024-01-07"),
                "2024-01-06",
                Some("2024-01-07"),
                "2024-01-08",
            ),
            // The block before the first was the last of the day before.
            (
                Some(noon("2024-01-04")),
                noon("2024-01-06"),
                Some("2024-01-05"),
                "2024-01-05",
                Some("2024-01-05"),
                "2024-01-06",
            ),
            // The block after the last is of the next day: the tip's day is whole.
            (
                None,
                noon("2024-01-08"),
                Some("2024-01-08"),
                "2024-01-05",
                Some("2024-01-08"),
                "2024-01-08",
            ),
            // Closed, and not whole.
            (
                Some(noon("2024-01-05")),
                noon("2024-01-06"),
                Some("2024-01-05"),
                "2024-01-06",
                None,
                "2024-01-06",
            ),
            (
                None,
                noon("2024-01-05"),
                None,
                "2024-01-05",
                None,
                "2024-01-05",
            ),
        ] {
            let horizon = Horizon { after };
            let whole = Whole::of(horizon, noon("2024-01-05"), newest, closed.map(day));
            assert_eq!(
                (whole.first, whole.ends),
                (day(first), day(ends)),
                "{whole:?}"
            );
            assert_eq!(whole.last(), last.map(day), "{whole:?}");
            assert!(whole.until >= newest && last.is_none_or(|l| whole.until >= day(l).end()));
            assert!(!whole.holds(whole.first.minus_days(1)));
            assert_eq!(whole.holds(whole.first), last.is_some());
        }
    }
}
