//! Blocks: what was fetched, and what is kept of them.

use crate::schema::HashText;
use crate::{BlockNumber, LiquidityEvent, PoolId, Swap, UnixSeconds};
use alloy_primitives::B256;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A block by height and hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
pub struct BlockRef {
    /// Its height.
    pub number: BlockNumber,
    /// Its hash.
    #[schemars(with = "HashText")]
    pub hash: B256,
}

/// How many logs with a topic of ours were met, and what became of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Tally {
    /// Logs received with the topic of an event that we collect.
    pub received: u64,
    /// Of these, decoded and kept.
    pub decoded: u64,
    /// Of these, refused: their emitter is not a pool of ours.
    pub refused: u64,
}

impl Tally {
    /// Whether every received log is accounted for.
    pub fn balances(self) -> bool {
        self.decoded.checked_add(self.refused) == Some(self.received)
    }

    /// The sum of two tallies.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            received: self.received + other.received,
            decoded: self.decoded + other.decoded,
            refused: self.refused + other.refused,
        }
    }
}

/// One block as it was fetched and decoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BlockData {
    /// Its height.
    pub number: BlockNumber,
    /// Its hash.
    pub hash: B256,
    /// Its parent's hash; `None` where only its logs were read.
    pub parent: Option<B256>,
    /// Its timestamp.
    pub timestamp: UnixSeconds,
    /// Its swaps, by log index.
    pub swaps: Vec<Swap>,
    /// Its other pool events, by log index.
    pub liquidity: Vec<LiquidityEvent>,
    /// Its logs, accounted for.
    pub tally: Tally,
}

/// What the store keeps of a block.
///
/// Evidence is not part of it: coverage says it, by range, so that a block
/// reads the same however its pages were cut.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BlockRecord {
    /// Its hash.
    pub hash: B256,
    /// Its parent's hash; `None` where only its logs were read.
    pub parent: Option<B256>,
    /// Its timestamp.
    pub timestamp: UnixSeconds,
    /// Pools it touched, ascending, with the number of rows of each.
    pub pools: Vec<PoolActivity>,
    /// Digest of its swap rows.
    pub row_digest: B256,
    /// Its logs, accounted for.
    pub tally: Tally,
}

/// Rows of one pool in one block.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct PoolActivity {
    /// The pool.
    pub pool: PoolId,
    /// Its swaps.
    pub swaps: u32,
    /// Its other events.
    pub liquidity: u32,
}
