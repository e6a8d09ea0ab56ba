//! How well a range of blocks is known.

use crate::schema::HashText;
use crate::{BlockRange, Tally};
use alloy_primitives::B256;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What stands behind the claim that a range holds these events and no others, weakest first.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// One endpoint's log pages; suspicion rules passed, seams pinned by header hash.
    Claimed,
    /// Every header fetched, linked by parent hash, hashed to itself; its bloom agrees with our logs.
    Bloom,
    /// The receipts root of every block recomputed from all its receipts.
    Receipts,
}

impl Evidence {
    /// All levels, weakest first.
    pub const ALL: [Self; 3] = [Self::Claimed, Self::Bloom, Self::Receipts];

    /// The level's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Bloom => "bloom",
            Self::Receipts => "receipts",
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One entry of the coverage ledger: a range, its evidence, and what was met in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Coverage {
    /// The blocks collected.
    pub range: BlockRange,
    /// What stands behind them.
    pub evidence: Evidence,
    /// Hash of the header before the range's first block.
    #[schemars(with = "HashText")]
    pub parent: B256,
    /// Header hash of the range's last block.
    #[schemars(with = "HashText")]
    pub end_hash: B256,
    /// Logs met in the range.
    pub tally: Tally,
}
