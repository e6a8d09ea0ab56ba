//! Running a mirror: step after step, waiting between them, trying again after failures.

use super::blocking::look_at;
use super::compare::{WINDOW_DAYS, Window};
use super::lease::{self, Claim};
use super::options::{MirrorOptions, MirrorPhase, MirrorStatus};
use super::position::beyond;
use super::session::{BlockDiff, DayDiff, Mode, Session, Turn};
use crate::error::SyncError;
use crate::failure::PostgresCause;
use crate::mirror_fault::MirrorFault;
use crate::postgres::connect::Database;
use crate::postgres::schema::migrate;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;
use tidegauge_model::{BlockNumber, Day, ErrorClass};
use tidegauge_storage::{MirrorPosition, Reader};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// How long one turn may take, before the connection is dropped: the server's deadlines end
/// what hangs there, this ends what hangs on the way.
const TURN_DEADLINE: Duration = Duration::from_secs(180);

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

/// Differences that a report shows at most.
const MAX_DIFFERENCES: usize = 20;

/// What an audit does about differences.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Repair {
    /// Shows them.
    No,
    /// Writes what differs anew, as the store has it.
    Yes,
}

/// A row that differs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Difference {
    /// Which: a swap's block and log index, or a day and a pool.
    pub place: String,
    /// The store's row, a column after the other; `None`: it has none.
    pub store: Option<String>,
    /// The mirror's; `None`: it has none.
    pub mirror: Option<String>,
}

/// What an audit found.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct AuditReport {
    /// Swaps compared.
    pub swaps: u64,
    /// Days compared, each of all pools.
    pub days: u64,
    /// Blocks of which a swap differs.
    pub blocks_differ: u64,
    /// Days of which a row differs.
    pub days_differ: u64,
    /// Whether what differs was written anew.
    pub repaired: bool,
    /// The first rows that differ.
    pub differences: Vec<Difference>,
}

impl AuditReport {
    /// Whether the mirror was equal to the store.
    pub fn is_equal(&self) -> bool {
        self.blocks_differ == 0 && self.days_differ == 0
    }
}

