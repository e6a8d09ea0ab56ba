//! `predictions import`: forecasts of models of one's own, from a file.

use super::held::hold_store;
use crate::cli::PredictionsCommand;
use crate::clock::now;
use crate::config::Config;
use crate::control;
use crate::error::Error;
use crate::forecasts::{Accepted, MOST_BYTES, OfferedRows, Shape, keep_here};
use crate::progress::group;
use std::path::Path;

/// Keeps what a file holds, by the daemon where one holds the store.
pub(super) async fn predictions(config: Config, what: PredictionsCommand) -> Result<(), Error> {
    let PredictionsCommand::Import { file, model, json } = what;
    let model = model.as_deref().map(str::parse).transpose();
    let rows = OfferedRows {
        model: model.map_err(|why| Error::Usage(format!("--model: {why}")))?,
        shape: shape(&file)?,
        bytes: read(&file)?.into(),
    };
    let of_file = |error: Error| match error {
        Error::Usage(why) => Error::Usage(format!("{}: {why}; nothing was kept", file.display())),
        other => other,
    };
    let accepted = match control::import(&config.storage.path, &rows).await {
        Ok(Some(accepted)) => accepted,
        Ok(None) => here(&config, &rows).map_err(of_file)?,
        Err(error) => return Err(of_file(error)),
    };
    if json {
        return super::print_json(&accepted);
    }
    for day in &accepted.days {
        println!(
            "{} {} ({}): {} forecasts of {} pools{}",
            day.date,
            day.model,
            day.model_version,
            group(day.forecasts),
            group(day.pools.into()),
            match day.is_new {
                true => "",
                false => ", which were there already",
            }
        );
    }
    Ok(())
}

fn shape(file: &Path) -> Result<Shape, Error> {
    let name = file.to_str().unwrap_or_default();
    Shape::of_file(name).ok_or_else(|| {
        Error::Usage(format!(
            "{}: name a file that ends in .csv, .json or .parquet",
            file.display()
        ))
    })
}

/// A file that is no longer than may be.
fn read(file: &Path) -> Result<Vec<u8>, Error> {
    let attempt = || Error::io(format!("read {}", file.display()));
    let length = std::fs::metadata(file).map_err(attempt())?.len();
    if length > MOST_BYTES as u64 {
        return Err(Error::Usage(format!(
            "{} has {} MiB; {} are the most: import day by day",
            file.display(),
            length >> 20,
            MOST_BYTES >> 20
        )));
    }
    std::fs::read(file).map_err(attempt())
}

fn here(config: &Config, rows: &OfferedRows) -> Result<Accepted, Error> {
    let mut store = hold_store(config)?;
    let reader = store.reader();
    let outcome = reader
        .view()
        .map_err(Error::from)
        .and_then(|view| keep_here(&view, rows, now(), |records| Ok(store.keep(&records)?)));
    store.close()?;
    outcome?.map_err(|refused| Error::Usage(refused.to_string()))
}
