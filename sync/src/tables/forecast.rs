//! A forecast as one row: of whom, by whom, from what, how sure.

use super::cells::column;
use crate::cell::{Cell, Column, Kind};
use tidegauge_model::{BlockNumber, PoolId};
use tidegauge_storage::{ForecastBasis, ForecastRun, Forecasted, TargetColumn};

/// The columns, in order.
pub const FORECAST_COLUMNS: [Column; 15] = [
    column("model", Kind::Word, "Who forecasts"),
    column("pool_address", Kind::Text, "The pool's contract"),
    column(
        "date",
        Kind::Day,
        "The last UTC day that the model knew; the horizon begins with the next",
    ),
    column(
        "target",
        Kind::Word,
        "What is forecast: a column of the daily rows",
    ),
    column(
        "value",
        Kind::Float,
        "The forecast: swaps, USD, or a yearly rate as a fraction",
    ),
    column(
        "interval_low",
        Kind::Float,
        "Lower end of the 80 % interval; NULL below 100 matured forecasts",
    ),
    column("interval_high", Kind::Float, "Upper end, likewise"),
    column(
        "confidence",
        Kind::Float,
        "Probability that the outcome lies within 25 % of the value; NULL likewise",
    ),
    column(
        "basis",
        Kind::Word,
        "Whose errors these rest on: group (class and fifth by volume), class, all; NULL without them",
    ),
    column(
        "horizon_days",
        Kind::Int,
        "Days from the date to the end of what is forecast",
    ),
    column(
        "model_version",
        Kind::Text,
        "Version of the model; of a file the start of its SHA-256",
    ),
    column(
        "fitted_until",
        Kind::Day,
        "The last day whose outcome it was fitted on; NULL where nothing is fitted",
    ),
    column(
        "feature_set",
        Kind::Text,
        "Fingerprint of the definitions and lists of the features",
    ),
    column("as_of_block", Kind::Int, "The last block of the date"),
    column("made_at", Kind::Moment, "When the forecast was made"),
];

/// A forecast's values, in the order of the columns.
pub fn forecast_cells(
    run: &ForecastRun,
    pool: PoolId,
    target: TargetColumn,
    forecast: &Forecasted,
) -> [Cell<'static>; FORECAST_COLUMNS.len()] {
    let end = |pick: fn((f64, f64)) -> f64| Cell::or_null(forecast.interval.map(pick), Cell::Float);
    [
        Cell::text(run.model.to_string()),
        Cell::text(pool.to_string()),
        Cell::Day(run.day),
        Cell::text(target.name()),
        Cell::Float(forecast.value),
        end(|(low, _)| low),
        end(|(_, high)| high),
        Cell::or_null(forecast.confidence, Cell::Float),
        Cell::or_null(forecast.basis.map(ForecastBasis::name), Cell::text),
        Cell::Int(target.horizon_days().into()),
        Cell::text(run.version.clone()),
        Cell::or_null(run.fitted_until, Cell::Day),
        Cell::text(run.fingerprint.to_string()),
        whole(run.as_of),
        Cell::Moment(run.made_at),
    ]
}

/// Heights beyond 63 bits do not occur; shown as the greatest rather than wrapped.
fn whole(block: BlockNumber) -> Cell<'static> {
    Cell::Int(i64::try_from(block.0).unwrap_or(i64::MAX))
}
