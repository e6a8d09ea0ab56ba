//! Running a mirror: step after step, waiting between them, trying again after failures.

use super::blocking::look_at;
use super::lease::{self, Claim};
use super::mirrored::{WINDOW_DAYS, Window};
use super::options::{MirrorOptions, MirrorPhase, MirrorStatus};
use super::position::beyond;
use super::session::{Mode, Session, Turn};
use crate::error::SyncError;
use crate::failure::PostgresCause;
use crate::mirror_fault::MirrorFault;
use crate::postgres::connect::Database;
use crate::postgres::schema::migrate;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use std::future::Future;
use std::time::Duration;
use tidegauge_model::{BlockNumber, ErrorClass};
use tidegauge_storage::{MirrorPosition, Reader};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// How long one turn may take, before the connection is dropped: the server's deadlines end
/// what hangs there, this ends what hangs on the way.
const TURN_DEADLINE: Duration = Duration::from_secs(180);

/// The same while it follows, when there is little to write: a server that vanished without a
/// word, as in a fail-over, is left so soon.
const FOLLOW_DEADLINE: Duration = Duration::from_secs(20);

/// How long letting go of the lease may take at the end.
const RELEASE_DEADLINE: Duration = Duration::from_secs(5);

/// How often the store's tip is looked at while there is nothing to do.
const POLL: Duration = Duration::from_millis(250);

/// How often an idle mirror says that it is alive: a third of what makes it look dead.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// First and longest wait after failures that pass by themselves.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));

/// How long is waited after a failure that somebody must put right.
const REFUSED_WAIT: Duration = Duration::from_secs(30);

/// Failures in a row after which what is to be done once is given up.
const MAX_FAILURES_ONCE: u32 = 5;

/// A mirror of one store in one schema.
pub struct Mirror {
    reader: Reader,
    database: Database,
    claim: Claim,
    chain: i32,
    epoch: Option<i64>,
    is_migrated: bool,
    /// Idle, or none.
    pub(super) session: Option<Session>,
    window: u64,
    look_back_every: Duration,
    looked_back: Instant,
    rate: Rate,
    pub(super) status: MirrorStatus,
    shown: watch::Sender<MirrorStatus>,
}

impl Mirror {
    /// Reads who the store is; connects to nothing yet.
    ///
    /// # Errors
    /// [`SyncError::Store`], and [`MirrorFault::Beyond`] for a chain id beyond 31 bits.
    pub fn new(
        reader: Reader,
        database: Database,
        options: MirrorOptions,
    ) -> Result<Self, SyncError> {
        let identity = reader.view()?.identity()?;
        let chain = i32::try_from(identity.chain_id.0)
            .map_err(|_| beyond("chain id", identity.chain_id))?;
        let store_epoch =
            i64::try_from(identity.epoch).map_err(|_| beyond("store epoch", identity.epoch))?;
        Ok(Self {
            reader,
            database,
            claim: Claim {
                store: identity.uuid.to_string(),
                store_epoch,
                holder: format!("{} {:.8}", options.holder, uuid::Uuid::new_v4().simple()),
                gone: options.gone,
                take_over: options.take_over,
            },
            chain,
            epoch: None,
            is_migrated: false,
            session: None,
            window: 1,
            look_back_every: options.look_back_every,
            looked_back: Instant::now(),
            rate: Rate::default(),
            status: MirrorStatus::default(),
            shown: watch::Sender::new(MirrorStatus::default()),
        })
    }

    /// Where it is, whenever that changes. Who keeps the store keeps `acknowledged` in it.
    pub fn status(&self) -> watch::Receiver<MirrorStatus> {
        self.shown.subscribe()
    }

    /// Follows the store until `stop` is done. Failures are shown and waited out, never returned,
    /// but for one: [`MirrorFault::Fenced`], another collector writes from now on.
    pub async fn run(&mut self, stop: impl Future<Output = ()>) -> Result<(), SyncError> {
        let ended = tokio::select! {
            () = stop => Ok(()),
            ended = self.follow() => ended,
        };
        self.let_go().await;
        self.status.phase = MirrorPhase::Stopped;
        self.show();
        ended
    }

