//! How to open a store.

use std::time::Duration;
use tidegauge_features::FeatureSet;
use tidegauge_model::{ChainId, UserKey};

/// Memory for cache and write buffers, of the process's 512 MiB.
pub const DEFAULT_MEMORY_MIB: usize = 192;

/// Free bytes below which nothing is written: room for the log, a flush and a compaction.
const DEFAULT_LEAST_FREE_BYTES: u64 = 256 * 1024 * 1024;

/// An open takes as long as reading the log again does; 256 MiB of it take seconds.
const DEFAULT_OPEN_DEADLINE: Duration = Duration::from_secs(120);

/// Whether an empty folder may become a store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Create {
    /// An empty or missing folder becomes a store.
    IfEmpty,
    /// Only an existing store is opened.
    Never,
}

/// How to open a store.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The chain it must hold.
    pub chain_id: ChainId,
    /// Whether it may be made.
    pub create: Create,
    /// Memory for cache and write buffers, in MiB; at least 32.
    pub memory_mib: usize,
    /// How long opening may take before it is given up.
    pub open_deadline: Duration,
    /// Free bytes below which nothing is written.
    pub least_free_bytes: u64,
    /// By which definitions and lists numbers are computed.
    pub features: FeatureSet,
    /// Whether a store derived by another set is opened, to be rebuilt, instead of refused.
    pub rebuild: bool,
}

impl StoreOptions {
    /// Defaults for a chain; makes the store if there is none.
    pub fn new(chain_id: ChainId) -> Self {
        Self {
            chain_id,
            create: Create::IfEmpty,
            memory_mib: DEFAULT_MEMORY_MIB,
            open_deadline: DEFAULT_OPEN_DEADLINE,
            least_free_bytes: DEFAULT_LEAST_FREE_BYTES,
            features: FeatureSet::of(chain_id, UserKey::default()),
            rebuild: false,
        }
    }
}
