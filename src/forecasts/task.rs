//! Making forecasts beside a collector: read and computed on a thread of their own, kept by the only
//! writer.

use super::make::{Made, make};
use crate::collect::Committer;
use crate::config::Predictions;
use crate::error::Error;
use tidegauge_model::UnixSeconds;
use tidegauge_storage::{Keep, Reader};
use tokio::sync::mpsc;

/// Pieces that wait to be kept: each is some megabytes.
const WAITING: usize = 1;

/// As [`make`], of the store that a collector holds; `heard` is told how many days are done.
pub(crate) async fn make_beside(
    reader: &Reader,
    committer: &Committer,
    now: UnixSeconds,
    settings: &Predictions,
    heard: impl FnMut(u64, u64) + Send + 'static,
) -> Result<Made, Error> {
    let stopped = || Error::Failed("the commit thread has stopped".to_owned());
    let (hand_over, mut waiting) = mpsc::channel::<Vec<Keep>>(WAITING);
    let (reader, settings) = (reader.clone(), settings.clone());
    let making = tokio::task::spawn_blocking(move || {
        let view = reader.view()?;
        let keep = |records| hand_over.blocking_send(records).map_err(|_| stopped());
        make(&view, now, &settings, heard, keep)
    });
    while let Some(records) = waiting.recv().await {
        if !committer.keep(records).await? {
            return Err(stopped());
        }
    }
    making
        .await
        .map_err(|e| Error::Failed(format!("the thread that forecasts ended: {e}")))?
}
