//! A mirror beside the collector: it follows the store, and whatever happens to it, collection
//! goes on.

use super::desk::Asked;
use super::tell::{Told, tell};
use crate::collect::{Committer, Live};
use tidegauge_storage::Reader;
use tidegauge_sync::SyncError;
use tidegauge_sync::{
    AuditReport, Database, Mirror, MirrorOptions, MirrorStatus, POSTGRES_MIRROR, Repair,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// An audit that is asked for.
pub(crate) type AuditOrder = Asked<Repair, AuditReport>;

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
    let told = Told {
        name: POSTGRES_MIRROR,
        acknowledged: |now: &MirrorStatus| now.acknowledged,
        error: |now: &MirrorStatus| now.error.is_some(),
        show: |now| live.mirrors(now),
    };
    let telling = tell(status, told, committer, &ended);
    let (outcome, ()) = tokio::join!(running, telling);
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
        let Some((repair, answer)) = order.map(Asked::open) else {
            return Ok(());
        };
        // Whoever asked may have left.
        let _ = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            report = mirror.audit(repair) => answer.send(report),
        };
    }
}
