//! Taking snapshots: once, or now and then for as long as the collector runs.

use super::local::Local;
use super::options::{
    Heard, PlaceReport, ReadBack, SnapshotOptions, SnapshotProgress, SnapshotReport, SnapshotStatus,
};
use super::place::Place;
use crate::error::SyncError;
use crate::s3::Writer;
use crate::snapshot_fault::SnapshotFault;
use crate::writer_fault::WriterFault;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tidegauge_objects::Objects;
use tidegauge_storage::Reader;
use tokio::sync::watch;
use tokio::time::sleep;

/// First and longest wait after a failure.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(15), Duration::from_secs(600));

/// Snapshots of one store.
pub struct Snapshots {
    reader: Reader,
    options: SnapshotOptions,
    first: Place,
    second: Option<Place>,
    shown: Arc<watch::Sender<SnapshotStatus>>,
}

impl Snapshots {
    /// Of a store, which this process writes, to a place that it has the right to write to.
    pub fn new(reader: Reader, objects: Objects, writer: Writer, options: SnapshotOptions) -> Self {
        Self {
            reader,
            options,
            first: Place::new(objects, writer),
            second: None,
            shown: Arc::default(),
        }
    }

    /// The same snapshots go to another place too, each after the first has it.
    #[must_use]
    pub fn and_to(self, objects: Objects, writer: Writer) -> Self {
        Self {
            second: Some(Place::new(objects, writer)),
            ..self
        }
    }

    /// Where it is, whenever that changes.
    pub fn status(&self) -> watch::Receiver<SnapshotStatus> {
        self.shown.subscribe()
    }

    /// Takes one: it is uploaded, read back, and named as good. Dropping this gives it up, and
    /// nothing that counts is left.
    ///
    /// # Errors
    /// Why the first place does not have it; what the second fails by is in the report.
    pub async fn take(
        &mut self,
        depth: ReadBack,
        heard: Heard,
    ) -> Result<SnapshotReport, SyncError> {
        let shown = self.shown.clone();
        let heard: Heard = Arc::new(move |progress: SnapshotProgress| {
            shown.send_modify(|status| status.under_way = Some(progress));
            heard(progress);
        });
        let taken = self.take_shown(depth, &heard).await;
        let now = (self.options.clock)().0;
        self.shown.send_modify(|status| {
            status.under_way = None;
            match &taken {
                Ok(report) => {
                    status.last = Some(report.clone());
                    status.last_at = Some(now);
                    status.error = report.places.iter().find_map(|place| place.error.clone());
                    status.error_class = None;
                }
                // It comes with the first block.
                Err(SyncError::Snapshot(SnapshotFault::Empty)) => {}
                Err(error) => {
                    status.error = Some(error.to_string());
                    status.error_class = Some(error.class());
                }
            }
            let empty = matches!(taken, Err(SyncError::Snapshot(SnapshotFault::Empty)));
            status.failures_total += u64::from(status.error.is_some() && !empty);
        });
        taken
    }

    async fn take_shown(
        &mut self,
        depth: ReadBack,
        heard: &Heard,
    ) -> Result<SnapshotReport, SyncError> {
        let began = Instant::now();
        let options = &self.options;
        let mut local = Local::make(&self.reader, options).await?;
        let mut places = vec![self.first.take(&mut local, depth, options, heard).await?];
        if let Some(second) = &mut self.second {
            let taken = second.take(&mut local, depth, options, heard).await;
            places.push(taken.unwrap_or_else(|error| PlaceReport {
                place: second.name(),
                error: Some(error.to_string()),
                ..PlaceReport::default()
            }));
        }
        Ok(SnapshotReport {
            tip: local.facts().tip,
            swaps: local.facts().swaps,
            places,
            seconds: began.elapsed().as_secs_f64(),
        })
    }

    /// Takes one each time, so often, until `stop` is done. Failures are shown and waited out,
    /// never returned, but for one: another writer took over.
    ///
    /// # Errors
    /// [`WriterFault::Fenced`].
    pub async fn run(
        &mut self,
        stop: impl Future<Output = ()>,
        every: Duration,
    ) -> Result<(), SyncError> {
        tokio::select! {
            () = stop => Ok(()),
            ended = self.take_for_ever(every) => ended,
        }
    }

    async fn take_for_ever(&mut self, every: Duration) -> Result<(), SyncError> {
        let mut waits = backoff();
        let mut wait = self.first_wait(every).await;
        loop {
            sleep(wait).await;
            match self.take(ReadBack::New, Arc::new(|_| {})).await {
                Ok(report) => {
                    waits = backoff();
                    wait = every;
                    say(&report);
                }
                Err(error @ SyncError::Writer(WriterFault::Fenced { .. })) => return Err(error),
                // It comes with the first block.
                Err(SyncError::Snapshot(SnapshotFault::Empty)) => wait = BACKOFF.0,
                Err(error) => {
                    wait = waits.next().unwrap_or(BACKOFF.1).min(every.max(BACKOFF.0));
                    tracing::warn!("no snapshot was taken, the next try is in {wait:.0?}: {error}");
                }
            }
        }
    }

    /// A restart takes none before its time.
    async fn first_wait(&self, every: Duration) -> Duration {
        match self.first.newest().await {
            Ok(Some(made_at)) => {
                let age = (self.options.clock)().0.saturating_sub(made_at);
                every.saturating_sub(Duration::from_secs(age))
            }
            // What fails here fails there too, and is said there.
            Ok(None) | Err(_) => Duration::ZERO,
        }
    }
}

fn say(report: &SnapshotReport) {
    for place in &report.places {
        match &place.error {
            None => tracing::info!(
                "snapshot at block {} in {}: {} of {} files were new, {:.1} s",
                report.tip.number,
                place.place,
                place.uploaded_files,
                place.files,
                place.seconds
            ),
            Some(error) => tracing::warn!("the second place has no snapshot: {error}"),
        }
    }
}

fn backoff() -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(BACKOFF.0)
        .with_max_delay(BACKOFF.1)
        .with_jitter()
        .without_max_times()
        .build()
}
