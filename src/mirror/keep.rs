//! A mirror beside the collector: it follows the store, and whatever happens to it, collection
//! goes on.

use crate::collect::{Committer, Live};
use crate::error::Error;
use std::time::Duration;
use tidegauge_storage::{MirrorPosition, Reader};
use tidegauge_sync::SyncError;
use tidegauge_sync::{
    AuditReport, Database, Mirror, MirrorOptions, MirrorStatus, POSTGRES_MIRROR, Repair,
};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// The store is told at most so often how far a mirror has come: what it keeps for mirrors is
/// small, and each word is a synced write.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Audits that may wait for one another.
const QUEUED_AUDITS: usize = 4;

/// Somebody wants to know whether the mirror is equal to the store.
pub(crate) struct AuditOrder {
    repair: Repair,
    answer: oneshot::Sender<Result<AuditReport, SyncError>>,
}

/// Where audits are asked for; nobody is there where nothing is mirrored.
#[derive(Clone)]
pub(crate) struct Auditor(mpsc::Sender<AuditOrder>);

impl Auditor {
    /// The desk, and the orders that arrive at it.
    pub(crate) fn open() -> (Self, mpsc::Receiver<AuditOrder>) {
        let (desk, orders) = mpsc::channel(QUEUED_AUDITS);
        (Self(desk), orders)
    }

    /// Has the mirror compared with the store.
    ///
    /// # Errors
    /// Nothing is mirrored, or what kept the mirror from it.
    pub(crate) async fn audit(&self, repair: Repair) -> Result<AuditReport, Error> {
        let (answer, report) = oneshot::channel();
        let nobody = || {
            Error::Usage(
                "this collector does not mirror to Postgres, or has stopped to: set sync.postgres.url, and see its log"
                    .to_owned(),
            )
        };
        let order = AuditOrder { repair, answer };
        self.0.send(order).await.map_err(|_| nobody())?;
        Ok(report.await.map_err(|_| nobody())??)
    }
}

/// Has Postgres follow the store until told to stop; without a database, nothing.
pub(crate) async fn keep(
    database: Option<(Database, MirrorOptions)>,
    orders: mpsc::Receiver<AuditOrder>,
    committer: &Committer,
    reader: &Reader,
    live: &Live,
    stop: &CancellationToken,
) {
    let Some((database, options)) = database else {
        return;
    };
    tracing::info!("mirroring to {}", database.server());
    let mirror = Mirror::new(reader.clone(), database, options);
    let followed = async { follow(mirror?, orders, committer, live, stop).await };
    if let Err(error) = followed.await {
        tracing::error!("the mirror in Postgres stopped, collection goes on: {error}");
    }
}

async fn follow(
    mut mirror: Mirror,
    mut orders: mpsc::Receiver<AuditOrder>,
    committer: &Committer,
    live: &Live,
    stop: &CancellationToken,
) -> Result<(), SyncError> {
    let status = mirror.status();
    let ended = CancellationToken::new();
    let running = async {
        let outcome = mirror_or_audit(&mut mirror, &mut orders, stop).await;
        ended.cancel();
        outcome
    };
    let (outcome, ()) = tokio::join!(running, tell(status, committer, live, &ended));
    outcome
}

/// Follows, and audits in between when asked to.
async fn mirror_or_audit(
    mirror: &mut Mirror,
    orders: &mut mpsc::Receiver<AuditOrder>,
    stop: &CancellationToken,
) -> Result<(), SyncError> {
    loop {
        let mut order = None;
        let interrupted = async {
            tokio::select! {
                () = stop.cancelled() => {}
                asked = orders.recv() => order = asked,
            }
        };
        mirror.run(interrupted).await?;
        let Some(AuditOrder { repair, answer }) = order else {
            return Ok(());
        };
        // Whoever asked may have left.
        let _ = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            report = mirror.audit(repair) => answer.send(report),
        };
    }
}

/// Shows where the mirror is, and tells the store how far it has come.
async fn tell(
    mut status: watch::Receiver<MirrorStatus>,
    committer: &Committer,
    live: &Live,
    ended: &CancellationToken,
) {
    let mut told: Option<MirrorPosition> = None;
    let mut tell_at = Instant::now();
    let mut failing = false;
    loop {
        let is_over = ended.is_cancelled();
        let now = status.borrow_and_update().clone();
        // The mirror logs its failures itself, not that they are over.
        if failing && now.error.is_none() {
            tracing::info!("the Postgres mirror goes on");
        }
        failing = now.error.is_some();
        let news = now.acknowledged.filter(|at| Some(*at) != told);
        if let Some(at) = news.filter(|_| is_over || Instant::now() >= tell_at) {
            committer.acknowledge(POSTGRES_MIRROR, at).await;
            told = Some(at);
            tell_at = Instant::now() + TELL_EVERY;
        }
        live.mirrors(now);
        if is_over {
            return;
        }
        tokio::select! {
            changed = status.changed() => if changed.is_err() { return },
            () = sleep_until(tell_at), if news.is_some() && Instant::now() < tell_at => {}
            () = ended.cancelled() => {}
        }
    }
}
