//! Both tables side by side.

use super::columns::Shared;
use super::reason::Reason;
use super::report::{ColumnReport, Coverage, Missing, Report, Worst};
use super::rows::DayRows;
use super::rules::{Rules, Users, is_near};
use crate::days::{PoolBook, Whole};
use crate::error::Error;
use crate::sample::{Sample, quantile};
use tidegauge_features::hermetik::pool_type;
use tidegauge_model::{Day, Lists, PoolId, Refusal};

/// Rows shown of those that differ most, a column.
const SHOWN: usize = 5;
/// Pool-days whose raw swaps are read to see whom they count as users.
const MOST_RECOUNTS: u32 = 5_000;

/// What their rows are held against.
pub(crate) struct Against<'a> {
    pub(crate) ours: &'a DayRows,
    pub(crate) book: &'a PoolBook,
    pub(crate) lists: &'a Lists,
    pub(crate) whole: Whole,
    /// Counts a pool's day anew.
    pub(crate) users: &'a dyn Fn(PoolId, Day) -> Result<Users, Error>,
}

/// Compares every row of either.
pub(crate) fn compare(
    theirs: &DayRows,
    shared: &[Shared],
    against: &Against<'_>,
) -> Result<Report, Error> {
    let days = theirs
        .days
        .ok_or_else(|| Error::Usage("their file has no rows".to_owned()))?;
    let mut coverage = Coverage {
        theirs: theirs.rows.len() as u64,
        ..Coverage::default()
    };
    let tx_count = shared
        .iter()
        .filter(|column| column.is_number)
        .position(|column| column.theirs == "tx_count")
        .unwrap_or_default();
    let rules = Rules {
        theirs,
        ours: against.ours,
        tx_count,
        last_day: days.to,
    };
    let mut columns: Vec<Tally> = shared.iter().map(Tally::new).collect();
    let mut recounts = 0;
    for (pool, day) in theirs.rows.keys() {
        if !against.whole.holds(*day) {
            coverage.not_covered += 1;
            continue;
        }
        if !against.ours.rows.contains_key(&(*pool, *day)) {
            coverage.only_theirs += 1;
            *coverage
                .why_only_theirs
                .entry(only_theirs(against, *pool))
                .or_default() += 1;
            continue;
        }
        coverage.both += 1;
        let mut failed = None;
        let mut users = || {
            if recounts == MOST_RECOUNTS {
                return None;
            }
            recounts += 1;
            (against.users)(*pool, *day)
                .map_err(|e| failed = Some(e))
                .ok()
        };
        for column in &mut columns {
            column.look(&rules, against, *pool, *day, &mut users);
        }
        if let Some(failed) = failed {
            return Err(failed);
        }
    }
    for (pool, day) in against.ours.rows.keys() {
        if days.holds(*day) && !theirs.rows.contains_key(&(*pool, *day)) {
            coverage.only_ours += 1;
            *coverage
                .why_only_ours
                .entry(only_ours(theirs, *pool, *day))
                .or_default() += 1;
        }
    }
    Ok(Report {
        first_day: days.from,
        last_day: days.to,
        whole_days: against.whole.text(),
        coverage,
        columns: columns.into_iter().map(Tally::finish).collect(),
    })
}

fn only_theirs(against: &Against<'_>, pool: PoolId) -> Missing {
    match (against.book.get(pool), against.book.refusal(pool)) {
        (_, Some(Refusal::ForeignFactory)) => Missing::NotGenuine,
        (_, Some(_)) => Missing::Refused,
        (None, None) => Missing::NeverMet,
        (Some(_), None) => Missing::NoSwap,
    }
}

fn only_ours(theirs: &DayRows, pool: PoolId, day: Day) -> Missing {
    let before = theirs.back(pool, day).next().is_some();
    let after = theirs.ahead(pool, day).next().is_some();
    match (before, after) {
        (true, true) => Missing::DayLost,
        (false, false) => Missing::PoolLost,
        _ => Missing::SeriesCut,
    }
}

/// One column, row by row.
struct Tally<'a> {
    column: &'a Shared,
    /// Its place among the numbers or the texts of a row.
    place: usize,
    report: ColumnReport,
    sample: Sample,
}

impl<'a> Tally<'a> {
    fn new(column: &'a Shared) -> Self {
        Self {
            column,
            place: column.place,
            report: ColumnReport {
                name: column.theirs,
                ..ColumnReport::default()
            },
            sample: Sample::default(),
        }
    }

    fn look(
        &mut self,
        rules: &Rules<'_>,
        against: &Against<'_>,
        pool: PoolId,
        day: Day,
        users: &mut dyn FnMut() -> Option<Users>,
    ) {
        let (Some(theirs), Some(ours)) = (
            rules.theirs.rows.get(&(pool, day)),
            rules.ours.rows.get(&(pool, day)),
        ) else {
            return;
        };
        self.report.rows += 1;
        if !self.column.is_number {
            let (a, b) = (&theirs.texts[self.place], &ours.texts[self.place]);
            if a == b {
                self.report.equal += 1;
                return;
            }
            let earlier = against.book.get(pool).map(|named| {
                let pool = &named.info.pool;
                pool_type(against.lists, [pool.token0, pool.token1])
            });
            let is_class = self.column.theirs == "poolType";
            let reason = (is_class && earlier == a.as_deref()).then_some(Reason::EarlierClass);
            self.count(reason);
            self.worst(pool, day, a.as_deref(), b.as_deref(), 1.0);
            return;
        }
        let (a, b) = (theirs.numbers[self.place], ours.numbers[self.place]);
        let relative = match (a, b) {
            (None, None) => Some(0.0),
            (Some(a), Some(b)) if is_near(a, b) => Some(0.0),
            (Some(a), Some(b)) => Some((a - b).abs() / a.abs().max(b.abs())),
            _ => None,
        };
        match (a, b) {
            (Some(_), None) => self.report.only_theirs_known += 1,
            (None, Some(_)) => self.report.only_ours_known += 1,
            _ => {}
        }
        if let Some(relative) = relative {
            self.sample.push(relative);
            self.report.max_relative = self.report.max_relative.max(relative);
        }
        if relative == Some(0.0) {
            self.report.equal += 1;
            return;
        }
        let reason = rules.of(self.column.theirs, self.place, pool, day, users);
        self.count(reason);
        let text = |value: Option<f64>| value.map(|value| value.to_string());
        self.worst(
            pool,
            day,
            text(a).as_deref(),
            text(b).as_deref(),
            relative.unwrap_or(f64::INFINITY),
        );
    }

    fn count(&mut self, reason: Option<Reason>) {
        match reason {
            Some(reason) => *self.report.reasons.entry(reason).or_default() += 1,
            None => self.report.unexplained += 1,
        }
    }

    /// Keeps the rows that differ most; one that is unknown to one side differs more than any.
    fn worst(&mut self, pool: PoolId, day: Day, theirs: Option<&str>, ours: Option<&str>, by: f64) {
        let worst = &mut self.report.worst;
        let place = worst.partition_point(|row| row.by >= by);
        if place < SHOWN {
            worst.insert(
                place,
                Worst {
                    pool,
                    day,
                    theirs: theirs.map(str::to_owned),
                    ours: ours.map(str::to_owned),
                    by,
                },
            );
            worst.truncate(SHOWN);
        }
    }

    fn finish(mut self) -> ColumnReport {
        self.report.median_relative = quantile(&self.sample.sorted(), 0.5).unwrap_or(0.0);
        self.report
    }
}
