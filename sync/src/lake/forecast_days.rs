//! The days that were forecast from, and by what: when a day's forecasts are published.

use super::rows_digest::{RowsDigest, RowsDigester};
use crate::cell::Cell;
use crate::error::SyncError;
use std::collections::BTreeMap;
use tidegauge_model::Day;
use tidegauge_storage::{ForecastRun, View};

/// Days with forecasts.
#[derive(Clone, Default, Debug)]
pub(super) struct ForecastDays {
    /// With the digest of the day's runs: another where one was added or made anew. Their rows need
    /// not be read for that.
    days: BTreeMap<Day, RowsDigest>,
}

impl ForecastDays {
    pub(super) fn read(view: &View<'_>) -> Result<Self, SyncError> {
        let mut days: BTreeMap<Day, RowsDigester> = BTreeMap::new();
        for run in view.forecast_runs()? {
            let run = run?;
            days.entry(run.day).or_default().add(&[
                Cell::text(run.model.as_str()),
                Cell::text(run.version.as_str()),
                Cell::or_null(run.fitted_until, Cell::Day),
                Cell::text(run.fingerprint.to_string()),
                Cell::text(run.as_of.to_string()),
                Cell::Moment(run.made_at),
                Cell::Int(run.pools.into()),
            ]);
        }
        let digests = days.into_iter().map(|(day, runs)| (day, runs.finish().1));
        Ok(Self {
            days: digests.collect(),
        })
    }

    /// The digest of a day's runs; `None`: nobody forecast from it.
    pub(super) fn get(&self, day: Day) -> Option<RowsDigest> {
        self.days.get(&day).copied()
    }

    /// Whether no more forecasts come: days are forecast from one after the other, and a later one
    /// was.
    pub(super) fn is_over(&self, day: Day) -> bool {
        let last = self.days.last_key_value();
        self.days.contains_key(&day) && last.is_some_and(|(last, _)| *last > day)
    }
}

/// A day's runs, by model.
pub(super) fn runs_of(view: &View<'_>, day: Day) -> Result<Vec<ForecastRun>, SyncError> {
    let mut runs = Vec::new();
    for run in view.forecast_runs()? {
        let run = run?;
        if run.day == day {
            runs.push(run);
        }
    }
    runs.sort_by(|a, b| a.model.cmp(&b.model));
    Ok(runs)
}
