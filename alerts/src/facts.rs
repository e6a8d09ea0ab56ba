//! What the program knows of itself at one moment. `None` is not known: nothing follows from it.

use crate::usual::Usual;
use std::fmt;
use tidegauge_model::{BlockNumber, Day, Hour, UnixSeconds};

/// Everything that rules look at.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Facts {
    /// What the collector is busy with.
    pub stage: Option<Stage>,
    /// The chain's head, as last heard.
    pub head: Option<BlockNumber>,
    /// The store's last block.
    pub tip: Option<BlockNumber>,
    /// How long ago the tip's block was made, or how long the tip is behind the head: seconds.
    pub lag_seconds: Option<u64>,
    /// How long ago something was last committed, seconds.
    pub commit_age_seconds: Option<u64>,
    /// Blocks up to the tip without any swap.
    pub blocks_since_swap: Option<u64>,
    /// Questions of late, to all endpoints together.
    pub rpc: Option<RpcFacts>,
    /// Blocks of the longest branch of ours that the chain left of late; 0 if it left none.
    pub deepest_reorg_blocks: Option<u64>,
    /// The disk under the store.
    pub disk: Option<DiskFacts>,
    /// The mirror in Postgres; also `None` without one.
    pub postgres: Option<MirrorFacts>,
    /// The lake in S3; also `None` without one.
    pub s3: Option<MirrorFacts>,
    /// Age of the last snapshot that was verified, seconds; also `None` where none are taken.
    pub snapshot_age_seconds: Option<u64>,
    /// Ranges whose evidence is disputed.
    pub disputed_ranges: Option<u64>,
    /// Days of late whose rows are not what they are computed from.
    pub feature_errors: Option<u64>,
    /// Every day whose job is or was due and that somebody should still hear of. A day that is
    /// not among them is no longer missed.
    pub days: Option<Vec<DayFacts>>,
    /// How each model does, by target. One that is not among them is not judged any more.
    pub models: Option<Vec<ModelFacts>>,
    /// The last whole hour's volume.
    pub volume: Option<VolumeFacts>,
    /// What the fold computes from raw rows.
    pub derived: Option<DerivedFacts>,
    /// Where alerts go. One that is not among them is no longer asked to carry any.
    pub sinks: Option<Vec<SinkFacts>>,
}

/// What the collector is busy with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stage {
    /// Asking the endpoint who it is.
    Connecting,
    /// Collecting what lies before the final block.
    Backfilling,
    /// Keeping up with the tip.
    Following,
    /// The endpoint does not answer as it should.
    Waiting {
        /// Why.
        reason: String,
    },
    /// Told to stop.
    Stopping,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connecting => "connecting",
            Self::Backfilling => "backfilling",
            Self::Following => "following",
            Self::Waiting { .. } => "waiting",
            Self::Stopping => "stopping",
        })
    }
}

/// Questions to endpoints.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RpcFacts {
    /// How many were asked.
    pub asked: u64,
    /// How many of them were answered as they should be.
    pub succeeded: u64,
}

/// A disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DiskFacts {
    /// Bytes that can still be written.
    pub free_bytes: u64,
    /// Bytes in all.
    pub total_bytes: u64,
}

/// A mirror.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MirrorFacts {
    /// What keeps it from going on; `None` if nothing does.
    pub failure: Option<String>,
    /// Blocks that the store has and it has not; `None`: not known.
    pub lag_blocks: Option<u64>,
    /// The same in the chain's time, seconds; `None`: not known.
    pub lag_seconds: Option<u64>,
}

/// A day and its job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DayFacts {
    /// The UTC day.
    pub day: Day,
    /// When its job is due.
    pub due_at: UnixSeconds,
    /// Whether all that the job promises of the day is there; `None`: not known.
    pub complete: Option<bool>,
}

/// A model's errors on one target.
#[derive(Clone, PartialEq, Debug)]
pub struct ModelFacts {
    /// `MODEL on TARGET`.
    pub name: String,
    /// Mean error of what matured in the last days.
    pub recent_error: f64,
    /// The same of the weeks before.
    pub before_error: f64,
}

/// One hour's volume beside the same hour of earlier weeks.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct VolumeFacts {
    /// The hour, a whole one.
    pub hour: Hour,
    /// Its volume, USD.
    pub usd: f64,
    /// What is usual in this hour of the week.
    pub usual: Usual,
}

/// What is derived from raw rows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DerivedFacts {
    /// It reaches the tip.
    Current,
    /// It is computed anew; so many blocks are done.
    Rebuilding {
        /// Blocks behind it.
        done_blocks: u64,
        /// Blocks in all.
        total_blocks: u64,
    },
    /// It cannot be computed.
    Failed {
        /// Why.
        reason: String,
    },
}

/// A place that alerts are sent to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SinkFacts {
    /// Its name in the configuration.
    pub name: String,
    /// Alerts that wait for it.
    pub waiting: u64,
    /// Age of the oldest of them, seconds; 0 without any.
    pub oldest_seconds: u64,
    /// Alerts given up since somebody last looked.
    pub given_up: u64,
}
