//! Forecasts whose outcome is not known yet, and what becomes of one.

use crate::aim::{Aim, Target};
use crate::conformal::{CELLS, Claim, cell};
use crate::group::Group;
use crate::model::Model;
use crate::outcome::is_hit;
use serde::{Deserialize, Serialize};
use tidegauge_model::{Day, PoolId};

/// The forecasts of one horizon made on one day.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// The last final day they used.
    pub(crate) day: Day,
    /// What was claimed of each cell.
    pub(crate) claims: Vec<Option<Claim>>,
    /// In the order of pools.
    pub(crate) pools: Vec<PendingPool>,
}

/// A pool's forecasts, as logarithms: by aim, then by model.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct PendingPool {
    pub(crate) pool: PoolId,
    pub(crate) group: Group,
    pub(crate) logs: [[Option<f64>; Model::ALL.len()]; Aim::ALL.len()],
}

/// A forecast beside what came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settled {
    pub(crate) model: Model,
    pub(crate) target: Target,
    pub(crate) group: Group,
    /// Outcome less forecast, as logarithms.
    pub(crate) error: f64,
    /// The same of persistence, and of the same weekdays.
    pub(crate) naive: Option<f64>,
    pub(crate) seasonal: Option<f64>,
    /// Whether the outcome was within ± 25 % of the forecast.
    pub(crate) hit: bool,
    /// Whether the interval held it, where there was one.
    pub(crate) covered: Option<bool>,
    /// The confidence that was claimed.
    pub(crate) claimed: Option<f64>,
}

impl PendingPool {
    /// How many forecasts there are.
    pub(crate) fn made(&self) -> usize {
        self.logs.iter().flatten().flatten().count()
    }

    /// Each model's forecast of a target beside its outcome.
    pub(crate) fn settle(
        &self,
        target: Target,
        outcome: f64,
        claims: &[Option<Claim>],
    ) -> impl Iterator<Item = Settled> {
        let quantity = target.aim.quantity();
        let came = quantity.to_log(outcome);
        let logs = self.logs[target.aim as usize];
        let error = move |model: Model| logs[model as usize].map(|log| came - log);
        Model::ALL.into_iter().filter_map(move |model| {
            let log = logs[model as usize]?;
            let value = quantity.of_log(log);
            let claim = claims[cell(model, target, self.group)];
            Some(Settled {
                model,
                target,
                group: self.group,
                error: came - log,
                naive: error(Model::Naive),
                seasonal: error(Model::SeasonalNaive),
                hit: is_hit(value, outcome),
                covered: claim.and_then(|claim| {
                    let high = log + claim.high?;
                    let low = claim.low.map_or(0.0, |low| log + low);
                    Some(low <= came && came <= high)
                }),
                claimed: claim.map(|claim| claim.confidence),
            })
        })
    }
}

impl Pending {
    /// Whether it has the shape that the rest relies on; for what was read from bytes.
    pub(crate) fn is_sound(&self) -> bool {
        let finite = |log: &Option<f64>| log.is_none_or(f64::is_finite);
        self.claims.len() == CELLS
            && self.pools.is_sorted_by(|a, b| a.pool < b.pool)
            && self
                .pools
                .iter()
                .all(|p| p.logs.iter().flatten().all(finite))
    }
}
