//! What forecasts of other models were worth: held against what came of them, as the program's own,
//! and how sure the next ones may therefore be.

use super::onnx::Said;
use super::records::{SCORED_DAYS, name_of};
use crate::error::Error;
use std::collections::BTreeMap;
use std::iter::Peekable;
use tidegauge_features::{Cell, TARGET_COLUMNS};
use tidegauge_model::{Day, NANO_PER_USD, PoolId};
use tidegauge_predict::{
    BEFORE_DAYS, LEAST_OUTCOMES, Model, RECENT_DAYS, Record, Target, has_drifted,
};
use tidegauge_storage::{
    ForecastBasis, ForecastRun, Forecasted, ModelDrift, ModelName, ModelScore, PoolForecasts, Scan,
    ScoreBoard, StoreError, TargetColumn, View,
};

/// Squared errors of a model and of another over the forecasts that both made.
#[derive(Debug, Default, Clone, Copy)]
struct Against {
    own: f64,
    other: f64,
}

impl Against {
    fn add(&mut self, own: f64, other: Option<f64>) {
        if let Some(other) = other {
            self.own += own * own;
            self.other += other * other;
        }
    }

    fn skill(self) -> Option<f64> {
        (self.other > 0.0).then(|| 1.0 - self.own / self.other)
    }
}

/// Sums over forecasts with an outcome.
#[derive(Debug, Default, Clone, Copy)]
struct Sums {
    count: u64,
    absolute: f64,
    squared: f64,
    intervals: u64,
    covered: u64,
    naive: Against,
    seasonal: Against,
}

/// Of one model and target.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    scored: Sums,
    recent: Sums,
    before: Sums,
}

/// Adds to the board what the forecasts of models that are not the program's were worth, of what
/// matured up to its day.
pub(super) fn score(view: &View<'_>, board: &mut ScoreBoard) -> Result<(), Error> {
    let last = board.day;
    let from = last.minus_days(RECENT_DAYS + BEFORE_DAYS - 1);
    let own: Vec<ModelName> = Model::ALL
        .into_iter()
        .map(name_of)
        .collect::<Result<_, _>>()?;
    let mut tallies: BTreeMap<(ModelName, TargetColumn), Tally> = BTreeMap::new();
    for run in view.forecast_runs()? {
        let run = run?;
        let longest = run.day.plus_days(tidegauge_features::HORIZON_DAYS);
        if own.contains(&run.model) || run.day > last || longest < from {
            continue;
        }
        let mut naive = Beside::of(view, Model::Naive, run.day)?;
        let mut seasonal = Beside::of(view, Model::SeasonalNaive, run.day)?;
        for pool in view.pool_forecasts(&run)? {
            let pool = pool?;
            let outcomes = outcomes(view, pool.pool, run.day)?;
            let beside = (naive.of_pool(pool.pool)?, seasonal.of_pool(pool.pool)?);
            for (column, said) in &pool.forecasts {
                let matured = run.day.plus_days(column.horizon_days());
                let outcome = outcomes.get(column).copied();
                let (Some(outcome), true) = (outcome, (from..=last).contains(&matured)) else {
                    continue;
                };
                let tally = tallies.entry((run.model.clone(), *column)).or_default();
                let beside = (value(&beside.0, *column), value(&beside.1, *column));
                tally.add(*column, said, outcome, beside, matured, last);
            }
        }
    }
    for ((model, target), tally) in tallies {
        tally.tell(model, target, board);
    }
    Ok(())
}

/// Gives what a model says intervals and confidence by what its own forecasts, of whatever file, were
/// off by that matured in the last 28 days: nothing below 100 of them.
pub(super) fn claim(view: &View<'_>, said: &mut Said, day: Day) -> Result<(), Error> {
    let Some(target) = Target::of_column(said.target.name()) else {
        return Ok(());
    };
    let mut record = Record::new(target);
    for run in view.forecast_runs()? {
        let run = run?;
        let matured = run.day.plus_days(said.target.horizon_days());
        let is_recent = matured <= day && matured > day.minus_days(SCORED_DAYS);
        if run.model != said.model || !is_recent {
            continue;
        }
        for pool in view.pool_forecasts(&run)? {
            let pool = pool?;
            let forecast = pool.forecasts.iter().find(|(of, _)| *of == said.target);
            let outcomes = outcomes(view, pool.pool, run.day)?;
            if let (Some((_, forecast)), Some(outcome)) = (forecast, outcomes.get(&said.target)) {
                record.add(forecast.value, *outcome);
            }
        }
    }
    let Some(says) = record.says() else {
        return Ok(());
    };
    for forecast in said.forecasts.values_mut() {
        let (interval, confidence) = says(forecast.value);
        forecast.interval = interval.map(|interval| (interval.low, interval.high));
        forecast.confidence = Some(confidence);
        forecast.basis = Some(ForecastBasis::All);
    }
    Ok(())
}

