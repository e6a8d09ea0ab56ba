//! Lake and snapshots beside the collector: whatever happens to them, collection goes on.

use super::bucket::{Bucket, Kept};
use super::desk::Asked;
use super::tell::{Told, tell};
use crate::collect::{Committer, Live};
use std::time::Duration;
use tidegauge_storage::Reader;
use tidegauge_sync::{
    AuditDepth, Heard, Lake, LakeReport, LakeStatus, ReadBack, Repair, S3_MIRROR, SnapshotReport,
    Snapshots, SyncError, WriterFault, wall_clock,
};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// How long is waited after the bucket could not be claimed.
const CLAIM_AGAIN: Duration = Duration::from_secs(20);

/// What is asked of the lake.
pub(crate) type LakeOrder = Asked<(AuditDepth, Repair), LakeReport>;

/// What is asked of the snapshots.
pub(crate) type TakeOrder = Asked<(ReadBack, Heard), SnapshotReport>;

/// What arrives for whoever keeps the bucket.
pub(crate) struct Orders {
    /// Audits.
    pub(crate) audits: mpsc::Receiver<LakeOrder>,
    /// Snapshots.
    pub(crate) snapshots: mpsc::Receiver<TakeOrder>,
}

/// Keeps lake and snapshots until told to stop; without a bucket, nothing.
pub(crate) async fn keep_bucket(
    bucket: Option<Bucket>,
    mut orders: Orders,
    committer: &Committer,
    reader: &Reader,
    live: &Live,
    stop: &CancellationToken,
) {
    let Some(bucket) = bucket else { return };
    tracing::info!("keeping {} in {}", bucket.what(), bucket.place());
    let every = bucket.snapshot_every;
    let mut failed = false;
    loop {
        let kept = tokio::select! {
            () = stop.cancelled() => return,
            kept = bucket.claim(reader, false) => kept,
            () = refuse(&mut orders), if failed => return,
        };
        let ended = match kept {
            Ok(kept) => keep(kept, every, &mut orders, committer, live, stop).await,
            Err(error) => Err(error),
        };
        let Err(error) = ended else { return };
        failed = true;
        live.bucket_failed(error.to_string());
        if matches!(error, SyncError::Writer(WriterFault::Fenced { .. })) {
            tracing::error!("nothing goes to the bucket any more, collection goes on: {error}");
            return;
        }
        tracing::warn!("the bucket: {error}");
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(CLAIM_AGAIN) => {}
            () = refuse(&mut orders) => return,
        }
    }
}

/// Lets go of what is asked for while the bucket is out of reach: whoever asked is told so.
async fn refuse(orders: &mut Orders) {
    loop {
        tokio::select! {
            Some(_) = orders.audits.recv() => {}
            Some(_) = orders.snapshots.recv() => {}
            else => return,
        }
    }
}

async fn keep(
    kept: Kept,
    snapshot_every: Option<Duration>,
    orders: &mut Orders,
    committer: &Committer,
    live: &Live,
    stop: &CancellationToken,
) -> Result<(), SyncError> {
    live.bucket_claimed();
    let Kept {
        writer,
        lake,
        snapshots,
    } = kept;
    let ended = stop.child_token();
    let work = async {
        let held = writer.hold(wall_clock, ended.cancelled());
        let lake = follow(lake, &mut orders.audits, committer, live, &ended);
        let snapshots = take(
            snapshots,
            snapshot_every,
            &mut orders.snapshots,
            live,
            &ended,
        );
        tokio::try_join!(held, lake, snapshots).map(|_| ())
    };
    let outcome = work.await;
    ended.cancel();
    outcome
}

async fn follow(
    lake: Option<Lake>,
    orders: &mut mpsc::Receiver<LakeOrder>,
    committer: &Committer,
    live: &Live,
    stop: &CancellationToken,
) -> Result<(), SyncError> {
    let Some(mut lake) = lake else { return Ok(()) };
    let status = lake.status();
    let ended = CancellationToken::new();
    let running = async {
        let outcome = follow_or_audit(&mut lake, orders, stop).await;
        ended.cancel();
        outcome
    };
    let told = Told {
        name: S3_MIRROR,
        acknowledged: |now: &LakeStatus| now.acknowledged,
        error: |now: &LakeStatus| now.error.is_some(),
        show: |now| live.lake(now),
    };
    let (outcome, ()) = tokio::join!(running, tell(status, told, committer, &ended));
    outcome
}

async fn follow_or_audit(
    lake: &mut Lake,
    orders: &mut mpsc::Receiver<LakeOrder>,
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
        lake.run(interrupted).await?;
        let Some(((depth, repair), answer)) = order.map(Asked::open) else {
            return Ok(());
        };
        // Whoever asked may have left.
        let _ = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            report = lake.audit(depth, repair) => answer.send(report),
        };
    }
}

/// Takes snapshots, so often and when asked to.
async fn take(
    snapshots: Option<Snapshots>,
    every: Option<Duration>,
    orders: &mut mpsc::Receiver<TakeOrder>,
    live: &Live,
    stop: &CancellationToken,
) -> Result<(), SyncError> {
    let Some(mut snapshots) = snapshots else {
        return Ok(());
    };
    let showing = show(snapshots.status(), live);
    let taking = async {
        loop {
            let mut order = None;
            let interrupted = async {
                tokio::select! {
                    () = stop.cancelled() => {}
                    asked = orders.recv() => order = asked,
                }
            };
            match every {
                Some(every) => snapshots.run(interrupted, every).await?,
                None => interrupted.await,
            }
            let Some(((depth, heard), answer)) = order.map(Asked::open) else {
                return Ok(());
            };
            let taken = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                taken = snapshots.take(depth, heard) => taken,
            };
            let fenced = matches!(taken, Err(SyncError::Writer(WriterFault::Fenced { .. })));
            // Whoever asked may have left.
            let _ = answer.send(taken);
            if fenced {
                // The next look at the document says by whom.
                stop.cancelled().await;
            }
        }
    };
    tokio::select! {
        ended = taking => ended,
        () = showing => Ok(()),
    }
}

async fn show(mut status: watch::Receiver<tidegauge_sync::SnapshotStatus>, live: &Live) {
    loop {
        live.snapshots(status.borrow_and_update().clone());
        if status.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
