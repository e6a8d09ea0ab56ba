//! What a step did.

use crate::notice::Sequence;
use crate::row_diff::Edit;
use serde::Serialize;
use tidegauge_model::{BlockRange, BlockRef, Evidence};

/// What a step did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Applied {
    /// The tip now; `None` if everything was unwound and nothing followed.
    pub tip: Option<BlockRef>,
    /// Blocks taken back.
    pub blocks_unwound: u64,
    /// Blocks covered anew.
    pub blocks_covered: u64,
    /// Swaps of the blocks covered anew.
    pub swaps: u64,
    /// Other events of the blocks covered anew.
    pub liquidity: u64,
    /// Disputes that the blocks covered anew open; those that receipts refute do not count.
    pub disputes_opened: u64,
    /// What a repair did; `None` for other steps.
    pub repaired: Option<Repaired>,
    /// The batch's size.
    pub batch_bytes: usize,
    /// The last notice written.
    pub last_notice: Sequence,
}

/// What a repair did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Repaired {
    /// The blocks compared.
    pub range: BlockRange,
    /// The weakest evidence that stood behind them before.
    pub evidence_before: Evidence,
    /// Swaps that changed.
    pub swaps: RowChanges,
    /// Other events that changed.
    pub liquidity: RowChanges,
    /// Blocks whose rows or hash changed; mirrors are told from the first to the last of them.
    pub blocks_changed: u64,
    /// Block records put, replaced or deleted; better evidence knows more blocks and parents.
    pub records_changed: u64,
    /// Pools accepted that the store did not know.
    pub pools_added: u64,
    /// Disputes that need no more looking at.
    pub disputes_settled: u64,
}

/// Rows of one kind that a repair changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct RowChanges {
    /// They were missing.
    pub added: u64,
    /// They should not have been there.
    pub removed: u64,
    /// They said something else.
    pub corrected: u64,
    /// Only their transaction's `from` was not known.
    pub enriched: u64,
}

impl Repaired {
    pub(crate) fn new(range: BlockRange, evidence_before: Evidence) -> Self {
        Self {
            range,
            evidence_before,
            swaps: RowChanges::default(),
            liquidity: RowChanges::default(),
            blocks_changed: 0,
            records_changed: 0,
            pools_added: 0,
            disputes_settled: 0,
        }
    }

    /// Whether a row was missing, too much, or wrong; learning a `from` is no error.
    pub fn found_errors(&self) -> bool {
        [self.swaps, self.liquidity]
            .iter()
            .any(|rows| rows.added + rows.removed + rows.corrected > 0)
    }
}

impl RowChanges {
    pub(crate) fn count(&mut self, edit: Edit) {
        *match edit {
            Edit::Added => &mut self.added,
            Edit::Removed => &mut self.removed,
            Edit::Corrected => &mut self.corrected,
            Edit::Enriched => &mut self.enriched,
        } += 1;
    }
}
