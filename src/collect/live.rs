//! What the collector is doing right now, for the status page and the readiness check.

use parking_lot::Mutex;
use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering};
use tidegauge_model::BlockNumber;

/// What the collector is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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
}

/// No head was seen yet.
const UNKNOWN: u64 = u64::MAX;

impl Default for Live {
    fn default() -> Self {
        Self {
            stage: Mutex::new(Stage::Connecting),
            last_error: Mutex::new(None),
            head: AtomicU64::new(UNKNOWN),
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

    /// The current stage.
    pub(crate) fn stage(&self) -> Stage {
        *self.stage.lock()
    }

    /// Why it waits.
    pub(crate) fn last_error(&self) -> Option<String> {
        self.last_error.lock().clone()
    }

    /// The head last seen.
    pub(crate) fn head(&self) -> Option<BlockNumber> {
        match self.head.load(Ordering::Relaxed) {
            UNKNOWN => None,
            head => Some(BlockNumber(head)),
        }
    }
}
