//! What the collector is doing right now, for the status page and the readiness check.

use super::Latencies;
use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tidegauge_model::BlockNumber;
use tidegauge_storage::{Applied, Tip};
use tidegauge_sync::{LakeStatus, MirrorStatus, SnapshotStatus};
use tokio::sync::watch;

/// What the collector is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    /// Asking the endpoint who it is.
    Connecting,
    /// Collecting what lies before the finalized block.
    Backfilling,
    /// Keeping up with the tip.
    Following,
    /// The endpoint does not answer as it should; trying again.
    Waiting,
    /// Told to stop; finishing what is in hand.
    Stopping,
}

/// Shared by the collector, which writes it, and the server, which shows it.
#[derive(Debug)]
pub(crate) struct Live {
    stage: Mutex<Stage>,
    last_error: Mutex<Option<String>>,
    head: AtomicU64,
    latencies: Mutex<Latencies>,
    tail: Mutex<Tail>,
    postgres: Mutex<Option<MirrorStatus>>,
    bucket: Mutex<BucketStatus>,
    steps: watch::Sender<u64>,
}

/// What is known of lake and snapshots.
#[derive(Debug, Default, Clone)]
pub(crate) struct BucketStatus {
    /// Why the bucket could not be claimed, or was lost.
    pub(crate) error: Option<String>,
    /// How often.
    pub(crate) failures: u64,
    /// Where the lake is; `None` without one.
    pub(crate) lake: Option<LakeStatus>,
    /// Where snapshots are; `None` without them.
    pub(crate) snapshots: Option<SnapshotStatus>,
}

/// What following the tip came to since the start of the process.
#[derive(Debug, Default, Clone, Copy, Serialize, JsonSchema)]
pub(crate) struct Tail {
    /// Whether new blocks are announced to us; else we poll.
    pub(crate) announced: bool,
    /// Branches of ours that the chain left.
    pub(crate) reorgs: u64,
    /// Blocks of the longest of them.
    pub(crate) deepest_reorg: u64,
    /// Ranges replaced since they were wrong or better evidence came.
    pub(crate) repairs: u64,
}

/// No head was seen yet.
const UNKNOWN: u64 = u64::MAX;

impl Default for Live {
    fn default() -> Self {
        Self {
            stage: Mutex::new(Stage::Connecting),
            last_error: Mutex::new(None),
            head: AtomicU64::new(UNKNOWN),
            latencies: Mutex::default(),
            tail: Mutex::default(),
            postgres: Mutex::default(),
            bucket: Mutex::default(),
            steps: watch::Sender::default(),
        }
    }
}

impl Live {
    /// Enters a stage; a stage that goes well clears the last error.
    pub(crate) fn enter(&self, stage: Stage) {
        *self.stage.lock() = stage;
        if stage != Stage::Waiting {
            *self.last_error.lock() = None;
        }
    }

    /// Waits because of an error.
    pub(crate) fn wait_for(&self, error: &str) {
        *self.stage.lock() = Stage::Waiting;
        *self.last_error.lock() = Some(error.to_owned());
    }

    /// The head that the endpoint last spoke of.
    pub(crate) fn saw_head(&self, head: BlockNumber) {
        self.head.store(head.0, Ordering::Relaxed);
    }

    /// Whether new blocks are announced.
    pub(crate) fn listens(&self, announced: bool) {
        self.tail.lock().announced = announced;
    }

    /// The chain left so many of our blocks.
    pub(crate) fn unwound(&self, blocks: u64) {
        let mut tail = self.tail.lock();
        tail.reorgs += 1;
        tail.deepest_reorg = tail.deepest_reorg.max(blocks);
    }

    /// A step is durable.
    pub(crate) fn committed(&self, applied: &Applied) {
        if applied.repaired.is_some() {
            self.tail.lock().repairs += 1;
        }
        self.steps
            .send_modify(|steps| *steps = steps.wrapping_add(1));
    }

    /// Changes with every step that is durable.
    pub(crate) fn steps(&self) -> watch::Receiver<u64> {
        self.steps.subscribe()
    }

    /// A block of the tip is durable, so long after we heard of it.
    pub(crate) fn durable_after(&self, latency: Duration) {
        self.latencies.lock().add(latency);
    }

    /// Where the mirror in Postgres is.
    pub(crate) fn mirrors(&self, status: MirrorStatus) {
        *self.postgres.lock() = Some(status);
    }

    /// Where the mirror in Postgres is, beside a store at this tip: what a mirror that fails says of
    /// the tip is as old as its last step. `None` without one.
    pub(crate) fn postgres(&self, tip: Option<Tip>) -> Option<MirrorStatus> {
        let mut status = self.postgres.lock().clone()?;
        if let (Some(tip), Some(_), Some(_)) = (tip, status.tip, &status.error) {
            (status.tip, status.tip_time) = (Some(tip.block), tip.timestamp);
        }
        Some(status)
    }

    /// The bucket is ours to write.
    pub(crate) fn bucket_claimed(&self) {
        self.bucket.lock().error = None;
    }

    /// The bucket is not ours to write.
    pub(crate) fn bucket_failed(&self, error: String) {
        let mut bucket = self.bucket.lock();
        bucket.error = Some(error);
        bucket.failures += 1;
    }

    /// Where the lake is.
    pub(crate) fn lake(&self, status: LakeStatus) {
        self.bucket.lock().lake = Some(status);
    }

    /// Where snapshots are.
    pub(crate) fn snapshots(&self, status: SnapshotStatus) {
        self.bucket.lock().snapshots = Some(status);
    }

    /// What is known of lake and snapshots, beside a store at this tip.
    pub(crate) fn bucket(&self, tip: Option<Tip>) -> BucketStatus {
        let mut status = self.bucket.lock().clone();
        if let (Some(tip), Some(lake)) = (tip, &mut status.lake)
            && lake.tip.is_some()
            && (lake.error.is_some() || status.error.is_some())
        {
            (lake.tip, lake.tip_time) = (Some(tip.block), tip.timestamp);
        }
        status
    }

    /// The current stage.
    pub(crate) fn stage(&self) -> Stage {
        *self.stage.lock()
    }

    /// Why it waits.
    pub(crate) fn last_error(&self) -> Option<String> {
        self.last_error.lock().clone()
    }

    /// What following the tip came to.
    pub(crate) fn tail(&self) -> Tail {
        *self.tail.lock()
    }

    /// How soon blocks of the tip were durable, of late.
    pub(crate) fn latencies(&self) -> Latencies {
        self.latencies.lock().clone()
    }

    /// The head last seen.
    pub(crate) fn head(&self) -> Option<BlockNumber> {
        match self.head.load(Ordering::Relaxed) {
            UNKNOWN => None,
            head => Some(BlockNumber(head)),
        }
    }
}
