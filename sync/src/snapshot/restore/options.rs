//! What is restored, and what came of it.

use crate::s3::Clock;
use serde::{Deserialize, Serialize};
use tidegauge_model::{BlockNumber, BlockRef, ChainId};
use tidegauge_objects::ObjectKey;
use uuid::Uuid;

/// Which snapshot.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Which {
    /// The newest that is whole.
    #[default]
    Newest,
    /// One that stands at this block.
    Tip(BlockNumber),
    /// The one with this manifest.
    Manifest(ObjectKey),
}

/// How it is restored.
#[derive(Clone, Debug)]
pub struct RestoreOptions {
    /// Which snapshot.
    pub which: Which,
    /// The chain that it must be of, where that is configured.
    pub chain: Option<ChainId>,
    /// Whether a damaged snapshot is passed over like one that is not complete.
    pub allow_older: bool,
    /// Whether it is only tried out: no epoch is taken, and what was made is removed.
    pub drill: bool,
    /// Bytes that stay free on the disk.
    pub least_free_bytes: u64,
    /// This machine.
    pub machine: String,
    /// Who restores, for people.
    pub holder: String,
    /// Tells the time.
    pub clock: Clock,
}

/// What was restored.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RestoreReport {
    /// The manifest.
    pub manifest: String,
    /// When the snapshot was taken, Unix seconds.
    pub made_at: u64,
    /// The block that it stands at.
    pub tip: BlockRef,
    /// Swaps in it.
    pub swaps: u64,
    /// Who the store is.
    pub store_id: Uuid,
    /// Its new epoch; none of what was only tried out.
    pub epoch: Option<u64>,
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes that were downloaded; the others an earlier try had brought.
    pub downloaded_bytes: u64,
    /// Whether rows were compared with the manifest; not those of an older format, which the first
    /// start migrates.
    pub rows_checked: bool,
    /// Newer snapshots that were passed over, and why.
    pub passed_over: Vec<String>,
    /// Why the lost machine is not refused by the bucket yet: it cannot be written from here. The
    /// first snapshot that is taken there refuses it.
    pub not_fenced: Option<String>,
    /// How long it took.
    pub seconds: f64,
}
