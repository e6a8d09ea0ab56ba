//! `predict`: makes forecasts, or writes those that were made.

use super::held::hold_store;
use crate::cli::Predict;
use crate::clock::now;
use crate::config::Config;
use crate::control;
use crate::days::PoolBook;
use crate::error::Error;
use crate::forecasts::{self, Made};
use crate::progress::{Progress, group};
use crate::table::{Format, TableOut, is_standard_output, pipe_may_close};
use std::collections::BTreeMap;
use std::path::Path;
use tidegauge_storage::{ForecastRun, ModelName, View};
use tidegauge_sync::{FORECAST_COLUMNS, forecast_cells};

/// Forecasts, by the daemon where one holds the store; or writes what was forecast.
pub(super) async fn predict(config: Config, flags: Predict) -> Result<(), Error> {
    match &flags.out {
        Some(out) => write(&config, &flags, out),
        None if flags.fit => fit(&config, flags.json).await,
        None => Err(Error::Usage(
            "which file? --out FILE writes what was forecast; --fit forecasts now".to_owned(),
        )),
    }
}

async fn fit(config: &Config, json: bool) -> Result<(), Error> {
    let mut shown: Option<(Progress, u64)> = None;
    let mut show = |done: u64, total: u64| {
        let (progress, before) = shown.get_or_insert_with(|| {
            let progress = Progress::begin("forecast", "days", "days", total);
            (progress, 0)
        });
        progress.advance(done.saturating_sub(*before), 0);
        *before = done;
    };
    let asked = control::predict(&config.storage.path, &mut show).await?;
    let made = match asked {
        Some(made) => made,
        None => fit_here(config, &mut show)?,
    };
    if let Some((progress, _)) = shown {
        progress.finish();
    }
    if json {
        return super::print_json(&made);
    }
    match made.day {
        Some(day) => println!(
            "{day}: {} pools, {} forecasts that were not there, from {} days",
            group(made.pools),
            group(made.forecasts),
            group(made.days)
        ),
        None => println!("no day is complete and final yet: there is nothing to forecast from"),
    }
    for refused in &made.refused {
        println!("refused: {refused}");
    }
    Ok(())
}

fn fit_here(config: &Config, show: &mut dyn FnMut(u64, u64)) -> Result<Made, Error> {
    let mut store = hold_store(config)?;
    let reader = store.reader();
    let made = reader.view().map_err(Error::from).and_then(|view| {
        forecasts::make(&view, now(), &config.predictions, show, |records| {
            Ok(store.keep(&records)?)
        })
    });
    store.close()?;
    made
}

fn write(config: &Config, flags: &Predict, out: &Path) -> Result<(), Error> {
    Format::of(out)?;
    let reader = super::open_beside(config)?;
    let view = reader.view()?;
    let runs = runs(&view, flags)?;
    let written = write_runs(&view, &runs, flags, out);
    let count = pipe_may_close(out, written)?;
    if !is_standard_output(out) {
        println!("{} forecasts in {}", group(count), out.display());
    }
    Ok(())
}

/// The runs asked for: of a day, or each model's last one.
fn runs(view: &View<'_>, flags: &Predict) -> Result<Vec<ForecastRun>, Error> {
    let model = flags.model.as_deref().map(str::parse::<ModelName>);
    let model = model.transpose().map_err(Error::Usage)?;
    let mut found: BTreeMap<ModelName, ForecastRun> = BTreeMap::new();
    for run in view.forecast_runs()? {
        let run = run?;
        let is_wanted = model.as_ref().is_none_or(|model| *model == run.model)
            && flags.date.is_none_or(|day| day == run.day);
        if is_wanted {
            // By model and day, ascending: the last one stays.
            found.insert(run.model.clone(), run);
        }
    }
    if found.is_empty() {
        return Err(Error::Failed(
            "there is no such forecast: `tidegauge models` says who forecasts, `tidegauge predict --fit` forecasts now"
                .to_owned(),
        ));
    }
    Ok(found.into_values().collect())
}

fn write_runs(
    view: &View<'_>,
    runs: &[ForecastRun],
    flags: &Predict,
    out: &Path,
) -> Result<u64, Error> {
    let wanted = PoolBook::read(view)?.wanted(&flags.pools)?;
    let facts = [("tidegauge.chain_id", view.chain_id()?.to_string())];
    let mut table = TableOut::create(out, &FORECAST_COLUMNS, &facts)?;
    for run in runs {
        for pool in view.pool_forecasts(run)? {
            let pool = pool?;
            if !wanted.is_empty() && !wanted.contains(&pool.pool) {
                continue;
            }
            for (target, forecast) in &pool.forecasts {
                table.push(&forecast_cells(run, pool.pool, *target, forecast))?;
            }
        }
    }
    table.finish()
}
