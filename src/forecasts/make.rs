//! The walk over the store's final days, and what of it is kept.

use super::observe::observe;
use super::onnx;
use super::outside;
use super::records::{Origin, board, name_of, of_file, of_run};
use crate::config::Predictions;
use crate::days::{PoolBook, feature_set};
use crate::error::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Instant;
use tidegauge_model::{Day, UnixSeconds};
use tidegauge_predict::{Config, Model, Walk};
use tidegauge_storage::{ForecastRun, Keep, View};

/// Days that the walk looks back over: ridge trains on half a year, scores hold a month, and a
/// pool's age counts up to a year.
const WALK_DAYS: u32 = 550;

/// Days before the last one whose forecasts are kept too, where there are none yet: made afterwards,
/// from nothing that came after the day.
const CAUGHT_UP_DAYS: u32 = 35;

/// What was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Made {
    /// The last final day, which the newest forecasts are of; none without a final day.
    pub(crate) day: Option<Day>,
    /// Days that the walk looked back over.
    pub(crate) days: u64,
    /// Pools with a forecast of that day.
    pub(crate) pools: u64,
    /// Forecasts that were not kept before.
    pub(crate) forecasts: u64,
    /// Days whose forecasts went: their time to be kept is over.
    pub(crate) dropped_days: u64,
    /// Models of the folder that say nothing, each with why.
    pub(crate) refused: Vec<String>,
}

/// Forecasts the last final day, and the days before it that have no forecasts yet; hands over what
/// is to be kept, each piece whole.
///
/// # Errors
/// What cannot be read, or what `keep` says.
pub(crate) fn make(
    view: &View<'_>,
    now: UnixSeconds,
    settings: &Predictions,
    mut heard: impl FnMut(u64, u64),
    mut keep: impl FnMut(Vec<Keep>) -> Result<(), Error>,
) -> Result<Made, Error> {
    let (Some(last), Some(whole)) = (view.last_final_day()?, view.whole_from()) else {
        return Ok(Made::default());
    };
    if last < whole {
        return Ok(Made::default());
    }
    let from = whole.max(last.minus_days(WALK_DAYS - 1));
    let set = feature_set(view)?;
    let mut last_blocks = BTreeMap::new();
    for closed in view.calendar()? {
        let closed = closed?;
        if closed.whole && (from..=last).contains(&closed.day) {
            last_blocks.insert(closed.day, closed.last_block);
        }
    }
    let pools = PoolBook::read(view)?.infos();
    let mut days = observe(view, &set, &pools, from..=last, &last_blocks)?;
    let kept = kept(view)?;
    let mut walk = Walk::new(Config::default()).map_err(failed)?;
    let mut made = Made {
        day: Some(last),
        days: last_blocks.len() as u64,
        ..Made::default()
    };
    let total = made.days;
    let last_block = last_blocks.get(&last).copied();
    for (done, (day, as_of)) in (1..).zip(last_blocks) {
        let observed = days.remove(&day).unwrap_or_default();
        let report = walk.day(day, &observed).map_err(failed)?;
        if day == last {
            made.pools = observed.len() as u64;
        }
        let origin = Origin {
            fingerprint: set.fingerprint(as_of),
            as_of,
            made_at: now,
        };
        for model in Model::ALL {
            let is_kept = kept.contains(&(name_of(model)?.to_string(), day));
            if is_kept || day.plus_days(CAUGHT_UP_DAYS) <= last {
                continue;
            }
            if let Some((records, count)) = of_run(&report, model, &origin)? {
                keep(records)?;
                made.forecasts += count;
            }
        }
        heard(done, total);
    }
    if let Some(as_of) = last_block {
        let origin = Origin {
            fingerprint: set.fingerprint(as_of),
            as_of,
            made_at: now,
        };
        of_folder(
            view,
            last,
            &settings.models_dir,
            &origin,
            &mut made,
            &mut keep,
        )?;
    }
    let mut board = board(&walk, last)?;
    outside::score(view, &mut board)?;
    if view.score_board()?.as_ref() != Some(&board) {
        keep(vec![board.keep()?])?;
    }
    made.dropped_days = drop_old(view, last, settings.keep_days, &mut keep)?;
    Ok(made)
}

/// Has the models of a folder forecast the last day, once each.
fn of_folder(
    view: &View<'_>,
    day: Day,
    folder: &Path,
    origin: &Origin,
    made: &mut Made,
    keep: &mut impl FnMut(Vec<Keep>) -> Result<(), Error>,
) -> Result<(), Error> {
    let names = match onnx::names(folder) {
        Ok(names) => names,
        // The program's own forecast all the same.
        Err(error) => {
            tracing::warn!("no model of a folder is asked: {error}");
            made.refused.push(error.to_string());
            return Ok(());
        }
    };
    for (name, file) in names {
        let is_own = Model::ALL.iter().any(|own| own.name() == name);
        let known = name.parse().ok().filter(|_| !is_own);
        let known = known.map(|model| view.forecast_run(&model, Some(day)));
        if known.transpose()?.flatten().is_some() {
            continue;
        }
        let begun = Instant::now();
        let mut said = match onnx::say(view, &name, &file, day)? {
            Ok(said) if said.forecasts.is_empty() => continue,
            Ok(said) => said,
            Err(why) => {
                tracing::warn!("model {name} says nothing of {day}: {why}");
                made.refused.push(format!("{name}: {why}"));
                continue;
            }
        };
        tracing::info!(
            "model {name} said something of {} pools of {day} in {:.2} s",
            said.forecasts.len(),
            begun.elapsed().as_secs_f64()
        );
        outside::claim(view, &mut said, day)?;
        made.forecasts += said.forecasts.len() as u64;
        keep(of_file(&said, day, origin)?)?;
    }
    Ok(())
}

/// Whether there are forecasts from a day.
pub(crate) fn is_forecast(view: &View<'_>, day: Day) -> Result<bool, Error> {
    // Persistence forecasts whenever anybody can.
    Ok(view
        .forecast_run(&name_of(Model::Naive)?, Some(day))?
        .is_some())
}

/// Which model has forecasts of which day.
fn kept(view: &View<'_>) -> Result<BTreeSet<(String, Day)>, Error> {
    let runs = view.forecast_runs()?;
    Ok(runs
        .map(|run| run.map(|run| (run.model.to_string(), run.day)))
        .collect::<Result<_, _>>()?)
}

/// Drops what was forecast of days long past; says how many. A day goes whole: who mirrors what is
/// there would take half of its runs for all that were made.
fn drop_old(
    view: &View<'_>,
    last: Day,
    keep_days: u32,
    keep: &mut impl FnMut(Vec<Keep>) -> Result<(), Error>,
) -> Result<u64, Error> {
    let mut old: BTreeMap<Day, Vec<ForecastRun>> = BTreeMap::new();
    for run in view.forecast_runs()? {
        let run = run?;
        if run.day.plus_days(keep_days) <= last {
            old.entry(run.day).or_default().push(run);
        }
    }
    let mut dropped = 0;
    for runs in old.into_values() {
        let mut records = Vec::new();
        for run in runs {
            records.push(run.drop());
            for pool in view.pool_forecasts(&run)? {
                records.push(pool?.drop(&run));
            }
        }
        keep(records)?;
        dropped += 1;
    }
    Ok(dropped)
}

fn failed(error: tidegauge_predict::PredictError) -> Error {
    Error::Failed(format!("the forecasts are not made: {error}"))
}
