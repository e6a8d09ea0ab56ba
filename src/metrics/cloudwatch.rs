//! Put into CloudWatch, for alarms that see from outside what cannot be told from within.

use super::gather::gather;
use super::reading::{Reading, Readings, Value};
use crate::error::Error;
use crate::sources::Sources;
use std::time::{Duration, SystemTime};
use tidegauge_cloud::{CloudWatch, Datum};
use tokio_util::sync::CancellationToken;

/// Puts what alarms need, again and again, until told to stop. What does not arrive is not sent
/// again: the next numbers are newer, and that some are missing is an alarm by itself.
pub(crate) async fn keep(
    place: Option<CloudWatch>,
    every: Duration,
    sources: Sources,
    stop: &CancellationToken,
) {
    let Some(place) = place else {
        stop.cancelled().await;
        return;
    };
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut failures = 0u64;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        let put = tokio::select! {
            put = once(&place, &sources) => put,
            () = stop.cancelled() => return,
        };
        match put {
            Ok(()) => {
                if failures > 0 {
                    tracing::info!("CloudWatch is told again, after {failures} failures");
                }
                failures = 0;
            }
            Err(error) => {
                // Once, and not every minute of a long night.
                if failures == 0 {
                    tracing::warn!("CloudWatch is not told: {error}");
                }
                failures += 1;
            }
        }
    }
}

async fn once(place: &CloudWatch, sources: &Sources) -> Result<(), Error> {
    let sources = sources.clone();
    let readings = tokio::task::spawn_blocking(move || gather(&sources))
        .await
        .map_err(|e| Error::Failed(format!("a thread that read the metrics ended: {e}")))??;
    let put = place.put(&data(&readings), SystemTime::now()).await;
    put.map_err(|e| Error::Failed(e.to_string()))
}

fn data(readings: &Readings) -> Vec<Datum> {
    readings.iter().filter_map(datum).collect()
}

fn datum(reading: &Reading) -> Option<Datum> {
    Some(Datum {
        name: reading.metric.name,
        dimensions: reading.labels.clone(),
        unit: reading.metric.cloud?,
        value: match reading.value {
            Value::Gauge(value) => value,
            Value::Counter(count) => count as f64,
        },
    })
}
