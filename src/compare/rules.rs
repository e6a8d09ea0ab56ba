//! The rule behind each reason: it looks at both tables and nothing else but the store's raw rows.
//! What no rule explains is counted as unexplained.

use super::reason::Reason;
use super::rows::DayRows;
use tidegauge_model::{Day, PoolId};

/// Both sides round, and add in other orders.
const TOLERANCE: f64 = 1e-9;

/// Distinct users of a pool's day by the fields of its logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Users {
    /// Callers of the pool.
    pub(crate) senders: u64,
    /// Receivers of the output.
    pub(crate) recipients: u64,
}

/// Both tables, and where the counts stand in their rows.
pub(super) struct Rules<'a> {
    pub(super) theirs: &'a DayRows,
    pub(super) ours: &'a DayRows,
    pub(super) tx_count: usize,
    pub(super) last_day: Day,
}

impl Rules<'_> {
    /// The reason for one cell; `at` is the column's place among the numbers.
    pub(super) fn of(
        &self,
        column: &str,
        at: usize,
        pool: PoolId,
        day: Day,
        users: &mut dyn FnMut() -> Option<Users>,
    ) -> Option<Reason> {
        let theirs = self.theirs.number(pool, day, at);
        let ours = self.ours.number(pool, day, at);
        match column {
            "tx_count" => self.count(pool, day),
            "unique_users" => {
                if self.counts_agree(pool, day) {
                    by_users(theirs?, users()?)
                } else {
                    self.count(pool, day).or(Some(Reason::CountsDiffer))
                }
            }
            "tx_count_3d_avg" => self.window(pool, day, 3, theirs?, mean),
            "tx_count_7d_avg" => self.window(pool, day, 7, theirs?, mean),
            "tx_count_7d_std" | "tx_growth_rate"
                if theirs == Some(0.0) && ours.is_none() && self.is_first(pool, day) =>
            {
                Some(Reason::FirstRow)
            }
            "tx_count_7d_std" => self.window(pool, day, 7, theirs?, deviation),
            "tx_growth_rate" => self.window(pool, day, 2, theirs?, |rows| match rows {
                [now, before] => Some(now / before - 1.0),
                _ => None,
            }),
            "tx_count_cumulative" | "days_since_start" | "day_number" => {
                self.since_start(pool, day, at)
            }
            "target_tx_3d_ahead" => self.label(pool, day, 3, theirs, ours, last),
            "target_tx_7d_ahead" => self.label(pool, day, 7, theirs, ours, last),
            "target_tx_3d_avg_ahead" => self.label(pool, day, 3, theirs, ours, mean),
            "target_tx_7d_avg_ahead" => self.label(pool, day, 7, theirs, ours, mean),
            _ => None,
        }
    }

    fn counts_agree(&self, pool: PoolId, day: Day) -> bool {
        let of = |rows: &DayRows| rows.number(pool, day, self.tx_count).unwrap_or(0.0);
        of(self.theirs) == of(self.ours)
    }

    fn is_first(&self, pool: PoolId, day: Day) -> bool {
        self.theirs.back(pool, day).nth(1).is_none()
    }

    fn count(&self, pool: PoolId, day: Day) -> Option<Reason> {
        let theirs = self.theirs.number(pool, day, self.tx_count).unwrap_or(0.0);
        let ours = self.ours.number(pool, day, self.tx_count).unwrap_or(0.0);
        if day == self.last_day && theirs < ours {
            Some(Reason::PartialLastDay)
        } else if theirs == 0.0 && ours > 0.0 {
            Some(Reason::FailedRequest)
        } else {
            None
        }
    }

    /// A number over the last rows up to and with a day.
    fn window(
        &self,
        pool: PoolId,
        day: Day,
        rows: u32,
        value: f64,
        of: impl Fn(&[f64]) -> Option<f64>,
    ) -> Option<Reason> {
        let last: Vec<(Day, f64)> = self
            .theirs
            .back(pool, day)
            .take(rows as usize)
            .filter_map(|(day, row)| Some((day, row.numbers.get(self.tx_count).copied()??)))
            .collect();
        let counts: Vec<f64> = last.iter().map(|(_, count)| *count).collect();
        let spans_gap = last
            .last()
            .is_some_and(|(first, _)| (day.number() - first.number()) as usize >= last.len());
        if spans_gap && of(&counts).is_some_and(|by_rows| is_near(by_rows, value)) {
            return Some(Reason::WindowOverRows);
        }
        let differ = (0..rows).any(|back| !self.counts_agree(pool, day.minus_days(back)));
        differ.then_some(Reason::CountsDiffer)
    }

    /// A number over the rows after a day.
    fn label(
        &self,
        pool: PoolId,
        day: Day,
        days: u32,
        theirs: Option<f64>,
        ours: Option<f64>,
        of: impl Fn(&[f64]) -> Option<f64>,
    ) -> Option<Reason> {
        let end = day.plus_days(days);
        let after: Vec<(Day, f64)> = self
            .theirs
            .ahead(pool, day)
            .take(days as usize)
            .filter_map(|(day, row)| Some((day, row.numbers.get(self.tx_count).copied()??)))
            .collect();
        let Some(theirs) = theirs else {
            return if end > self.last_day {
                Some(Reason::FileEnds)
            } else {
                (after.len() < days as usize).then_some(Reason::LabelOverRows)
            };
        };
        let counts: Vec<f64> = after.iter().map(|(_, count)| *count).collect();
        // Their rolling mean runs over the shifted rows, of which the first are not there.
        let before = self.theirs.back(pool, day).take(days as usize).count();
        let shifted = counts.get((days as usize).saturating_sub(before)..);
        let by_days = after.len() == days as usize && after.last().is_some_and(|(d, _)| *d == end);
        let is_theirs = |rows: &[f64]| of(rows).is_some_and(|value| is_near(value, theirs));
        let by_rows = is_theirs(&counts);
        if !by_rows && shifted.is_some_and(is_theirs) {
            return Some(Reason::LabelOverRows);
        }
        if by_rows && !by_days {
            return Some(Reason::LabelOverRows);
        }
        if ours.is_none() {
            return Some(Reason::LabelNotRipe);
        }
        let short = |day: Day| self.count(pool, day) == Some(Reason::PartialLastDay);
        if by_rows && end >= self.last_day && short(self.last_day) {
            return Some(Reason::PartialLastDay);
        }
        let differ = (1..=days).any(|n| !self.counts_agree(pool, day.plus_days(n)));
        (by_rows && differ).then_some(Reason::CountsDiffer)
    }

    /// A number that counts from the first day on: off by as much as in the pool's first row that
    /// both have, or by what the counts since then differ.
    fn since_start(&self, pool: PoolId, day: Day, at: usize) -> Option<Reason> {
        let off = |day: Day| {
            let theirs = self.theirs.number(pool, day, at)?;
            Some(theirs - self.ours.number(pool, day, at)?)
        };
        let now = off(day)?;
        let days = self.theirs.back(pool, day).map(|(day, _)| day);
        let both: Vec<Day> = days.filter(|day| off(*day).is_some()).collect();
        let first = both.last().copied()?;
        if off(first).is_some_and(|then| then != 0.0 && then == now) {
            return Some(Reason::OtherStart);
        }
        let differ = both.iter().any(|day| !self.counts_agree(pool, *day));
        differ.then_some(Reason::CountsDiffer)
    }
}

