//! What the collector asks the store to do, whole or not at all.

use crate::{
    BlockData, BlockNumber, BlockRange, BlockRef, Coverage, PoolId, PoolVerdict, Token, UnixSeconds,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// Ranges that these blocks put in doubt; each ends in this range and may begin before it.
    pub disputes: Vec<Dispute>,
    /// Timestamp of the block before the range, where it was read: where a store begins, its
    /// first whole day is the first that starts after it.
    pub time_before: Option<UnixSeconds>,
    /// Timestamp of the block after the range, where it was read: days that end by then are whole.
    pub time_after: Option<UnixSeconds>,
}

impl Extend {
    /// Number of swaps in it.
    pub fn swap_count(&self) -> usize {
        self.blocks.iter().map(|b| b.swaps.len()).sum()
    }
}

/// A pool's events contradict each other: between the two that do not fit, something is
/// missing or too much.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema,
)]
pub struct Dispute {
    /// From the block of the last event before the break to the block of the first after it.
    pub range: BlockRange,
    /// Whose events.
    pub pool: PoolId,
}

/// A range inside the store, fetched again: it replaces whatever is stored of these blocks.
///
/// Only final blocks are repaired; others are unwound and extended again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Repair {
    /// The range with its evidence, which is never weaker than what is stored.
    pub covered: Coverage,
    /// Its blocks, as in [`Extend::blocks`].
    pub blocks: Vec<BlockData>,
    /// Verdicts on every contract met here that the store may not know.
    pub verdicts: Vec<PoolVerdict>,
    /// Tokens of pools accepted here that the store may not know.
    pub tokens: Vec<Token>,
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
    /// Replace a range of final blocks.
    Repair(Repair),
}
