//! What the collector asks the store to do, whole or not at all.

use crate::{BlockData, BlockNumber, BlockRef, Coverage, PoolVerdict, Token};

/// A contiguous range of blocks that continues from the tip.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Extend {
    /// The range with its evidence; it begins right after the tip.
    pub covered: Coverage,
    /// Its blocks, ascending: every one where receipts were read, those that hold our logs otherwise.
    pub blocks: Vec<BlockData>,
    /// Contracts judged for the first time in this range.
    pub verdicts: Vec<PoolVerdict>,
    /// Tokens of pools accepted here.
    pub tokens: Vec<Token>,
    /// The chain's finalized height when this was fetched; blocks up to it write no journal.
    pub finalized: Option<BlockNumber>,
}

impl Extend {
    /// Number of swaps in it.
    pub fn swap_count(&self) -> usize {
        self.blocks.iter().map(|b| b.swaps.len()).sum()
    }
}

/// One step of the store, applied atomically.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// Continue from the tip.
    Extend(Extend),
    /// Go back to an ancestor and continue from there along another branch.
    Unwind {
        /// The common ancestor: afterwards the tip, if nothing follows.
        to: BlockRef,
        /// The replacement, in order.
        then: Vec<Extend>,
    },
}
