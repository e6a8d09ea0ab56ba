//! How a lake is kept, and how it shows where it is.

use crate::s3::{Clock, wall_clock};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tidegauge_model::{BlockNumber, BlockRef, ErrorClass, UnixSeconds};
use tidegauge_storage::MirrorPosition;

/// The name under which the store keeps the lake's position.
pub const S3_MIRROR: &str = "s3";

/// How a lake is kept.
#[derive(Clone, Debug)]
pub struct LakeOptions {
    /// Where files are made before they are uploaded: room for a few days of swaps.
    pub scratch: PathBuf,
    /// Days that are not final are published at most so often.
    pub hot_every: Duration,
    /// How long objects stay that no manifest names, those of uploads under way among them.
    pub grace: Duration,
    /// How long a manifest stays after the next one, with its objects of days that were not
    /// final: the time that a reader has who follows the newest.
    pub hot_grace: Duration,
    /// How long a manifest stays, with all that it names, after one that has other final rows.
    pub manifest_retention: Duration,
    /// What time it is.
    pub clock: Clock,
}

impl LakeOptions {
    /// The defaults: 60 s, 24 h, 1 h, 7 days.
    pub fn new(scratch: &Path) -> Self {
        const HOUR: Duration = Duration::from_secs(3_600);
        Self {
            scratch: scratch.to_owned(),
            hot_every: Duration::from_secs(60),
            grace: 24 * HOUR,
            hot_grace: HOUR,
            manifest_retention: 7 * 24 * HOUR,
            clock: wall_clock,
        }
    }
}

/// What a lake is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LakePhase {
    /// Nothing yet.
    #[default]
    Starting,
    /// Publishing final days that the store has and the lake has not.
    CatchingUp,
    /// Comparing days once more after a repair, a rebuild or another store.
    Rechecking,
    /// It holds every final day, and the others as of lately.
    Following,
    /// The store is behind what was published: nothing is, until it has caught up.
    Ahead,
    /// Waiting to try again; the error says why.
    Waiting,
    /// It stopped.
    Stopped,
}

/// Where a lake is.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct LakeStatus {
    /// What it is doing.
    pub phase: LakePhase,
    /// Epoch of its writer.
    pub epoch: u64,
    /// Version of its newest manifest; zero while there is none.
    pub version: u64,
    /// The last block of its final days.
    pub final_block: Option<BlockRef>,
    /// The last block that it holds, of days that are not final.
    pub at: Option<BlockRef>,
    /// Its timestamp, where known.
    pub time: Option<UnixSeconds>,
    /// The store's tip when they were last compared.
    pub tip: Option<BlockRef>,
    /// Its timestamp, where known.
    pub tip_time: Option<UnixSeconds>,
    /// Objects that the newest manifest names.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Their rows.
    pub rows: u64,
    /// Objects uploaded since the start of this program.
    pub uploaded_objects: u64,
    /// Their bytes.
    pub uploaded_bytes: u64,
    /// Objects whose rows are still to be compared with the store once more.
    pub recheck: u64,
    /// Objects removed since the start of this program, as no manifest named them any more.
    pub removed: u64,
    /// What the store may keep as this mirror's position, under [`S3_MIRROR`].
    pub acknowledged: Option<MirrorPosition>,
    /// What went wrong last, until something goes right.
    pub error: Option<String>,
    /// What it asks of an operator.
    pub error_class: Option<ErrorClass>,
    /// Failures since something went right.
    pub failures: u32,
    /// Failures since the start of this program.
    pub failures_total: u64,
}

impl LakeStatus {
    /// Blocks that the store has and the lake has not; `None` while the store's tip is unknown.
    pub fn lag_blocks(&self) -> Option<u64> {
        let tip = self.tip?.number;
        let held = [self.at, self.final_block].into_iter().flatten();
        let held = held.map(|block| block.number).max();
        Some(tip.0.saturating_sub(held.unwrap_or(BlockNumber(0)).0))
    }

    /// Seconds of the chain's time between them; `None` where one's time is unknown.
    pub fn lag_seconds(&self) -> Option<u64> {
        Some(self.tip_time?.0.saturating_sub(self.time?.0))
    }
}
