//! Which days the store knows whole.

use crate::error::Error;
use tidegauge_features::Horizon;
use tidegauge_model::{BlockNumber, BlockRange, Day, UnixSeconds};
use tidegauge_storage::View;

/// The days of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whole {
    /// The day of the first block that is known.
    pub(crate) begins: Day,
    /// The first day of which every block is known, if it has ended.
    pub(crate) first: Day,
    /// The day of the tip: every day before it has ended.
    pub(crate) tip: Day,
    /// What is before the first block.
    pub(crate) horizon: Horizon,
    /// Every block with a timestamp below this is known.
    pub(crate) until: UnixSeconds,
}

impl Whole {
    /// From the first and last blocks on record; an empty store is refused.
    pub(crate) fn read(view: &View<'_>) -> Result<Self, Error> {
        let empty = || {
            Error::Failed(
                "the store is empty: collect something first, e.g. tidegauge backfill --last 8d"
                    .to_owned(),
            )
        };
        let start = view.start().ok_or_else(empty)?;
        let all = BlockRange {
            from: start,
            to: BlockNumber(u64::MAX),
        };
        let first = view.blocks(all)?.next().transpose()?.ok_or_else(empty)?;
        let last = view.blocks_backwards()?.next().transpose()?;
        let last = last.ok_or_else(empty)?.1.timestamp;
        // The block after the tip may have ended its day.
        let ended = view.closed_day(Day::of(last))?.map(|closed| closed.day.end());
        let begins = first.1.timestamp;
        // Before the genesis block there is nothing to miss.
        let after = (start > BlockNumber(0)).then_some(begins);
        let horizon = view.horizon().unwrap_or(Horizon { after });
        Ok(Self::of(begins, horizon, ended.unwrap_or(last)))
    }

    fn of(begins: UnixSeconds, horizon: Horizon, until: UnixSeconds) -> Self {
        let begins = Day::of(begins);
        Self {
            begins,
            first: horizon.first_whole_day().max(begins),
            tip: Day::of(until),
            horizon,
            until,
        }
    }

    /// The last whole day; `None` if there is none.
    pub(crate) fn last(&self) -> Option<Day> {
        (self.first < self.tip).then(|| self.tip.minus_days(1))
    }

    /// Whether every block of a day is known.
    pub(crate) fn holds(&self, day: Day) -> bool {
        self.first <= day && day < self.tip
    }

    /// As `2024-01-05 to 2024-01-09`, or that there are none.
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
    fn a_day_is_whole_between_its_neighbours() {
        let noon = |text: &str| UnixSeconds(day(text).start().0 + 43_200);
        let none = Horizon { after: None };
        let after = |text: &str| Horizon {
            after: Some(UnixSeconds(day(text).end().0 - 5)),
        };
        for (horizon, until, first, last) in [
            (none, noon("2024-01-08"), "2024-01-05", Some("2024-01-07")),
            (after("2024-01-05"), noon("2024-01-08"), "2024-01-06", Some("2024-01-07")),
            (after("2024-01-04"), noon("2024-01-08"), "2024-01-05", Some("2024-01-07")),
            (after("2024-01-05"), noon("2024-01-06"), "2024-01-06", None),
            (
                after("2024-01-05"),
                day("2024-01-07").start(),
                "2024-01-06",
                Some("2024-01-06"),
            ),
            (none, noon("2024-01-05"), "2024-01-05", None),
        ] {
            let whole = Whole::of(noon("2024-01-05"), horizon, until);
            assert_eq!(whole.first, day(first));
            assert_eq!(whole.last(), last.map(day), "{whole:?}");
            assert_eq!(
                last.is_some_and(|last| whole.holds(day(last))),
                last.is_some()
            );
            assert!(!whole.holds(whole.tip));
        }
    }
}
