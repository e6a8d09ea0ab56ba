//! Where a mirror is, as status and page show it.

use serde::Serialize;
use tidegauge_sync::{MirrorPhase, MirrorStatus};

/// Where a mirror is.
#[derive(Debug, Serialize)]
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