/// A mirror of one store in one schema.
pub struct Mirror {
    reader: Reader,
    database: Database,
    claim: Claim,
    chain: i32,
    epoch: Option<i64>,
    is_migrated: bool,
    session: Option<Session>,
    window: u64,
    rate: Rate,
    status: MirrorStatus,
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
                take_over: options.take_over,
            },
            chain,
            epoch: None,
            is_migrated: false,
            session: None,
            window: 1,
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

    /// Brings the mirror to the store's tip, then compares every row with the store's.
    pub async fn audit(&mut self, repair: Repair) -> Result<AuditReport, SyncError> {
        let done = self.audit_all(repair).await;
        self.let_go().await;
        done
    }

    async fn audit_all(&mut self, repair: Repair) -> Result<AuditReport, SyncError> {
        self.reach_tip().await?;
        let mut report = AuditReport {
            repaired: repair == Repair::Yes,
            ..AuditReport::default()
        };
        let mut from = BlockNumber(0);
        let mut size = 1;
        loop {
            let mode = mode_of(repair, &report);
            let window = Window::at(from, size);
            let session = self.session().await?;
            let Some(found) = session.check_blocks(window, mode).await? else {
                self.reach_tip().await?;
                continue;
            };
            report.swaps += found.rows;
            report.blocks_differ += found.blocks as u64;
            for diff in found.differences {
                report.differences.extend(block_differences(diff));
            }
            if found.is_last {
                break;
            }
            from = window.next();
            size = window.next_size(found.rows);
        }
        let session = self.session().await?;
        let Some(mut day) = session.first_day().await? else {
            report.differences.truncate(MAX_DIFFERENCES);
            return Ok(report);
        };
        loop {
            let mode = mode_of(repair, &report);
            let session = self.session().await?;
            let last = session.last_day().unwrap_or(day).max(day);
            let until = day.plus_days(WINDOW_DAYS - 1).min(last);
            let is_last = until == last;
            let Some(found) = session.check_days((day, until), is_last, mode).await? else {
                self.reach_tip().await?;
                continue;
            };
            report.days += u64::from(until.number() - day.number()) + 1;
            report.days_differ += found.days as u64;
            for diff in found.differences {
                report.differences.extend(day_differences(diff));
            }
            if is_last {
                break;
            }
            day = until.plus_days(1);
        }
        report.differences.truncate(MAX_DIFFERENCES);
        Ok(report)
    }

    async fn reach_tip(&mut self) -> Result<(), SyncError> {
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
            if beaten.elapsed() >= HEARTBEAT {
                let renewed = match &mut self.session {
                    Some(session) => timeout(TURN_DEADLINE, session.renew()).await,
                    None => return,
                };
                if !matches!(renewed, Ok(Ok(()))) {
                    // The next turn connects anew and says what is wrong.
                    self.session = None;
                    *seen = None;
                    return;
                }
                beaten = Instant::now();
            }
            sleep(POLL).await;
        }
    }

    /// One transaction's work, on a connection that is made if there is none.
    async fn turn(&mut self) -> Result<Turn, SyncError> {
        let began = Instant::now();
        let turn = match timeout(TURN_DEADLINE, self.try_turn()).await {
            Ok(turn) => turn,
            Err(_) => Err(SyncError::postgres(
                PostgresCause::Deadline,
                format!("no end of a step within {TURN_DEADLINE:?}"),
            )),
        };
        if turn.is_err() {
            // Whatever state it is in: a fresh one asks the position.
            self.session = None;
        }
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
        self.session().await?;
        let Some(session) = &mut self.session else {
            return Ok(Turn::Nothing);
        };
        let turn = session.step(&mut self.status).await?;
        let recheck = session.state().recheck;
        if turn != Turn::Nothing || recheck.is_done() {
            self.window = if recheck.is_done() { 1 } else { self.window };
            return Ok(turn);
        }
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
        Ok(Turn::Wrote {
            swaps: 0,
            more: true,
        })
    }

    async fn session(&mut self) -> Result<&mut Session, SyncError> {
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
        Ok(self.session.insert(session))
    }

    /// Lets go of the lease, so that the next need not wait for it to end by itself.
    async fn let_go(&mut self) {
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
}

fn seen_of(view: &tidegauge_storage::View<'_>) -> Result<Seen, SyncError> {
    Ok(Seen {
        notice: view.last_notice().0,
        finalized: view.finalized(),
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

fn mode_of(repair: Repair, report: &AuditReport) -> Mode {
    Mode {
        repair: repair == Repair::Yes,
        is_recheck: false,
        examples: MAX_DIFFERENCES.saturating_sub(report.differences.len()),
    }
}

fn block_differences((block, ours, theirs): BlockDiff) -> Vec<Difference> {
    let mut places: BTreeMap<i64, [Option<String>; 2]> = BTreeMap::new();
    for (at, lines) in [ours, theirs].into_iter().enumerate() {
        for line in lines {
            let side = &mut places.entry(line.log_index).or_default()[at];
            side.get_or_insert_default().push_str(&line.text);
        }
    }
    let differ = places.into_iter().filter(|(_, [a, b])| a != b);
    differ
        .map(|(log_index, [store, mirror])| Difference {
            place: format!("block {block}, log {log_index}"),
            store,
            mirror,
        })
        .collect()
}

fn day_differences((day, ours, mut theirs): DayDiff) -> Vec<Difference> {
    differences_of(
        day,
        ours.into_iter()
            .map(|(pool, line)| {
                let pool = pool.to_string();
                let mirror = theirs.remove(&pool);
                (pool, Some(line), mirror)
            })
            .collect(),
        theirs,
    )
}

type PoolSides = Vec<(String, Option<String>, Option<String>)>;

fn differences_of(day: Day, both: PoolSides, extra: BTreeMap<String, String>) -> Vec<Difference> {
    let extra = extra
        .into_iter()
        .map(|(pool, line)| (pool, None, Some(line)));
    both.into_iter()
        .chain(extra)
        .filter(|(_, store, mirror)| store != mirror)
        .map(|(pool, store, mirror)| Difference {
            place: format!("{day}, pool {pool}"),
            store,
            mirror,
        })
        .collect()
}
