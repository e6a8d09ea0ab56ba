//! Where mirrors and snapshots are, as status and page show them.

use crate::collect::BucketStatus;
use schemars::JsonSchema;
use serde::Serialize;
use tidegauge_sync::{LakePhase, LakeStatus, MirrorPhase, MirrorStatus, SnapshotStatus};

/// Where a mirror is.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct MirrorReport {
    /// `starting`, `catching_up`, `rechecking`, `following`, `waiting`, `stopped`.
    pub(crate) phase: &'static str,
    /// The last block that it holds.
    pub(crate) block: Option<u64>,
    /// Blocks that the store has and it has not.
    pub(crate) lag_blocks: Option<u64>,
    /// Seconds of the chain's time between them.
    pub(crate) lag_seconds: Option<u64>,
    /// Epoch of its lease, while it holds it.
    pub(crate) epoch: Option<i64>,
    /// Swaps written since the start of the process.
    pub(crate) rows: u64,
    /// Swaps a second, of the last seconds.
    pub(crate) rows_per_second: u64,
    /// Failures since the start of the process.
    pub(crate) failures: u64,
    /// Blocks and days that something else had changed, and that were put right.
    pub(crate) differed: u64,
    /// What keeps it from going on.
    pub(crate) last_error: Option<String>,
}

impl MirrorReport {
    /// Of what the mirror says of itself.
    pub(crate) fn of(status: &MirrorStatus) -> Self {
        Self {
            phase: phase(status.phase),
            block: status.at.map(|at| at.number.0),
            lag_blocks: status.lag_blocks(),
            lag_seconds: status.lag_seconds(),
            epoch: status.epoch,
            rows: status.rows,
            rows_per_second: status.rows_per_second,
            failures: status.failures_total,
            differed: status.differed_total,
            last_error: status.error.clone(),
        }
    }
}

/// Where the lake is.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct BucketReport {
    /// `starting`, `catching_up`, `rechecking`, `following`, `ahead`, `waiting`, `stopped`.
    pub(crate) phase: &'static str,
    /// The last block that it holds, of days that are not final.
    pub(crate) block: Option<u64>,
    /// The last block of its final days.
    pub(crate) final_block: Option<u64>,
    /// Blocks that the store has and it has not.
    pub(crate) lag_blocks: Option<u64>,
    /// Seconds of the chain's time between them.
    pub(crate) lag_seconds: Option<u64>,
    /// Epoch of its writer.
    pub(crate) epoch: u64,
    /// Version of its newest manifest.
    pub(crate) version: u64,
    /// Objects that this names.
    pub(crate) objects: u64,
    /// Their rows.
    pub(crate) rows: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Bytes uploaded since the start of the process.
    pub(crate) uploaded_bytes: u64,
    /// Failures since the start of the process.
    pub(crate) failures: u64,
    /// What keeps it from going on.
    pub(crate) last_error: Option<String>,
}

impl BucketReport {
    /// Of what is known of the bucket; `None` without a lake.
    pub(crate) fn of(bucket: &BucketStatus) -> Option<Self> {
        let nothing = LakeStatus::default();
        let lake = match (&bucket.lake, &bucket.error) {
            (Some(lake), _) => lake,
            (None, Some(_)) => &nothing,
            (None, None) => return None,
        };
        let last_error = bucket.error.clone().or_else(|| lake.error.clone());
        Some(Self {
            phase: if bucket.error.is_some() {
                "waiting"
            } else {
                lake_phase(lake.phase)
            },
            last_error,
            failures: bucket.failures + lake.failures_total,
            ..Self::of_lake(lake)
        })
    }

    /// Of what the lake says of itself.
    pub(crate) fn of_lake(lake: &LakeStatus) -> Self {
        Self {
            phase: lake_phase(lake.phase),
            block: lake.at.map(|at| at.number.0),
            final_block: lake.final_block.map(|at| at.number.0),
            lag_blocks: lake.lag_blocks(),
            lag_seconds: lake.lag_seconds(),
            epoch: lake.epoch,
            version: lake.version,
            objects: lake.objects,
            rows: lake.rows,
            bytes: lake.bytes,
            uploaded_bytes: lake.uploaded_bytes,
            failures: lake.failures_total,
            last_error: lake.error.clone(),
        }
    }
}

/// Where snapshots are.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct SnapshotShown {
    /// The block that the last one stands at, taken since the start of the process.
    pub(crate) block: Option<u64>,
    /// When it was taken, Unix seconds.
    pub(crate) taken_at: Option<u64>,
    /// Its bytes.
    pub(crate) bytes: Option<u64>,
    /// Bytes of it that were new.
    pub(crate) uploaded_bytes: Option<u64>,
    /// How long it took, seconds.
    pub(crate) seconds: Option<f64>,
    /// Whether one is being taken.
    pub(crate) under_way: bool,
    /// Failures since the start of the process.
    pub(crate) failures: u64,
    /// What went wrong last, until one goes right.
    pub(crate) last_error: Option<String>,
}

impl SnapshotShown {
    /// Of what is known of the bucket; `None` where no snapshots are taken.
    pub(crate) fn of(bucket: &BucketStatus) -> Option<Self> {
        let mut shown = Self::of_snapshots(bucket.snapshots.as_ref()?);
        shown.last_error = bucket.error.clone().or(shown.last_error);
        Some(shown)
    }

    fn of_snapshots(status: &SnapshotStatus) -> Self {
        let last = status.last.as_ref();
        let first = last.and_then(|report| report.places.first());
        Self {
            block: last.map(|report| report.tip.number.0),
            taken_at: status.last_at,
            bytes: first.map(|place| place.bytes),
            uploaded_bytes: first.map(|place| place.uploaded_bytes),
            seconds: last.map(|report| report.seconds),
            under_way: status.under_way.is_some(),
            failures: status.failures_total,
            last_error: status.error.clone(),
        }
    }
}

fn lake_phase(phase: LakePhase) -> &'static str {
    match phase {
        LakePhase::Starting => "starting",
        LakePhase::CatchingUp => "catching_up",
        LakePhase::Rechecking => "rechecking",
        LakePhase::Following => "following",
        LakePhase::Ahead => "ahead",
        LakePhase::Waiting => "waiting",
        LakePhase::Stopped => "stopped",
    }
}

fn phase(phase: MirrorPhase) -> &'static str {
    match phase {
        MirrorPhase::Starting => "starting",
        MirrorPhase::CatchingUp => "catching_up",
        MirrorPhase::Rechecking => "rechecking",
        MirrorPhase::Following => "following",
        MirrorPhase::Waiting => "waiting",
        MirrorPhase::Stopped => "stopped",
    }
}