impl Tally {
    fn add(
        &mut self,
        column: TargetColumn,
        said: &Forecasted,
        outcome: f64,
        beside: (Option<f64>, Option<f64>),
        matured: Day,
        last: Day,
    ) {
        let Some(target) = Target::of_column(column.name()) else {
            return;
        };
        let truth = target.on_scale(outcome);
        let error = |value: f64| truth - target.on_scale(value);
        let mut one = Sums {
            count: 1,
            absolute: error(said.value).abs(),
            squared: error(said.value).powi(2),
            ..Sums::default()
        };
        if let Some((low, high)) = said.interval {
            one.intervals = 1;
            one.covered = u64::from((low..=high).contains(&outcome));
        }
        one.naive.add(error(said.value), beside.0.map(error));
        one.seasonal.add(error(said.value), beside.1.map(error));
        if matured > last.minus_days(SCORED_DAYS) {
            self.scored.merge(&one);
        }
        match matured > last.minus_days(RECENT_DAYS) {
            true => self.recent.merge(&one),
            false => self.before.merge(&one),
        }
    }

    fn tell(&self, model: ModelName, target: TargetColumn, board: &mut ScoreBoard) {
        let [scored, recent, before] = [&self.scored, &self.recent, &self.before];
        if scored.count > 0 {
            board.scores.push(ModelScore {
                model: model.clone(),
                target,
                class: None,
                count: scored.count,
                mae: scored.mae(),
                rmse: (scored.squared / scored.count as f64).sqrt(),
                skill_over_naive: scored.naive.skill(),
                skill_over_seasonal: scored.seasonal.skill(),
                coverage: (scored.intervals > 0)
                    .then(|| scored.covered as f64 / scored.intervals as f64),
            });
        }
        if recent.count >= LEAST_OUTCOMES && before.count >= LEAST_OUTCOMES {
            board.drifts.push(ModelDrift {
                model,
                target,
                recent_mae: recent.mae(),
                before_mae: before.mae(),
                is_drifting: has_drifted(recent.mae(), before.mae()),
            });
        }
    }
}

impl Sums {
    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.absolute += other.absolute;
        self.squared += other.squared;
        self.intervals += other.intervals;
        self.covered += other.covered;
        for (own, other) in [
            (&mut self.naive, other.naive),
            (&mut self.seasonal, other.seasonal),
        ] {
            own.own += other.own;
            own.other += other.other;
        }
    }

    fn mae(&self) -> f64 {
        self.absolute / self.count as f64
    }
}

/// Forecasts of another model from the same day, walked through beside.
struct Beside<'v>(Option<Peekable<Scan<'v, PoolForecasts>>>);

impl<'v> Beside<'v> {
    fn of(view: &'v View<'_>, model: Model, day: Day) -> Result<Self, Error> {
        let run: Option<ForecastRun> = view.forecast_run(&name_of(model)?, Some(day))?;
        let found = run.map(|run| view.pool_forecasts(&run)).transpose()?;
        Ok(Self(found.map(Iterator::peekable)))
    }

    /// Of this pool; pools are asked for in ascending order.
    fn of_pool(&mut self, pool: PoolId) -> Result<Option<PoolForecasts>, StoreError> {
        let Some(rows) = &mut self.0 else {
            return Ok(None);
        };
        while let Some(next) = rows.next_if(|row| match row {
            Ok(row) => row.pool <= pool,
            Err(_) => true,
        }) {
            let found = next?;
            if found.pool == pool {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

fn value(found: &Option<PoolForecasts>, target: TargetColumn) -> Option<f64> {
    let forecasts = &found.as_ref()?.forecasts;
    let said = forecasts.iter().find(|(column, _)| *column == target);
    said.map(|(_, said)| said.value)
}

/// What came after a pool's day, as far as it is final and known.
fn outcomes(view: &View<'_>, pool: PoolId, day: Day) -> Result<BTreeMap<TargetColumn, f64>, Error> {
    let Some(row) = view.pool_day(pool, day)? else {
        return Ok(BTreeMap::new());
    };
    let cells = TARGET_COLUMNS.iter().zip(row.targets.cells());
    let known = cells.filter_map(|(column, cell)| {
        let value = match cell {
            Cell::Int(count) => count as f64,
            Cell::Float(value) => value,
            Cell::Usd(usd) => usd.0 as f64 / NANO_PER_USD as f64,
            _ => return None,
        };
        Some((TargetColumn::of_name(column.name)?, value))
    });
    Ok(known.collect())
}
