//! How snapshots are taken, and how they show how far they are.

use super::retention::Keep;
use crate::s3::{Clock, wall_clock};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tidegauge_model::{BlockRef, ErrorClass};
use tidegauge_storage::Reader;

/// The scratch folder, inside the store's.
const SCRATCH: &str = "snapshot.scratch";

/// Free bytes that a snapshot leaves: as many as the store itself wants by default.
const LEAST_FREE_BYTES: u64 = 1024 * 1024 * 1024;

/// How long an object that nothing names is left alone: longer than any upload takes.
const GRACE: Duration = Duration::from_secs(24 * 60 * 60);

/// How snapshots are taken.
#[derive(Clone, Debug)]
pub struct SnapshotOptions {
    /// A folder of our own on the store's file system; what is in it is removed.
    pub scratch: PathBuf,
    /// Free bytes that are left on the disk.
    pub least_free_bytes: u64,
    /// Which snapshots stay.
    pub keep: Keep,
    /// How long what nothing names is left alone.
    pub grace: Duration,
    /// Tells the time.
    pub clock: Clock,
}

impl SnapshotOptions {
    /// The defaults for a store.
    pub fn of(reader: &Reader) -> Self {
        Self {
            scratch: reader.folder().join(SCRATCH),
            least_free_bytes: LEAST_FREE_BYTES,
            keep: Keep::default(),
            grace: GRACE,
            clock: wall_clock,
        }
    }

    /// Where what is left of killed snapshots lies.
    pub(super) fn scratch(&self) -> &Path {
        &self.scratch
    }
}

/// How much is read back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadBack {
    /// What no verified snapshot holds, and the rows that came since the last one.
    #[default]
    New,
    /// Every object, and every byte of the store; damaged objects are replaced.
    Full,
}

/// What is being done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotPhase {
    /// Files are hashed.
    Hashing,
    /// New ones are uploaded.
    Uploading,
    /// What was uploaded is read back.
    Verifying,
    /// The checkpoint is read through.
    Reading,
    /// A restore downloads.
    Downloading,
}

/// How far it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SnapshotProgress {
    /// With what.
    pub phase: SnapshotPhase,
    /// Bytes done of it.
    pub done_bytes: u64,
    /// Bytes in all; zero where that is not known.
    pub total_bytes: u64,
}

/// Is told how far it is.
pub type Heard = Arc<dyn Fn(SnapshotProgress) + Send + Sync>;

/// What became of a snapshot.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SnapshotReport {
    /// The block that it stands at.
    pub tip: BlockRef,
    /// Swaps in it.
    pub swaps: u64,
    /// Where it is.
    pub places: Vec<PlaceReport>,
    /// How long all of it took.
    pub seconds: f64,
}

impl SnapshotReport {
    /// Whether every place has it.
    pub fn is_whole(&self) -> bool {
        self.places.iter().all(|place| place.error.is_none())
    }
}

/// What became of it in one place.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct PlaceReport {
    /// Which place.
    pub place: String,
    /// The key of its manifest.
    pub manifest: String,
    /// Files of the snapshot.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that were not there yet.
    pub uploaded_files: u64,
    /// Their bytes.
    pub uploaded_bytes: u64,
    /// Files that were read back.
    pub verified_files: u64,
    /// Their bytes.
    pub verified_bytes: u64,
    /// Objects that were damaged or gone, and were written again.
    pub mended_files: u64,
    /// Manifests of snapshots that need not stay, removed.
    pub removed_manifests: u64,
    /// Objects that nothing names any more, removed.
    pub removed_objects: u64,
    /// How long it took.
    pub seconds: f64,
    /// Why it is not there.
    pub error: Option<String>,
}

/// Where snapshots are.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SnapshotStatus {
    /// The last one taken since the start of the process.
    pub last: Option<SnapshotReport>,
    /// When it was taken, Unix seconds.
    pub last_at: Option<u64>,
    /// How far the one under way is.
    pub under_way: Option<SnapshotProgress>,
    /// What went wrong last, until one goes right.
    pub error: Option<String>,
    /// What it asks of an operator.
    pub error_class: Option<ErrorClass>,
    /// Failures since the start of the process.
    pub failures_total: u64,
}
