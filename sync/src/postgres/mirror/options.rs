//! How a mirror is run, and how it shows where it is.

use std::time::Duration;
use tidegauge_model::{BlockNumber, BlockRef, ErrorClass, UnixSeconds};
use tidegauge_storage::MirrorPosition;

/// The name under which the store keeps this mirror's position.
pub const POSTGRES_MIRROR: &str = "postgres";

/// How a mirror is run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MirrorOptions {
    /// Who we are, for people who meet the lease: host and process, say. Something random is
    /// added to it.
    pub holder: String,
    /// What the holders' names begin with that live no more if we do: processes before this one
    /// that wrote the same folder. Their lease is not waited for.
    pub gone: Option<String>,
    /// Take the mirror from whoever holds it, another store included.
    pub take_over: bool,
    /// How often the last blocks and days are compared with the store while it follows.
    pub look_back_every: Duration,
}

/// How often a mirror looks back if nobody says otherwise.
pub const LOOK_BACK_EVERY: Duration = Duration::from_secs(600);

/// What a mirror is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MirrorPhase {
    /// Nothing yet.
    #[default]
    Starting,
    /// Copying what the store has and the mirror has not.
    CatchingUp,
    /// Comparing rows once more after a repair or a rebuild.
    Rechecking,
    /// It holds all that the store has.
    Following,
    /// Waiting to try again; the error says why.
    Waiting,
    /// It stopped.
    Stopped,
}

/// Where a mirror is.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct MirrorStatus {
    /// What it is doing.
    pub phase: MirrorPhase,
    /// Epoch of its lease, once it holds it.
    pub epoch: Option<i64>,
    /// The last block that it holds.
    pub at: Option<BlockRef>,
    /// Its timestamp, where known.
    pub time: Option<UnixSeconds>,
    /// The store's tip when they were last compared.
    pub tip: Option<BlockRef>,
    /// Its timestamp, where known.
    pub tip_time: Option<UnixSeconds>,
    /// From where on rows are compared once more.
    pub recheck: Option<BlockNumber>,
    /// Swaps written since the start of this program.
    pub rows: u64,
    /// Swaps a second, of the steps of the last seconds.
    pub rows_per_second: u64,
    /// What the store may keep as this mirror's position, under [`POSTGRES_MIRROR`].
    pub acknowledged: Option<MirrorPosition>,
    /// What went wrong last, until something goes right.
    pub error: Option<String>,
    /// What it asks of an operator.
    pub error_class: Option<ErrorClass>,
    /// Failures since something went right.
    pub failures: u32,
    /// Failures since the start of this program.
    pub failures_total: u64,
    /// Blocks and days that were written equal to the store's, were found to differ later, and
    /// were put right.
    pub differed_total: u64,
}

impl MirrorStatus {
    /// Blocks that the store has and the mirror has not; `None` while either is unknown.
    pub fn lag_blocks(&self) -> Option<u64> {
        let tip = self.tip?.number.0;
        let next = self.at.map_or(0, |at| at.number.0);
        Some(tip.saturating_sub(next))
    }

    /// Seconds of the chain's time between them; `None` where one's time is unknown.
    pub fn lag_seconds(&self) -> Option<u64> {
        Some(self.tip_time?.0.saturating_sub(self.time?.0))
    }
}
