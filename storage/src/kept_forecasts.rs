//! Forecasts as the store keeps them.

use crate::codec::{
    decode_forecast_run, decode_number, decode_pool_forecasts, decode_score_board,
    encode_forecast_run, encode_number, encode_pool_forecasts, encode_score_board,
};
use crate::error::StoreError;
use crate::families::Family;
use crate::forecast_keys::{
    REVISION_KEY, pool_forecasts_bounds, pool_forecasts_key, run_bounds, run_key, runs_bounds,
    score_board_key, score_boards_bounds,
};
use crate::forecasts::{ForecastRun, ModelName, PoolForecasts, ScoreBoard};
use crate::keep::Keep;
use crate::scan::{Bounds, RawScan, Scan};
use crate::view::View;
use tidegauge_model::{Day, PoolId};

/// That forecasts are changed once more; in one go with the change.
pub(crate) fn next_forecast_revision(view: &View<'_>) -> Result<Keep, StoreError> {
    let next = view.forecast_revision()?.wrapping_add(1);
    Keep::put(Family::Predictions, REVISION_KEY, |out| {
        encode_number(next, out)
    })
}

impl ForecastRun {
    /// To be kept, in one go with the forecasts of its pools.
    pub fn keep(&self) -> Result<Keep, StoreError> {
        Keep::put(Family::Predictions, run_key(&self.model, self.day), |out| {
            encode_forecast_run(self, out)
        })
    }

    /// To be dropped, in one go with the forecasts of its pools.
    pub fn drop(&self) -> Keep {
        Keep::drop(Family::Predictions, run_key(&self.model, self.day))
    }
}

impl PoolForecasts {
    /// To be kept, as what was forecast in a run.
    pub fn keep(&self, run: &ForecastRun) -> Result<Keep, StoreError> {
        let key = pool_forecasts_key(&run.model, run.day, self.pool);
        Keep::put(Family::Predictions, key, |out| {
            encode_pool_forecasts(self, out)
        })
    }

    /// To be dropped with its run.
    pub fn drop(&self, run: &ForecastRun) -> Keep {
        let key = pool_forecasts_key(&run.model, run.day, self.pool);
        Keep::drop(Family::Predictions, key)
    }
}

impl ScoreBoard {
    /// To be kept, in place of what was known as of this day.
    pub fn keep(&self) -> Result<Keep, StoreError> {
        Keep::put(Family::Predictions, score_board_key(self.day), |out| {
            encode_score_board(self, out)
        })
    }
}

impl View<'_> {
    /// How often forecasts were changed: another number, other forecasts.
    pub fn forecast_revision(&self) -> Result<u64, StoreError> {
        let found = self.one(Family::Predictions, REVISION_KEY, |_, value| {
            decode_number(value)
        })?;
        Ok(found.unwrap_or(0))
    }

    /// All runs, by model and day.
    pub fn forecast_runs(&self) -> Result<Scan<'_, ForecastRun>, StoreError> {
        let bounds = Bounds::between(runs_bounds());
        self.scan(Family::Predictions, bounds, decode_forecast_run)
    }

    /// A model's last run, or the one of a day; `None` if there is none.
    pub fn forecast_run(
        &self,
        model: &ModelName,
        day: Option<Day>,
    ) -> Result<Option<ForecastRun>, StoreError> {
        match day {
            Some(day) => {
                let key = run_key(model, day);
                self.one(Family::Predictions, &key, decode_forecast_run)
            }
            None => self.last_of(run_bounds(model), decode_forecast_run),
        }
    }

    /// What a run forecast, by pool.
    pub fn pool_forecasts(&self, run: &ForecastRun) -> Result<Scan<'_, PoolForecasts>, StoreError> {
        let bounds = Bounds::between(pool_forecasts_bounds(&run.model, run.day));
        self.scan(Family::Predictions, bounds, decode_pool_forecasts)
    }

    /// What a run forecast of a pool; `None` if nothing.
    pub fn forecasts_of(
        &self,
        run: &ForecastRun,
        pool: PoolId,
    ) -> Result<Option<PoolForecasts>, StoreError> {
        let key = pool_forecasts_key(&run.model, run.day, pool);
        self.one(Family::Predictions, &key, decode_pool_forecasts)
    }

    /// What forecasts were worth, as of the last day that was scored.
    pub fn score_board(&self) -> Result<Option<ScoreBoard>, StoreError> {
        self.last_of(score_boards_bounds(), decode_score_board)
    }

    fn last_of<T>(
        &self,
        bounds: (Vec<u8>, Vec<u8>),
        decode: crate::scan::Decode<T>,
    ) -> Result<Option<T>, StoreError> {
        let rows = self.raw_iterator(Family::Predictions, Bounds::between(bounds))?;
        let rows = RawScan::descending(Family::Predictions, rows);
        Scan::new(rows, decode).next().transpose()
    }
}
