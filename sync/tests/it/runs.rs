//! Made-up forecasts to keep in a store.

use tidegauge_features::{Fingerprint, TARGET_COLUMNS};
use tidegauge_model::{Address, BlockNumber, Day, PoolId, UnixSeconds};
use tidegauge_storage::{
    ForecastBasis, ForecastRun, Forecasted, Keep, PoolForecasts, TargetColumn,
};

/// A run, and its forecasts by pool.
pub(crate) type Run = (ForecastRun, Vec<PoolForecasts>);

/// A run of so many pools, each with all targets, and its records.
pub(crate) fn run(model: &str, on: Day, made_at: u64, pools: u8) -> Run {
    let run = ForecastRun {
        model: model.parse().unwrap(),
        day: on,
        version: "1".to_owned(),
        fitted_until: (model == "ridge").then_some(on),
        fingerprint: Fingerprint(77),
        as_of: BlockNumber(19_000_000),
        made_at: UnixSeconds(1_704_600_000 + made_at),
        pools: pools.into(),
    };
    let forecasts = |pool: u8| {
        let targets = TARGET_COLUMNS.iter().enumerate().map(|(at, column)| {
            let value = f64::from(pool) / 3.0 + at as f64;
            let is_sure = pool.is_multiple_of(2);
            let forecasted = Forecasted {
                value,
                interval: is_sure.then_some((value / 2.0, value * 2.0)),
                confidence: is_sure.then_some(0.1 + 0.2),
                basis: is_sure.then_some(ForecastBasis::Class),
            };
            (TargetColumn::of_name(column.name).unwrap(), forecasted)
        });
        PoolForecasts {
            pool: PoolId(Address::repeat_byte(pool)),
            forecasts: targets.collect(),
        }
    };
    (run, (0..pools).map(forecasts).collect())
}

/// To be kept.
pub(crate) fn kept(runs: &[Run]) -> Vec<Keep> {
    let mut records = Vec::new();
    for (run, pools) in runs {
        records.push(run.keep().unwrap());
        records.extend(pools.iter().map(|pool| pool.keep(run).unwrap()));
    }
    records
}

/// To be dropped.
pub(crate) fn dropped((run, pools): &Run) -> Vec<Keep> {
    let pools = pools.iter().map(|pool| pool.drop(run));
    [run.drop()].into_iter().chain(pools).collect()
}