fn by_users(theirs: f64, users: Users) -> Option<Reason> {
    if theirs == users.senders as f64 {
        Some(Reason::UsersAreSenders)
    } else if theirs == users.recipients as f64 {
        Some(Reason::UsersAreRecipients)
    } else {
        None
    }
}

/// Whether two numbers differ by no more than rounding.
pub(super) fn is_near(a: f64, b: f64) -> bool {
    (a - b).abs() <= TOLERANCE * a.abs().max(b.abs())
}

fn last(rows: &[f64]) -> Option<f64> {
    rows.last().copied()
}

fn mean(rows: &[f64]) -> Option<f64> {
    (!rows.is_empty()).then(|| rows.iter().sum::<f64>() / rows.len() as f64)
}

/// Sample standard deviation, 0 of one row as they write it.
fn deviation(rows: &[f64]) -> Option<f64> {
    let mean = mean(rows)?;
    let squares: f64 = rows.iter().map(|x| (x - mean) * (x - mean)).sum();
    Some((squares / (rows.len().max(2) - 1) as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::super::rows::Numbers;
    use super::*;

    const POOL: PoolId = PoolId(tidegauge_model::Address::ZERO);
    /// Places of the test's numbers: the count, and the number in question.
    const COUNT: usize = 0;
    const VALUE: usize = 1;

    fn day(n: u32) -> Day {
        Day::of(tidegauge_model::UnixSeconds(0)).plus_days(n)
    }

    fn rows(rows: &[(u32, f64, Option<f64>)]) -> DayRows {
        let mut table = DayRows::default();
        for (n, count, value) in rows {
            let row = Numbers {
                numbers: [Some(*count), *value].into(),
                texts: [].into(),
            };
            assert!(table.put(POOL, day(*n), row));
        }
        table
    }

    fn reason(column: &str, theirs: &DayRows, ours: &DayRows, on: u32) -> Option<Reason> {
        let rules = Rules {
            theirs,
            ours,
            tx_count: COUNT,
            last_day: day(20),
        };
        let mut users = || {
            Some(Users {
                senders: 3,
                recipients: 5,
            })
        };
        let at = if column == "tx_count" { COUNT } else { VALUE };
        rules.of(column, at, POOL, day(on), &mut users)
    }

    type Row = (u32, f64, Option<f64>);

    #[test]
    fn each_reason_has_its_rule() {
        type Case<'a> = (&'a str, &'a [Row], &'a [Row], u32, Option<Reason>);
        let cases: &[Case<'_>] = &[
            (
                "tx_count",
                &[(20, 4.0, None)],
                &[(20, 9.0, None)],
                20,
                Some(Reason::PartialLastDay),
            ),
            (
                "tx_count",
                &[(9, 0.0, None)],
                &[(9, 9.0, None)],
                9,
                Some(Reason::FailedRequest),
            ),
            ("tx_count", &[(9, 8.0, None)], &[(9, 9.0, None)], 9, None),
            (
                "unique_users",
                &[(9, 8.0, Some(3.0))],
                &[(9, 8.0, Some(7.0))],
                9,
                Some(Reason::UsersAreSenders),
            ),
            (
                "unique_users",
                &[(9, 8.0, Some(5.0))],
                &[(9, 8.0, Some(7.0))],
                9,
                Some(Reason::UsersAreRecipients),
            ),
            (
                "unique_users",
                &[(9, 8.0, Some(6.0))],
                &[(9, 8.0, Some(7.0))],
                9,
                None,
            ),
            (
                "unique_users",
                &[(9, 7.0, Some(3.0))],
                &[(9, 8.0, Some(7.0))],
                9,
                Some(Reason::CountsDiffer),
            ),
            // Rows of days 1, 5 and 9 are no three days.
            (
                "tx_count_3d_avg",
                &[(1, 3.0, None), (5, 6.0, None), (9, 9.0, Some(6.0))],
                &[(1, 3.0, None), (5, 6.0, None), (9, 9.0, Some(3.0))],
                9,
                Some(Reason::WindowOverRows),
            ),
            // The same three days, so that rows are days: the count of one differs.
            (
                "tx_count_3d_avg",
                &[(7, 3.0, None), (8, 5.0, None), (9, 10.0, Some(6.0))],
                &[(7, 3.0, None), (8, 8.0, None), (9, 10.0, Some(7.0))],
                9,
                Some(Reason::CountsDiffer),
            ),
            (
                "tx_count_3d_avg",
                &[(7, 3.0, None), (8, 5.0, None), (9, 10.0, Some(1.0))],
                &[(7, 3.0, None), (8, 5.0, None), (9, 10.0, Some(6.0))],
                9,
                None,
            ),
            (
                "tx_count_7d_std",
                &[(1, 2.0, None), (9, 4.0, Some(2f64.sqrt()))],
                &[(1, 2.0, None), (9, 4.0, Some(1.0))],
                9,
                Some(Reason::WindowOverRows),
            ),
            (
                "tx_growth_rate",
                &[(1, 2.0, None), (9, 4.0, Some(1.0))],
                &[(1, 2.0, None), (9, 4.0, None)],
                9,
                Some(Reason::WindowOverRows),
            ),
            (
                "tx_growth_rate",
                &[(9, 4.0, Some(0.0))],
                &[(9, 4.0, None)],
                9,
                Some(Reason::FirstRow),
            ),
            (
                "days_since_start",
                &[(1, 1.0, Some(30.0)), (2, 1.0, Some(31.0))],
                &[(1, 1.0, Some(10.0)), (2, 1.0, Some(11.0))],
                2,
                Some(Reason::OtherStart),
            ),
            (
                "tx_count_cumulative",
                &[(1, 1.0, Some(1.0)), (2, 1.0, Some(2.0))],
                &[(1, 1.0, Some(1.0)), (2, 3.0, Some(4.0))],
                2,
                Some(Reason::CountsDiffer),
            ),
            (
                "target_tx_3d_ahead",
                &[
                    (1, 1.0, Some(8.0)),
                    (3, 4.0, None),
                    (5, 6.0, None),
                    (9, 8.0, None),
                ],
                &[
                    (1, 1.0, Some(0.0)),
                    (3, 4.0, None),
                    (5, 6.0, None),
                    (9, 8.0, None),
                ],
                1,
                Some(Reason::LabelOverRows),
            ),
            (
                "tx_count_7d_std",
                &[(9, 4.0, Some(0.0))],
                &[(9, 4.0, None)],
                9,
                Some(Reason::FirstRow),
            ),
            // The pool rests: there is no third row after, and there is a third day.
            (
                "target_tx_3d_ahead",
                &[(1, 1.0, None), (9, 8.0, None)],
                &[(1, 1.0, Some(0.0)), (9, 8.0, None)],
                1,
                Some(Reason::LabelOverRows),
            ),
            // The first row: of the shifted rows the first two are not there.
            (
                "target_tx_3d_avg_ahead",
                &[
                    (1, 1.0, Some(9.0)),
                    (2, 3.0, None),
                    (3, 6.0, None),
                    (4, 9.0, None),
                ],
                &[
                    (1, 1.0, Some(6.0)),
                    (2, 3.0, None),
                    (3, 6.0, None),
                    (4, 9.0, None),
                ],
                1,
                Some(Reason::LabelOverRows),
            ),
            (
                "target_tx_7d_ahead",
                &[(15, 1.0, None)],
                &[(15, 1.0, Some(2.0))],
                15,
                Some(Reason::FileEnds),
            ),
            (
                "target_tx_3d_ahead",
                &[
                    (1, 1.0, Some(8.0)),
                    (2, 1.0, None),
                    (3, 1.0, None),
                    (4, 8.0, None),
                ],
                &[(1, 1.0, None)],
                1,
                Some(Reason::LabelNotRipe),
            ),
            (
                "target_tx_3d_avg_ahead",
                &[
                    (17, 1.0, Some(2.0)),
                    (18, 2.0, None),
                    (19, 3.0, None),
                    (20, 1.0, None),
                ],
                &[
                    (17, 1.0, Some(5.0)),
                    (18, 2.0, None),
                    (19, 3.0, None),
                    (20, 10.0, None),
                ],
                17,
                Some(Reason::PartialLastDay),
            ),
            (
                "pool_name",
                &[(9, 4.0, Some(0.0))],
                &[(9, 4.0, None)],
                9,
                None,
            ),
        ];
        for (column, theirs, ours, on, expected) in cases {
            let found = reason(column, &rows(theirs), &rows(ours), *on);
            assert_eq!(found, *expected, "{column}: {theirs:?} against {ours:?}");
        }
    }
}
