//! What people ask first: a pool's yield in the week to come, and how sure that is.

use super::records::name_of;
use crate::error::Error;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::HashMap;
use tidegauge_features::apy;
use tidegauge_model::{Day, PoolId};
use tidegauge_predict::Model;
use tidegauge_storage::{PoolForecasts, TargetColumn, View};

/// The rate that is told.
const TARGET: &str = "target_fee_apr_7d";

/// By whom, the first that knows.
const MODELS: [Model; 2] = [Model::Ridge, Model::Naive];

/// A pool's yield in the seven days after a day.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Prediction {
    /// By whom.
    model: &'static str,
    /// The forecast of `target_fee_apr_7d`, compounded daily over a year; a fraction.
    apy_forecast_7d: Option<f64>,
    /// Probability that the rate's outcome lies within 25 % of its forecast; null below 100 matured
    /// forecasts.
    confidence: Option<f64>,
}

/// The yields forecast from a day.
pub(crate) struct Outlook(HashMap<PoolId, Prediction>);

impl Outlook {
    /// Of all pools.
    pub(crate) fn read(view: &View<'_>, day: Day) -> Result<Self, Error> {
        let mut all = HashMap::new();
        for model in MODELS {
            let Some(run) = view.forecast_run(&name_of(model)?, Some(day))? else {
                continue;
            };
            for pool in view.pool_forecasts(&run)? {
                let pool = pool?;
                if let Some(prediction) = prediction(model, &pool) {
                    all.entry(pool.pool).or_insert(prediction);
                }
            }
        }
        Ok(Self(all))
    }

    /// Of one of them.
    pub(crate) fn of(&self, pool: PoolId) -> Option<Prediction> {
        self.0.get(&pool).cloned()
    }
}

fn prediction(model: Model, pool: &PoolForecasts) -> Option<Prediction> {
    let target = TargetColumn::of_name(TARGET)?;
    let (_, forecast) = pool.forecasts.iter().find(|(of, _)| *of == target)?;
    Some(Prediction {
        model: model.name(),
        apy_forecast_7d: apy(forecast.value),
        confidence: forecast.confidence,
    })
}
