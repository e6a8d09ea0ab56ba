//! Keeping a lake: look after look, waiting between them, trying again after failures.

use super::manifest::StoreLife;
use super::means::Means;
use super::options::{LakeOptions, LakePhase, LakeStatus};
use super::published::Trust;
use super::scratch::Scratch;
use super::session::{Pace, Session, Turn};
use super::sweep::{Swept, sweep};
use crate::error::SyncError;
use crate::lake_fault::LakeFault;
use crate::s3::Writer;
use crate::writer_fault::WriterFault;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use std::future::Future;
use std::time::Duration;
use tidegauge_model::ErrorClass;
use tidegauge_objects::Objects;
use tidegauge_storage::Reader;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// How long is waited when nothing was to be done; less where days that are not final are
/// published more often.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const LOOK_EVERY_LEAST: Duration = Duration::from_millis(50);

/// How often what nobody names any more is removed.
const SWEEP_EVERY: Duration = Duration::from_secs(3_600);

/// First and longest wait after failures that pass by themselves.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));

/// How long is waited after a failure that somebody must put right.
const REFUSED_WAIT: Duration = Duration::from_secs(30);

/// Failures in a row after which what is to be done once is given up.
const MAX_FAILURES_ONCE: u32 = 5;

/// A lake of one store below one prefix.
pub struct Lake {
    pub(super) means: Means,
    /// Between two looks, or none.
    pub(super) session: Option<Session>,
    pub(super) status: LakeStatus,
    shown: watch::Sender<LakeStatus>,
    swept: Option<Instant>,
    has_said_refused: bool,
}

impl Lake {
    /// Reads who the store is, and makes room for files; asks nothing of the bucket yet.
    ///
    /// The writer's lease is held by whoever claimed it ([`Writer::hold`]); here it is renewed
    /// before each manifest.
    ///
    /// # Errors
    /// [`SyncError::Store`], and [`SyncError::Write`] where there is no scratch folder to be had.
    pub fn new(
        reader: Reader,
        objects: Objects,
        writer: Writer,
        options: LakeOptions,
    ) -> Result<Self, SyncError> {
        let identity = reader.view()?.identity()?;
        let status = LakeStatus {
            epoch: writer.epoch(),
            ..LakeStatus::default()
        };
        Ok(Self {
            means: Means {
                scratch: Scratch::begin(&options.scratch)?,
                reader,
                objects,
                writer,
                options,
                chain: identity.chain_id,
                life: StoreLife {
                    id: identity.uuid,
                    epoch: identity.epoch,
                },
            },
            session: None,
            shown: watch::Sender::new(status.clone()),
            status,
            swept: None,
            has_said_refused: false,
        })
    }

    /// Where it is, whenever that changes. Who keeps the store keeps `acknowledged` in it.
    pub fn status(&self) -> watch::Receiver<LakeStatus> {
        self.shown.subscribe()
    }

    /// Follows the store until `stop` is done. Failures are shown and waited out, never returned,
    /// but for one: [`WriterFault::Fenced`], another writer publishes from now on.
    pub async fn run(&mut self, stop: impl Future<Output = ()>) -> Result<(), SyncError> {
        let ended = tokio::select! {
            () = stop => Ok(()),
            ended = self.follow() => ended,
        };
        self.status.phase = LakePhase::Stopped;
        self.show();
        ended
    }

    /// Publishes every final day, and the others as they are now, then ends.
    pub async fn once(&mut self) -> Result<LakeStatus, SyncError> {
        self.reach_tip(Trust::Strict).await?;
        if self.is_sweep_due() {
            self.sweep().await?;
        }
        Ok(self.status.clone())
    }

