//! What a comparison found, for people and for programs.

use super::reason::Reason;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use tidegauge_model::{Day, PoolId};

/// All of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    /// The first day of their rows.
    pub(crate) first_day: Day,
    /// The last.
    pub(crate) last_day: Day,
    /// The days that our store knows whole.
    pub(crate) whole_days: String,
    pub(crate) coverage: Coverage,
    pub(crate) columns: Vec<ColumnReport>,
}

/// Pool-days.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Coverage {
    /// Theirs in all.
    pub(crate) theirs: u64,
    /// Both have them.
    pub(crate) both: u64,
    /// Theirs, on a day that is whole here, and there is no swap of that pool.
    pub(crate) only_theirs: u64,
    /// Ours, between their first and last day.
    pub(crate) only_ours: u64,
    /// Theirs, on a day that is not whole in our store.
    pub(crate) not_covered: u64,
    pub(crate) why_only_theirs: BTreeMap<Missing, u64>,
    pub(crate) why_only_ours: BTreeMap<Missing, u64>,
}

/// Why one side lacks a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Missing {
    /// Another factory made the contract: a fork with the same events.
    NotGenuine,
    /// The contract was refused for another reason.
    Refused,
    /// The store never met such a contract.
    NeverMet,
    /// A pool of ours without a swap that day.
    NoSwap,
    /// They have the pool before and after: a failed request looks like this.
    DayLost,
    /// They have the pool only before, or only after.
    SeriesCut,
    /// They do not have the pool at all.
    PoolLost,
}

impl Missing {
    /// For people.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::NotGenuine => "no genuine pool: another factory made the contract",
            Self::Refused => "a contract that is refused here",
            Self::NeverMet => "a contract that the store never met",
            Self::NoSwap => "a pool without a swap that day",
            Self::DayLost => {
                "they have the pool before and after: a failed request looks like this"
            }
            Self::SeriesCut => "their rows of the pool begin later or end earlier",
            Self::PoolLost => "they do not have the pool",
        }
    }
}

/// One column over the rows that both have.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct ColumnReport {
    pub(crate) name: &'static str,
    pub(crate) rows: u64,
    /// Equal up to rounding, or unknown to both.
    pub(crate) equal: u64,
    pub(crate) only_theirs_known: u64,
    pub(crate) only_ours_known: u64,
    /// Of the difference over the greater of both; of numbers known to both.
    pub(crate) max_relative: f64,
    pub(crate) median_relative: f64,
    pub(crate) reasons: BTreeMap<Reason, u64>,
    pub(crate) unexplained: u64,
    pub(crate) worst: Vec<Worst>,
}

/// A row that differs much.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Worst {
    pub(crate) pool: PoolId,
    pub(crate) day: Day,
    pub(crate) theirs: Option<String>,
    pub(crate) ours: Option<String>,
    /// What it is ordered by.
    #[serde(skip)]
    pub(crate) by: f64,
}

impl ColumnReport {
    /// Share of rows that are equal; 1 of none.
    pub(crate) fn equal_share(&self) -> f64 {
        match self.rows {
            0 => 1.0,
            rows => self.equal as f64 / rows as f64,
        }
    }

    /// The reasons with their counts, most frequent first.
    pub(crate) fn why(&self) -> String {
        let mut reasons: Vec<String> = by_count(&self.reasons)
            .into_iter()
            .map(|(reason, count)| format!("{count} {}", reason.text()))
            .collect();
        if self.unexplained > 0 {
            reasons.push(format!("{} unexplained", self.unexplained));
        }
        reasons.join("; ")
    }
}

impl Report {
    /// As lines for a terminal.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        let mut out = String::new();
        let coverage = &self.coverage;
        writeln!(
            out,
            "their rows  {} pool-days, {} to {}; the store has {}",
            coverage.theirs, self.first_day, self.last_day, self.whole_days
        )?;
        writeln!(
            out,
            "coverage    {} in both, {} only theirs, {} only ours, {} not covered here",
            coverage.both, coverage.only_theirs, coverage.only_ours, coverage.not_covered
        )?;
        for (side, why) in [
            ("only theirs", &coverage.why_only_theirs),
            ("only ours", &coverage.why_only_ours),
        ] {
            for (missing, count) in by_count(why) {
                writeln!(out, "  {side}: {count} {}", missing.text())?;
            }
        }
        writeln!(
            out,
            "\n{:<24}{:>10}{:>12}{:>12}  likely reasons",
            "column", "equal", "median", "greatest"
        )?;
        for column in &self.columns {
            write!(
                out,
                "{:<24}{:>9.2}%{:>12}{:>12}  ",
                column.name,
                column.equal_share() * 100.0,
                relative(column.median_relative),
                relative(column.max_relative)
            )?;
            writeln!(out, "{}", column.why())?;
        }
        Ok(out)
    }
}

/// Names and counts of reasons, those with most first.
pub(super) fn by_count<T: Copy + Ord>(reasons: &BTreeMap<T, u64>) -> Vec<(T, u64)> {
    let mut sorted: Vec<(T, u64)> = reasons.iter().map(|(r, n)| (*r, *n)).collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    sorted
}

/// A relative difference, short; none is a plain 0.
pub(super) fn relative(difference: f64) -> String {
    if difference == 0.0 {
        return "0".to_owned();
    }
    format!("{difference:.2e}")
}
