//! Forecasts and scores as the store keeps them.

use super::onnx::Said;
use crate::error::Error;
use std::collections::BTreeMap;
use tidegauge_features::Fingerprint;
use tidegauge_model::{BlockNumber, Day, PoolId, UnixSeconds};
use tidegauge_predict::{Basis, DayReport, Forecast, Model, Target, Walk};
use tidegauge_storage::{
    ForecastBasis, ForecastRun, Forecasted, Keep, ModelDrift, ModelName, ModelReliability,
    ModelScore, PoolForecasts, ScoreBoard, TargetColumn,
};

/// Days on which what is scored matured.
pub(super) const SCORED_DAYS: u32 = 28;

/// From what forecasts of a day were made.
pub(super) struct Origin {
    /// What the features were defined by.
    pub(super) fingerprint: Fingerprint,
    /// The day's last block.
    pub(super) as_of: BlockNumber,
    /// Now.
    pub(super) made_at: UnixSeconds,
}

/// The name of a model that comes with the program.
pub(super) fn name_of(model: Model) -> Result<ModelName, Error> {
    model
        .name()
        .parse()
        .map_err(|e| Error::Failed(format!("`{}` names no model: {e}", model.name())))
}

/// What a model said of a day, as records that belong together, and how many forecasts there are;
/// nothing if it said nothing.
pub(super) fn of_run(
    report: &DayReport,
    model: Model,
    origin: &Origin,
) -> Result<Option<(Vec<Keep>, u64)>, Error> {
    let mut pools: BTreeMap<PoolId, Vec<(TargetColumn, Forecasted)>> = BTreeMap::new();
    let mut count = 0;
    for forecast in report.forecasts.iter().filter(|f| f.model == model) {
        let said = (column(forecast.target)?, forecasted(forecast));
        pools.entry(forecast.pool).or_default().push(said);
        count += 1;
    }
    if pools.is_empty() {
        return Ok(None);
    }
    let is_fitted = model == Model::Ridge;
    let run = ForecastRun {
        model: name_of(model)?,
        day: report.day,
        version: model.version().to_owned(),
        fitted_until: is_fitted.then_some(report.day),
        fingerprint: origin.fingerprint,
        as_of: origin.as_of,
        made_at: origin.made_at,
        // Pools are counted by their addresses in memory.
        pools: u32::try_from(pools.len()).unwrap_or(u32::MAX),
    };
    let mut records = vec![run.keep()?];
    for (pool, forecasts) in pools {
        records.push(PoolForecasts { pool, forecasts }.keep(&run)?);
    }
    Ok(Some((records, count)))
}

/// What a model of a folder said of a day, as records that belong together.
pub(super) fn of_file(said: &Said, day: Day, origin: &Origin) -> Result<Vec<Keep>, Error> {
    let run = ForecastRun {
        model: said.model.clone(),
        day,
        version: said.version.clone(),
        fitted_until: said.fitted_until,
        fingerprint: origin.fingerprint,
        as_of: origin.as_of,
        made_at: origin.made_at,
        pools: u32::try_from(said.forecasts.len()).unwrap_or(u32::MAX),
    };
    let mut records = vec![run.keep()?];
    for (pool, forecast) in &said.forecasts {
        let forecasts = PoolForecasts {
            pool: *pool,
            forecasts: vec![(said.target, *forecast)],
        };
        records.push(forecasts.keep(&run)?);
    }
    Ok(records)
}

/// What forecasts were worth up to the walk's last day.
pub(super) fn board(walk: &Walk, last: Day) -> Result<ScoreBoard, Error> {
    let from = last.minus_days(SCORED_DAYS - 1);
    let mut scores = Vec::new();
    for score in walk.scores(from, last) {
        scores.push(ModelScore {
            model: name_of(score.model)?,
            target: column(score.target)?,
            class: score.class.map(|class| class.name().to_owned()),
            count: score.count,
            mae: score.mae,
            rmse: score.rmse,
            skill_over_naive: score.skill_over_naive,
            skill_over_seasonal: score.skill_over_seasonal,
            coverage: score.coverage,
        });
    }
    let mut reliability = Vec::new();
    for line in walk.reliability() {
        reliability.push(ModelReliability {
            model: name_of(line.model)?,
            target: column(line.target)?,
            tenth: line.tenth,
            count: line.count,
            claimed: line.claimed,
            came_true: line.came_true,
        });
    }
    let mut drifts = Vec::new();
    for drift in walk.drifts() {
        drifts.push(ModelDrift {
            model: name_of(drift.model)?,
            target: column(drift.target)?,
            recent_mae: drift.recent_mae,
            before_mae: drift.before_mae,
            is_drifting: drift.drifting,
        });
    }
    Ok(ScoreBoard {
        day: last,
        days: SCORED_DAYS,
        scores,
        reliability,
        drifts,
    })
}

fn column(target: Target) -> Result<TargetColumn, Error> {
    let name = target.column();
    TargetColumn::of_name(name)
        .ok_or_else(|| Error::Failed(format!("`{name}` is no column of what comes after a day")))
}

fn forecasted(forecast: &Forecast) -> Forecasted {
    Forecasted {
        value: forecast.value,
        interval: forecast.interval.map(|i| (i.low, i.high)),
        confidence: forecast.confidence,
        basis: forecast.basis.map(|basis| match basis {
            Basis::Group => ForecastBasis::Group,
            Basis::Class => ForecastBasis::Class,
            Basis::All => ForecastBasis::All,
        }),
    }
}