    /// Removes what no manifest names any more, now. It is done now and then by itself.
    pub async fn sweep(&mut self) -> Result<Swept, SyncError> {
        let swept = Box::pin(sweep(&self.means)).await?;
        self.swept = Some(Instant::now());
        self.status.removed += swept.manifests + swept.objects;
        if let Some(why) = swept.refused.as_ref().filter(|_| !self.has_said_refused) {
            tracing::warn!("nothing is removed from the lake: {why}");
            self.has_said_refused = true;
        }
        self.show();
        Ok(swept)
    }

    /// Brings the lake to the store's tip, trying again a few times.
    pub(super) async fn reach_tip(&mut self, trust: Trust) -> Result<(), SyncError> {
        let began = Instant::now();
        let mut waits = backoff();
        loop {
            match self.turn(Pace::Since(began), trust).await {
                Ok(Turn::Nothing) => return Ok(()),
                Ok(Turn::More) => waits = backoff(),
                Err(error) => {
                    self.fail(&error);
                    let again = error.class() == ErrorClass::Transient
                        && self.status.failures < MAX_FAILURES_ONCE;
                    if !again {
                        return Err(error);
                    }
                    sleep(waits.next().unwrap_or(BACKOFF.1)).await;
                }
            }
        }
    }

    async fn follow(&mut self) -> Result<(), SyncError> {
        let mut waits = backoff();
        loop {
            let done = match self.turn(Pace::Follow, Trust::Strict).await {
                Ok(Turn::Nothing) if self.is_sweep_due() => {
                    // Whatever comes of it: publishing goes first.
                    self.swept = Some(Instant::now());
                    self.sweep().await.map(|_| Turn::More)
                }
                done => done,
            };
            match done {
                Ok(Turn::More) => waits = backoff(),
                Ok(Turn::Nothing) => {
                    waits = backoff();
                    let most = self.means.options.hot_every.max(LOOK_EVERY_LEAST);
                    sleep(LOOK_EVERY.min(most)).await;
                }
                Err(error) => {
                    self.fail(&error);
                    if matches!(error, SyncError::Writer(WriterFault::Fenced { .. })) {
                        return Err(error);
                    }
                    let wait = match error.class() {
                        ErrorClass::Transient => waits.next().unwrap_or(BACKOFF.1),
                        _ => REFUSED_WAIT,
                    };
                    sleep(wait).await;
                }
            }
        }
    }

    fn is_sweep_due(&self) -> bool {
        self.swept
            .is_none_or(|swept| swept.elapsed() >= SWEEP_EVERY)
    }

    /// One look, and what it leads to.
    async fn turn(&mut self, pace: Pace, trust: Trust) -> Result<Turn, SyncError> {
        let mut session = self.take_session(trust).await?;
        // Boxed: the type of all that it awaits would be too deep for the compiler.
        let turn = Box::pin(session.step(&self.means, pace, &mut self.status)).await;
        match &turn {
            // What is published is not what we know: it is read again.
            Err(SyncError::Lake(LakeFault::Moved { .. }) | SyncError::Writer(_)) => {}
            _ => self.session = Some(session),
        }
        if turn.is_ok() {
            self.status.failures = 0;
            self.status.error = None;
            self.status.error_class = None;
        }
        self.show();
        turn
    }

    /// The session, or a fresh one. Who drops what uses it drops it too.
    pub(super) async fn take_session(&mut self, trust: Trust) -> Result<Session, SyncError> {
        match self.session.take() {
            Some(session) => Ok(session),
            None => Box::pin(Session::open(&self.means, trust)).await,
        }
    }

    fn fail(&mut self, error: &SyncError) {
        self.status.phase = LakePhase::Waiting;
        self.status.error = Some(error.to_string());
        self.status.error_class = Some(error.class());
        self.status.failures = self.status.failures.saturating_add(1);
        self.status.failures_total += 1;
        if self.status.failures == 1 {
            tracing::warn!("the lake: {error}");
        } else {
            tracing::debug!(failures = self.status.failures, "the lake: {error}");
        }
        self.show();
    }

    fn show(&self) {
        self.shown.send_replace(self.status.clone());
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
