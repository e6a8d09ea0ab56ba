//! A forecast, and what a day of the walk gives.

use crate::aim::Target;
use crate::conformal::{Basis, Claim};
use crate::model::Model;
use crate::ridge::Fit;
use tidegauge_model::{Day, PoolId};

/// One model's forecast of one target of a pool.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Forecast {
    /// Whose.
    pub pool: PoolId,
    /// The last final day it used.
    pub day: Day,
    /// Who forecasts; with name and version.
    pub model: Model,
    /// What is forecast.
    pub target: Target,
    /// Swaps, dollars, or a yearly rate as a fraction.
    pub value: f64,
    /// The 80 % interval; it need not hold the value, where a model errs to one side. `None` below
    /// 100 residuals, or where they leave the grid.
    pub interval: Option<Interval>,
    /// Probability that the outcome lies within ± 25 % of the value; `None` below 100 residuals.
    pub confidence: Option<f64>,
    /// Whose residuals these two rest on.
    pub basis: Option<Basis>,
}

/// From low to high, in the unit of the forecast.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Interval {
    /// Never below 0.
    pub low: f64,
    /// Not below low.
    pub high: f64,
}

impl Interval {
    /// Of a forecast with this value; `None` where it has no upper end.
    pub(crate) fn around(value: f64, target: Target, claim: Claim) -> Option<Self> {
        let scaled = |factor| target.aim.quantity().scaled(value, factor);
        let [low, high] = claim.factors;
        Some(Self {
            low: low.map_or(0.0, scaled),
            high: scaled(high?),
        })
    }
}

/// What a day of the walk gives.
#[derive(Clone, PartialEq, Debug)]
pub struct DayReport {
    /// The day.
    pub day: Day,
    /// By pool, target and model.
    pub forecasts: Vec<Forecast>,
    /// Earlier forecasts whose outcome became known with the day.
    pub settled: u64,
    /// Earlier forecasts whose outcome will never be known: a day or a price of it is not.
    pub lapsed: u64,
    /// The ridges of the day, for the targets that have enough to train on.
    pub fits: Vec<(Target, Fit)>,
}

impl Forecast {
    pub(crate) fn of(
        (pool, day): (PoolId, Day),
        model: Model,
        target: Target,
        log: f64,
        claim: Option<Claim>,
    ) -> Self {
        let value = target.aim.quantity().of_log(log);
        Self {
            pool,
            day,
            model,
            target,
            value,
            interval: claim.and_then(|claim| Interval::around(value, target, claim)),
            confidence: claim.map(|claim| claim.confidence),
            basis: claim.map(|claim| claim.basis),
        }
    }
}
