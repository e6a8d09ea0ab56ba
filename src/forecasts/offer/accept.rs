//! What is offered, held against what the store knows.

use super::Refused;
use super::rows::{Offered, OfferedDay};
use crate::days::feature_set;
use crate::error::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use tidegauge_model::{Day, PoolId, PoolVerdict, UnixSeconds};
use tidegauge_predict::Model;
use tidegauge_storage::{
    ForecastRun, Forecasted, Keep, ModelName, PoolForecasts, StoreError, TargetColumn, View,
};

/// Days before the last final one from which a forecast is still one: what came of it is not known
/// yet of any target, and somebody may be late by a day.
const LATE_DAYS: u32 = 1;

/// What was taken.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Accepted {
    /// By model and day.
    pub(crate) days: Vec<AcceptedDay>,
}

/// A model's forecasts from a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct AcceptedDay {
    pub(crate) model: String,
    pub(crate) date: Day,
    /// As it was named; else the beginning of what was sent, as SHA-256.
    pub(crate) model_version: String,
    pub(crate) pools: u32,
    pub(crate) forecasts: u64,
    /// False: the same was there before, and nothing changed.
    pub(crate) is_new: bool,
}

/// Why nothing was taken.
pub(super) enum Problem {
    /// What is offered.
    Refused(Refused),
    /// The store.
    Store(Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::Store(error.into())
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// What is to be kept in one go, and what it is.
pub(super) fn accept(
    view: &View<'_>,
    offered: &Offered,
    now: UnixSeconds,
) -> Result<(Vec<Keep>, Accepted), Problem> {
    let mut records = Vec::new();
    let mut accepted = Accepted::default();
    for ((model, day), of_day) in offered {
        if Model::ALL.iter().any(|own| own.name() == model.as_str()) {
            return Err(Refused::all(format!(
                "{model} is a model that comes with the program: give yours another name"
            ))
            .into());
        }
        check_day(view, *day)?;
        check_pools(view, of_day)?;
        let run = run(view, model, *day, of_day, now)?;
        let known = view.forecast_run(model, Some(*day))?;
        let forecasts = of_day.forecasts.values().map(|of| of.len() as u64).sum();
        let is_new = !is_there(view, known.as_ref(), &run, of_day)?;
        if is_new {
            if let Some(known) = known {
                drop_others(view, &known, of_day, &mut records)?;
            }
            records.push(run.keep()?);
            for (pool, targets) in &of_day.forecasts {
                records.push(of_pool(*pool, targets).keep(&run)?);
            }
        }
        accepted.days.push(AcceptedDay {
            model: model.to_string(),
            date: *day,
            model_version: run.version,
            pools: run.pools,
            forecasts,
            is_new,
        });
    }
    Ok((records, accepted))
}

fn check_day(view: &View<'_>, day: Day) -> Result<(), Problem> {
    let refuse = |why: String| Err(Problem::from(Refused::all(why)));
    let (Some(last), Some(whole)) = (view.last_final_day()?, view.whole_from()) else {
        return refuse(
            "no day is complete and final yet: there is nothing to forecast from".into(),
        );
    };
    if day < whole {
        return refuse(format!(
            "date {day}: the first complete day of the store is {whole}"
        ));
    }
    if day > last {
        return refuse(format!(
            "date {day}: it is not complete and final yet; the last day that is, is {last}"
        ));
    }
    if day.plus_days(LATE_DAYS) < last {
        return refuse(format!(
            "date {day}: it is past, and what came after it is known by now; forecast from {last}"
        ));
    }
    Ok(())
}

fn check_pools(view: &View<'_>, of_day: &OfferedDay) -> Result<(), Problem> {
    for (pool, targets) in &of_day.forecasts {
        if let Some(PoolVerdict::Accepted(_)) = view.pool(*pool)? {
            continue;
        }
        let row = targets.values().map(|(row, _)| *row).min().unwrap_or(0);
        let why = format!("pool_address: no swap of pool {pool} is in the store");
        return Err(Refused::row(row, why).into());
    }
    Ok(())
}

fn run(
    view: &View<'_>,
    model: &ModelName,
    day: Day,
    of_day: &OfferedDay,
    now: UnixSeconds,
) -> Result<ForecastRun, Problem> {
    let closed = view.closed_day(day)?;
    let as_of = closed
        .ok_or_else(|| Error::Failed(format!("{day} is final, but was never closed")))?
        .last_block;
    Ok(ForecastRun {
        model: model.clone(),
        day,
        version: match &of_day.version {
            Some(version) => version.clone(),
            None => fingerprint(of_day),
        },
        fitted_until: of_day.fitted_until,
        fingerprint: feature_set(view)?.fingerprint(as_of),
        as_of,
        made_at: now,
        pools: u32::try_from(of_day.forecasts.len()).unwrap_or(u32::MAX),
    })
}

/// What names forecasts that somebody gave no version: the beginning of the digest of what they say.
fn fingerprint(of_day: &OfferedDay) -> String {
    let mut digest = Sha256::new();
    for (pool, targets) in &of_day.forecasts {
        for (target, (_, said)) in targets {
            let line = format!(
                "{pool},{},{:x},{:x?},{:x?}\n",
                target.name(),
                said.value.to_bits(),
                said.interval
                    .map(|(low, high)| (low.to_bits(), high.to_bits())),
                said.confidence.map(f64::to_bits)
            );
            digest.update(line);
        }
    }
    let bytes = digest.finalize();
    let hex = bytes.iter().take(6).map(|byte| format!("{byte:02x}"));
    format!("sha256:{}", hex.collect::<String>())
}

fn of_pool(pool: PoolId, targets: &BTreeMap<TargetColumn, (usize, Forecasted)>) -> PoolForecasts {
    let forecasts = targets.iter().map(|(target, (_, said))| (*target, *said));
    PoolForecasts {
        pool,
        forecasts: forecasts.collect(),
    }
}

/// Whether exactly this was said before.
fn is_there(
    view: &View<'_>,
    known: Option<&ForecastRun>,
    run: &ForecastRun,
    of_day: &OfferedDay,
) -> Result<bool, Error> {
    let Some(known) = known else {
        return Ok(false);
    };
    let said_then = ForecastRun {
        made_at: run.made_at,
        ..known.clone()
    };
    if said_then != *run {
        return Ok(false);
    }
    let mut before = view.pool_forecasts(known)?;
    for (pool, targets) in &of_day.forecasts {
        match before.next().transpose()? {
            Some(found) if found == of_pool(*pool, targets) => {}
            _ => return Ok(false),
        }
    }
    Ok(before.next().is_none())
}

/// Drops what the earlier run said of pools that this one says nothing of.
fn drop_others(
    view: &View<'_>,
    known: &ForecastRun,
    of_day: &OfferedDay,
    records: &mut Vec<Keep>,
) -> Result<(), Error> {
    let stay: BTreeSet<PoolId> = of_day.forecasts.keys().copied().collect();
    for found in view.pool_forecasts(known)? {
        let found = found?;
        if !stay.contains(&found.pool) {
            records.push(found.drop(known));
        }
    }
    Ok(())
}
