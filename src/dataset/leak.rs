//! The proof, row by row, that nothing of the future is in it.

use super::split::Set;
use tidegauge_features::{Cell, HORIZON_DAYS, PoolDay, Status, TARGET_COLUMNS};
use tidegauge_model::{Day, UnixSeconds};

/// What was proven so far.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct LeakCheck {
    /// Rows that passed.
    pub(super) rows: u64,
    /// Of these, rows with labels that lie before the next set.
    pub(super) labelled: u64,
}

impl LeakCheck {
    /// Checks a row of a set: its newest input lies before its labels begin, its labels end before
    /// the next set begins, and no label is there of days that are not whole.
    pub(super) fn check(
        &mut self,
        row: &PoolDay,
        newest_input: UnixSeconds,
        set: &Set,
        last_whole: Option<Day>,
    ) -> Result<(), String> {
        let what = || format!("{} of pool {} in {}", row.day, row.pool, set.name);
        // Labels begin with the first second of the day after.
        let labels_begin = row.day.end();
        if newest_input >= labels_begin {
            return Err(format!(
                "{}: its newest input, block {}, is of second {newest_input}, and its labels begin at {labels_begin}",
                what(),
                row.as_of_block
            ));
        }
        if !set.days.holds(row.day) {
            return Err(format!("{}: the set has days {}", what(), set.days));
        }
        let labels_end = row.day.plus_days(HORIZON_DAYS);
        if let Some(next) = set.next.filter(|next| labels_end >= *next) {
            return Err(format!(
                "{}: its labels reach to {labels_end}, and the next set begins on {next}",
                what()
            ));
        }
        let mut labelled = false;
        for (column, cell) in TARGET_COLUMNS.iter().zip(row.targets.cells()) {
            if cell == Cell::Null {
                continue;
            }
            labelled = true;
            let until = row.day.plus_days(horizon(column.name));
            if last_whole.is_none_or(|last| until > last) || row.status == Status::Partial {
                return Err(format!(
                    "{}: {} is there, and {until} is not whole",
                    what(),
                    column.name
                ));
            }
        }
        self.rows += 1;
        self.labelled += u64::from(labelled);
        Ok(())
    }
}

/// How far ahead a target looks, by its name (`…_3d…`); the longest where it does not say.
fn horizon(name: &str) -> u32 {
    name.split('_')
        .find_map(|part| part.strip_suffix('d')?.parse().ok())
        .unwrap_or(HORIZON_DAYS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::days::DaySpan;
    use tidegauge_features::{DailyRow, TargetRow};
    use tidegauge_model::{BlockNumber, PoolId};

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn set() -> Set {
        Set {
            name: "train".to_owned(),
            days: DaySpan {
                from: day("2024-01-01"),
                to: day("2024-01-20"),
            },
            purged_days: 8,
            next: Some(day("2024-01-29")),
        }
    }

    fn row() -> PoolDay {
        PoolDay {
            pool: PoolId::default(),
            day: day("2024-01-20"),
            row: DailyRow::default(),
            targets: TargetRow {
                target_tx_3d_ahead: Some(1),
                target_fee_apr_7d: Some(0.5),
                ..TargetRow::default()
            },
            status: Status::Final,
            as_of_block: BlockNumber(7),
        }
    }

    #[test]
    fn every_target_says_how_far_it_looks() {
        for column in TARGET_COLUMNS {
            assert!(column.name.contains("_3d") || column.name.contains("_7d"));
            let days = horizon(column.name);
            assert_eq!(days, if column.name.contains("_3d") { 3 } else { 7 });
        }
    }

    #[test]
    fn an_honest_row_passes() {
        let mut check = LeakCheck::default();
        let last_second = UnixSeconds(row().day.end().0 - 1);
        let last = Some(day("2024-01-27"));
        check.check(&row(), last_second, &set(), last).unwrap();
        let unlabelled = PoolDay {
            targets: TargetRow::default(),
            ..row()
        };
        check.check(&unlabelled, last_second, &set(), None).unwrap();
        assert_eq!((check.rows, check.labelled), (2, 1));
    }

    #[test]
    fn a_doctored_row_is_found() {
        let last_second = UnixSeconds(row().day.end().0 - 1);
        let last = Some(day("2024-01-27"));
        let early_next = Set {
            next: Some(day("2024-01-27")),
            ..set()
        };
        let other_day = PoolDay {
            day: day("2024-01-21"),
            ..row()
        };
        let partial = PoolDay {
            status: Status::Partial,
            ..row()
        };
        let cases: [(PoolDay, UnixSeconds, Set, Option<Day>, &str); 5] = [
            (row(), row().day.end(), set(), last, "newest input"),
            (
                row(),
                last_second,
                early_next,
                last,
                "labels reach to 2024-01-27",
            ),
            (other_day, last_second, set(), last, "the set has days"),
            (
                row(),
                last_second,
                set(),
                Some(day("2024-01-26")),
                "target_fee_apr_7d is there",
            ),
            (partial, last_second, set(), last, "is not whole"),
        ];
        for (row, newest, set, last, words) in cases {
            let mut check = LeakCheck::default();
            let said = check.check(&row, newest, &set, last).unwrap_err();
            assert!(said.contains(words), "{said}");
            assert_eq!(check, LeakCheck::default());
        }
    }
}
