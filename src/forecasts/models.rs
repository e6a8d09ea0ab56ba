//! Who forecasts and what it was worth, as people and programs read it.

use crate::error::Error;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use tidegauge_model::{Day, UnixSeconds};
use tidegauge_storage::View;

/// The models, and their scores.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Models {
    /// By name.
    pub(crate) models: Vec<ModelLine>,
    /// The last day whose outcomes are in the scores; null before any.
    pub(crate) scored_until: Option<Day>,
    /// Days on which what is scored matured.
    pub(crate) scored_days: u32,
    /// By model, target and class of pools.
    pub(crate) scores: Vec<ScoreLine>,
    /// Confidence claimed, and what came true, of the last 28 days.
    pub(crate) reliability: Vec<ReliabilityLine>,
    /// Errors of the last 7 days beside those of the 28 before.
    pub(crate) drifts: Vec<DriftLine>,
}

/// A model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct ModelLine {
    pub(crate) model: String,
    /// Of the newest forecasts.
    pub(crate) version: String,
    /// The first day with forecasts.
    pub(crate) first_day: Day,
    /// The last one.
    pub(crate) last_day: Day,
    /// The last day whose outcome it was fitted on; null where nothing is fitted.
    pub(crate) fitted_until: Option<Day>,
    /// When the newest forecasts were made.
    pub(crate) made_at: UnixSeconds,
    /// Pools with a forecast on the last day.
    pub(crate) pools: u32,
}

/// What a model's forecasts of a target were worth. Errors are outcome less forecast, each as
/// ln(1 + x) with x in swaps, dollars, or percent of yearly rate.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct ScoreLine {
    pub(crate) model: String,
    /// A column of the daily rows.
    pub(crate) target: &'static str,
    /// Of which pools; null: all.
    pub(crate) class: Option<String>,
    /// Forecasts with an outcome.
    pub(crate) count: u64,
    /// Mean absolute error.
    pub(crate) mae: f64,
    /// Root of the mean squared error.
    pub(crate) rmse: f64,
    /// 1 − squared error over that of `naive`; null without any to compare with.
    pub(crate) skill_over_naive: Option<f64>,
    /// The same over `seasonal_naive`.
    pub(crate) skill_over_seasonal: Option<f64>,
    /// Share of the 80 % intervals that held the outcome; null without any.
    pub(crate) coverage: Option<f64>,
}

/// Forecasts of a like confidence.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct ReliabilityLine {
    pub(crate) model: String,
    /// A column of the daily rows.
    pub(crate) target: &'static str,
    /// The lower end of the confidence; the upper is 0.1 above.
    pub(crate) from: f64,
    /// Forecasts with an outcome.
    pub(crate) count: u64,
    /// Mean confidence claimed.
    pub(crate) claimed: f64,
    /// Share whose outcome was within 25 % of the forecast.
    pub(crate) came_true: f64,
}

/// A model's error of a week beside the one before.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct DriftLine {
    pub(crate) model: String,
    /// A column of the daily rows.
    pub(crate) target: &'static str,
    /// Mean absolute error of what matured in the last 7 days.
    pub(crate) recent_mae: f64,
    /// The same of the 28 days before.
    pub(crate) before_mae: f64,
    /// Whether the first is at least twice the second.
    pub(crate) is_drifting: bool,
}

impl Models {
    /// As the store has them.
    pub(crate) fn read(view: &View<'_>) -> Result<Self, Error> {
        let mut models: BTreeMap<String, ModelLine> = BTreeMap::new();
        for run in view.forecast_runs()? {
            let run = run?;
            let name = run.model.to_string();
            let first_day = models.get(&name).map_or(run.day, |line| line.first_day);
            let line = ModelLine {
                model: name.clone(),
                version: run.version,
                first_day,
                last_day: run.day,
                fitted_until: run.fitted_until,
                made_at: run.made_at,
                pools: run.pools,
            };
            // By model and day, ascending: the last one stays.
            models.insert(name, line);
        }
        let mut found = Self {
            models: models.into_values().collect(),
            scored_until: None,
            scored_days: 0,
            scores: Vec::new(),
            reliability: Vec::new(),
            drifts: Vec::new(),
        };
        let Some(board) = view.score_board()? else {
            return Ok(found);
        };
        (found.scored_until, found.scored_days) = (Some(board.day), board.days);
        let scores = board.scores.into_iter().map(|score| ScoreLine {
            model: score.model.to_string(),
            target: score.target.name(),
            class: score.class,
            count: score.count,
            mae: score.mae,
            rmse: score.rmse,
            skill_over_naive: score.skill_over_naive,
            skill_over_seasonal: score.skill_over_seasonal,
            coverage: score.coverage,
        });
        found.scores = scores.collect();
        let reliability = board.reliability.into_iter().map(|line| ReliabilityLine {
            model: line.model.to_string(),
            target: line.target.name(),
            from: f64::from(line.tenth) / 10.0,
            count: line.count,
            claimed: line.claimed,
            came_true: line.came_true,
        });
        found.reliability = reliability.collect();
        let drifts = board.drifts.into_iter().map(|drift| DriftLine {
            model: drift.model.to_string(),
            target: drift.target.name(),
            recent_mae: drift.recent_mae,
            before_mae: drift.before_mae,
            is_drifting: drift.is_drifting,
        });
        found.drifts = drifts.collect();
        Ok(found)
    }
}
