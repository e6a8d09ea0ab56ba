//! `GET /api/predictions/{model}`: what a model forecast.

use crate::api::ask::{self, Asked, read_cursor, write_cursor};
use crate::api::cells::{Forecast, TableRow};
use crate::api::kept::Answer;
use crate::api::refusal::Refusal;
use crate::api::snapshot::Snapshot;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegauge_model::{BlockRef, Day, PoolId};
use tidegauge_storage::{ForecastRun, ModelName, PoolForecasts};
use tidegauge_sync::forecast_cells;

/// Pools of a page where no limit is given.
const DEFAULT_POOLS: usize = 1_000;
/// Most pools of a page.
const MAX_POOLS: usize = 10_000;

/// Which forecasts.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// The last day that the model knew; by default the newest with forecasts.
    #[schemars(with = "Option<Day>")]
    date: Option<String>,
    /// Only of this pool.
    #[schemars(with = "Option<PoolId>")]
    pool: Option<String>,
    /// Most pools, from 1 to 10000; by default 1000.
    #[schemars(range(min = 1, max = 10_000))]
    limit: Option<usize>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// A model's forecasts from a day.
#[derive(Serialize, JsonSchema)]
pub(super) struct Predictions {
    model: String,
    /// The last day that the model knew; horizons begin with the next.
    date: Day,
    /// The last block that is in the store.
    as_of: BlockRef,
    /// Pools with a forecast of that day.
    pools: u32,
    /// By pool and target.
    rows: Vec<TableRow<Forecast>>,
    /// Where the next page begins; null on the last.
    next: Option<String>,
}

impl Answer for Predictions {}

/// The day and the last pool of a page: a newer day does not mix into its pages.
type Cursor = (Day, PoolId);

/// A page of a model's forecasts.
pub(super) fn predictions(
    snapshot: &Snapshot<'_>,
    asked: &Asked,
    wanted: Wanted,
) -> Result<Predictions, Refusal> {
    let as_of = snapshot.as_of()?.block;
    let limit = match wanted.limit {
        None => DEFAULT_POOLS,
        Some(limit) if (1..=MAX_POOLS).contains(&limit) => limit,
        Some(limit) => return Err(super::bad_limit("limit", limit as u64, MAX_POOLS as u64)),
    };
    let cursor: Option<Cursor> = wanted.cursor.as_deref().map(read_cursor).transpose()?;
    let named = wanted.date.as_deref().map(ask::day).transpose()?;
    let day = named.or(cursor.map(|(day, _)| day));
    let run = run(snapshot, asked, day)?;
    let mut rows = Vec::new();
    let mut next = None;
    if let Some(pool) = wanted.pool.as_deref().map(ask::pool).transpose()? {
        super::known(snapshot, pool)?;
        if let Some(found) = snapshot.view.forecasts_of(&run, pool)? {
            push(&run, &found, &mut rows);
        }
    } else {
        let mut last = None;
        let mut count = 0;
        for found in snapshot.view.pool_forecasts(&run)? {
            let found = found?;
            if cursor.is_some_and(|(_, seen)| found.pool <= seen) {
                continue;
            }
            if count == limit {
                next = last.and_then(|pool| write_cursor(&(run.day, pool)));
                break;
            }
            push(&run, &found, &mut rows);
            last = Some(found.pool);
            count += 1;
        }
    }
    Ok(Predictions {
        model: run.model.to_string(),
        date: run.day,
        as_of,
        pools: run.pools,
        rows,
        next,
    })
}

fn run(snapshot: &Snapshot<'_>, asked: &Asked, day: Option<Day>) -> Result<ForecastRun, Refusal> {
    let unknown = |message: String| {
        Refusal::missing(
            "unknown_model",
            message,
            "/api/models lists who forecasts, and from which days",
        )
    };
    let model: ModelName = asked.part(0).parse().map_err(unknown)?;
    let found = snapshot.view.forecast_run(&model, day)?;
    found.ok_or_else(|| match day {
        Some(day) => unknown(format!("model {model} has not forecast from {day}")),
        None => unknown(format!("there is no forecast by a model {model}")),
    })
}

fn push(run: &ForecastRun, pool: &PoolForecasts, rows: &mut Vec<TableRow<Forecast>>) {
    for (target, forecast) in &pool.forecasts {
        rows.push(TableRow::of(forecast_cells(
            run, pool.pool, *target, forecast,
        )));
    }
}