    /// Brings the mirror to the store's tip, then ends.
    pub async fn once(&mut self) -> Result<MirrorStatus, SyncError> {
        let done = self.reach_tip().await;
        self.let_go().await;
        done?;
        Ok(self.status.clone())
    }

    /// Brings it to the store's tip, trying again a few times.
    pub(super) async fn reach_tip(&mut self) -> Result<(), SyncError> {
        let mut waits = backoff();
        loop {
            match self.turn().await {
                Ok(Turn::Nothing) => return Ok(()),
                Ok(Turn::Wrote { .. }) => waits = backoff(),
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
        let mut seen = None;
        loop {
            match self.turn().await {
                Ok(Turn::Nothing) => {
                    waits = backoff();
                    self.wait(&mut seen).await;
                }
                Ok(Turn::Wrote { .. }) => waits = backoff(),
                Err(error) => {
                    self.fail(&error);
                    if matches!(error, SyncError::Mirror(MirrorFault::Fenced { .. })) {
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

    /// Waits until the store is another than was last seen, or something fails.
    async fn wait(&mut self, seen: &mut Option<Seen>) {
        let mut beaten = Instant::now();
        loop {
            match look_at(&self.reader, seen_of).await {
                Ok(now) if *seen == Some(now) => {}
                // What cannot be read now, the next turn says.
                Ok(now) => {
                    *seen = Some(now);
                    return;
                }
                Err(_) => return,
            }
            if self.looked_back.elapsed() >= self.look_back_every {
                return;
            }
            if beaten.elapsed() >= HEARTBEAT {
                let Some(mut session) = self.session.take() else {
                    return;
                };
                let renewed = timeout(FOLLOW_DEADLINE, session.renew()).await;
                if !matches!(renewed, Ok(Ok(()))) {
                    // The next turn connects anew and says what is wrong.
                    *seen = None;
                    return;
                }
                self.session = Some(session);
                beaten = Instant::now();
            }
            sleep(POLL).await;
        }
    }

    /// One transaction's work, on a connection that is made if there is none.
    async fn turn(&mut self) -> Result<Turn, SyncError> {
        let began = Instant::now();
        let deadline = match self.status.phase {
            MirrorPhase::Following => FOLLOW_DEADLINE,
            _ => TURN_DEADLINE,
        };
        let turn = match timeout(deadline, self.try_turn()).await {
            Ok(turn) => turn,
            Err(_) => Err(SyncError::postgres(
                PostgresCause::Deadline,
                format!("no end of a step within {deadline:?}"),
            )),
        };
        let turn = turn?;
        if let Turn::Wrote { swaps, .. } = turn {
            self.status.rows += swaps as u64;
            self.status.rows_per_second = self.rate.with(swaps as u64, began.elapsed());
        }
        self.status.failures = 0;
        self.status.error = None;
        self.status.error_class = None;
        self.follow_up(turn);
        Ok(turn)
    }

    async fn try_turn(&mut self) -> Result<Turn, SyncError> {
        let mut session = self.take_session().await?;
        let turn = session.step(&mut self.status).await?;
        let recheck = session.state().recheck;
        let turn = if turn == Turn::Nothing && !recheck.is_done() {
            self.recheck(&mut session).await?;
            Turn::Wrote {
                swaps: 0,
                more: true,
            }
        } else {
            turn
        };
        if session.state().recheck.is_done() {
            self.window = 1;
            if turn == Turn::Nothing && self.looked_back.elapsed() >= self.look_back_every {
                self.look_back(&mut session).await?;
                self.looked_back = Instant::now();
            }
        }
        self.session = Some(session);
        Ok(turn)
    }

    /// Compares some rows once more.
    async fn recheck(&mut self, session: &mut Session) -> Result<(), SyncError> {
        let recheck = session.state().recheck;
        let mode = Mode {
            repair: true,
            is_recheck: true,
            examples: 0,
        };
        if let Some(block) = recheck.block {
            if block == BlockNumber(0) {
                session.doubt_pools();
            }
            let window = Window::at(block, self.window);
            if let Some(found) = session.check_blocks(window, mode).await? {
                self.window = window.next_size(found.rows);
            }
        } else if let Some(day) = recheck.day {
            let first = session.first_day().await?.unwrap_or(day).max(day);
            let last = session.last_day().unwrap_or(first).max(first);
            let until = first.plus_days(WINDOW_DAYS - 1).min(last);
            session
                .check_days((first, until), until == last, mode)
                .await?;
        }
        Ok(())
    }

    /// The session, or a fresh one. Who drops what uses it, in the middle of a transaction, drops
    /// it too; who comes to an end puts it back.
    pub(super) async fn take_session(&mut self) -> Result<Session, SyncError> {
        if !self.is_migrated {
            migrate(&self.database).await?;
            self.is_migrated = true;
        }
        let session = match self.session.take() {
            Some(session) => session,
            None => {
                let (database, claim) = (&self.database, &self.claim);
                Session::open(database, &self.reader, self.chain, claim, self.epoch).await?
            }
        };
        self.epoch = Some(session.epoch());
        // Once is enough: who takes it from us then may keep it.
        self.claim.take_over = false;
        Ok(session)
    }

    /// Lets go of the lease, so that the next need not wait for it to end by itself.
    pub(super) async fn let_go(&mut self) {
        // What was cut off left its connection in an unknown state.
        self.session = None;
        let Some(epoch) = self.epoch.take() else {
            return;
        };
        let released = lease::release(&self.database, self.chain, epoch);
        if !matches!(timeout(RELEASE_DEADLINE, released).await, Ok(Ok(()))) {
            tracing::debug!("the Postgres mirror's lease was not let go of: it ends by itself");
        }
    }

    fn follow_up(&mut self, turn: Turn) {
        if let Some(session) = &self.session {
            let state = session.state();
            self.status.epoch = Some(session.epoch());
            self.status.at = state.at;
            self.status.time = state.time;
            self.status.recheck = state.recheck.block;
            self.status.acknowledged = state.at.map(|at| MirrorPosition {
                sequence: state.notice,
                at,
            });
            self.status.phase = match turn {
                _ if !state.recheck.is_done() => MirrorPhase::Rechecking,
                Turn::Wrote { more: true, .. } => MirrorPhase::CatchingUp,
                _ => MirrorPhase::Following,
            };
        }
        self.show();
    }

    fn fail(&mut self, error: &SyncError) {
        self.status.phase = MirrorPhase::Waiting;
        self.status.error = Some(error.to_string());
        self.status.error_class = Some(error.class());
        self.status.failures = self.status.failures.saturating_add(1);
        self.status.failures_total += 1;
        tracing::warn!(
            failures = self.status.failures,
            "the Postgres mirror: {error}"
        );
        self.show();
    }

    fn show(&self) {
        self.shown.send_replace(self.status.clone());
    }
}

/// What a store looks like from far: when nothing of it changed, nothing is to be done.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen {
    notice: u64,
    finalized: Option<BlockNumber>,
    forecasts: u64,
}

fn seen_of(view: &tidegauge_storage::View<'_>) -> Result<Seen, SyncError> {
    Ok(Seen {
        notice: view.last_notice().0,
        finalized: view.finalized(),
        forecasts: view.forecast_revision()?,
    })
}

/// Swaps a second, over the steps of the last seconds.
#[derive(Default)]
struct Rate {
    swaps: f64,
    seconds: f64,
}

impl Rate {
    /// Older steps count less and less.
    fn with(&mut self, swaps: u64, took: Duration) -> u64 {
        const KEEP: f64 = 0.8;
        self.swaps = self.swaps * KEEP + swaps as f64;
        self.seconds = self.seconds * KEEP + took.as_secs_f64();
        (self.swaps / self.seconds.max(f64::EPSILON)) as u64
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
