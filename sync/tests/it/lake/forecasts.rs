//! Forecasts in the lake: those of a day can still change until a later day is forecast from, and
//! are written once then.

use super::bench::{Bench, Rows, assert_audited};
use crate::runs::{Run, dropped, kept, run};
use tidegauge_model::Day;
use tidegauge_sync::Lake;

const NAMES: [&str; 4] = ["model", "pool_address", "target", "value"];

/// Days that are final, ascending.
fn final_days(bench: &Bench) -> Vec<Day> {
    let entries = bench.entries(false);
    let swaps = entries.iter().filter(|entry| entry["table"] == "swaps");
    swaps
        .map(|entry| entry["date"].as_str().unwrap().parse().unwrap())
        .collect()
}

/// What these runs say, as rows.
fn lines(runs: &[&Run]) -> Vec<String> {
    let mut lines = Vec::new();
    for (run, pools) in runs {
        for pool in pools {
            let mut forecasts = pool.forecasts.clone();
            forecasts.sort_by_key(|(target, _)| target.name());
            for (target, forecast) in forecasts {
                let value = forecast.value.to_bits();
                lines.push(format!(
                    "{}|{}|{}|{value:016x}",
                    run.model,
                    pool.pool,
                    target.name()
                ));
            }
        }
    }
    lines
}

fn rows(days: &[(Day, &[&Run])]) -> Rows {
    days.iter().map(|(day, runs)| (*day, lines(runs))).collect()
}

fn assert_lake(bench: &Bench, settled: &[(Day, &[&Run])], hot: &[(Day, &[&Run])]) {
    let found = bench.rows("predictions", false, &NAMES);
    assert_eq!(found, rows(settled), "final");
    let found = bench.rows("predictions", true, &NAMES);
    assert_eq!(found, rows(hot), "hot");
}

async fn publish(bench: &Bench, lake: &mut Lake) {
    lake.once().await.unwrap();
    bench.assert_equal();
    assert_audited(lake).await;
}

#[tokio::test]
async fn forecasts_of_a_day_are_written_once_when_a_later_day_is_forecast_from() {
    let mut bench = Bench::new(801);
    bench.grow(120, 12);
    let mut lake = bench.lake().await;
    publish(&bench, &mut lake).await;
    assert_lake(&bench, &[], &[]);
    let days = final_days(&bench);
    let (day, next) = (days[5], days[6]);

    // The longer name is kept first, and comes first by its letters.
    let naive = run("naive", day, 0, 5);
    let lasting = run("a_longer_name", day, 0, 3);
    bench
        .store
        .keep(&kept(std::slice::from_ref(&naive)))
        .unwrap();
    publish(&bench, &mut lake).await;
    assert_lake(&bench, &[], &[(day, &[&naive])]);
    let version = bench.manifest()["version"].clone();
    publish(&bench, &mut lake).await;
    assert_eq!(bench.manifest()["version"], version);

    // Another model the same day: the chain need not grow for that.
    bench
        .store
        .keep(&kept(std::slice::from_ref(&lasting)))
        .unwrap();
    publish(&bench, &mut lake).await;
    assert_lake(&bench, &[], &[(day, &[&lasting, &naive])]);

    let later = run("naive", next, 9, 2);
    bench
        .store
        .keep(&kept(std::slice::from_ref(&later)))
        .unwrap();
    publish(&bench, &mut lake).await;
    assert_lake(&bench, &[(day, &[&lasting, &naive])], &[(next, &[&later])]);
    let written = bench.keys("lake/predictions/");
    assert_eq!(written, bench.named("predictions"));

    // Nothing of it is written again as the chain goes on, or after a restart.
    bench.grow(25, 12);
    lake = bench.lake().await;
    publish(&bench, &mut lake).await;
    assert_eq!(bench.keys("lake/predictions/"), written);

    // Made anew, as after a repair: another file, that the manifest names in place of the first.
    let again = run("naive", day, 50, 4);
    bench.store.keep(&dropped(&naive)).unwrap();
    bench
        .store
        .keep(&kept(std::slice::from_ref(&again)))
        .unwrap();
    publish(&bench, &mut lake).await;
    assert_lake(&bench, &[(day, &[&lasting, &again])], &[(next, &[&later])]);
    assert_eq!(bench.keys("lake/predictions/").len(), 2);
}

#[tokio::test]
async fn what_the_store_keeps_no_longer_stays_in_the_lake() {
    let mut bench = Bench::new(802);
    bench.grow(120, 12);
    let mut lake = bench.lake().await;
    publish(&bench, &mut lake).await;
    let days = final_days(&bench);
    let old = run("naive", days[4], 0, 2);
    let new = run("naive", days[5], 0, 2);
    bench
        .store
        .keep(&kept(&[old.clone(), new.clone()]))
        .unwrap();
    publish(&bench, &mut lake).await;
    bench.store.keep(&dropped(&old)).unwrap();
    // A repair has everything after it compared once more.
    bench.repair(3, 2);
    publish(&bench, &mut lake).await;
    let status = lake.once().await.unwrap();
    assert_eq!(status.recheck, 0);
    assert_lake(&bench, &[(days[4], &[&old])], &[(days[5], &[&new])]);
}
