//! Identifiers and positions on the chain.

use alloy_primitives::Address;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize, JsonSchema,
        )]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

number! {
    /// EIP-155 chain id.
    ChainId(u64)
}
number! {
    /// Height of a block.
    BlockNumber(u64)
}
number! {
    /// Position of a log within its block.
    LogIndex(u32)
}
number! {
    /// Position of a transaction within its block.
    TxIndex(u32)
}
number! {
    /// Seconds since 1970-01-01T00:00:00Z, as block headers give them.
    UnixSeconds(u64)
}

impl BlockNumber {
    /// The next height; saturates at the top.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The height before; `None` for the genesis block.
    pub fn prev(self) -> Option<Self> {
        self.0.checked_sub(1).map(Self)
    }
}

/// A pool, named by its contract address.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct PoolId(pub Address);

impl fmt::Display for PoolId {
    /// Lower-case hex with `0x`, as every table and answer shows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// An inclusive, never empty range of heights.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema,
)]
pub struct BlockRange {
    /// First height, included.
    pub from: BlockNumber,
    /// Last height, included.
    pub to: BlockNumber,
}

impl BlockRange {
    /// `None` if `to` lies before `from`.
    pub fn new(from: BlockNumber, to: BlockNumber) -> Option<Self> {
        (from <= to).then_some(Self { from, to })
    }

    /// The range of a single block.
    pub fn one(block: BlockNumber) -> Self {
        Self {
            from: block,
            to: block,
        }
    }

    /// Number of blocks; saturates for the full range of `u64`.
    pub fn len_blocks(self) -> u64 {
        (self.to.0 - self.from.0).saturating_add(1)
    }

    /// Whether the height lies inside.
    pub fn contains(self, block: BlockNumber) -> bool {
        self.from <= block && block <= self.to
    }

    /// The heights in order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = BlockNumber> {
        (self.from.0..=self.to.0).map(BlockNumber)
    }
}

impl fmt::Display for BlockRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..={}", self.from, self.to)
    }
}
