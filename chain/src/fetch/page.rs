//! A range that was fetched, verified and decoded, before it has its place in the chain.

use crate::{error::ChainError, pools::Met};
use alloy::primitives::B256;
use tidegauge_model::{BlockData, BlockRange, Evidence, LiquidityEvent, Swap, Tally};

/// One answered range.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) range: BlockRange,
    pub(crate) evidence: Evidence,
    /// Hash of the header before the range.
    pub(crate) parent: B256,
    /// Hash of its last header.
    pub(crate) end_hash: B256,
    pub(crate) blocks: Vec<BlockData>,
    /// Contracts in the order in which they are met.
    pub(crate) met: Vec<Met>,
    pub(crate) tally: Tally,
    /// What the range planner goes by: logs, or bytes.
    pub(crate) weight: u64,
    /// Memory held, roughly.
    pub(crate) held_bytes: usize,
}

impl Page {
    pub(crate) fn new(
        range: BlockRange,
        evidence: Evidence,
        [parent, end_hash]: [B256; 2],
        blocks: Vec<BlockData>,
        met: Vec<Met>,
        tally: Tally,
    ) -> Self {
        let rows = |block: &BlockData| {
            block.swaps.capacity() * size_of::<Swap>()
                + block.liquidity.capacity() * size_of::<LiquidityEvent>()
        };
        Self {
            held_bytes: blocks.capacity() * size_of::<BlockData>()
                + blocks.iter().map(rows).sum::<usize>(),
            weight: tally.received,
            range,
            evidence,
            parent,
            end_hash,
            blocks,
            met,
            tally,
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.blocks
            .iter()
            .map(|block| block.swaps.len() + block.liquidity.len())
            .sum()
    }
}

/// Why a range was not answered.
#[derive(Debug)]
pub(crate) enum PageError {
    /// Wider than the provider allows; the width it named.
    TooWide(Option<u64>),
    /// Too much in it; the width suggested.
    TooDense(Option<u64>),
    /// Anything else.
    Failed(ChainError),
}

impl From<ChainError> for PageError {
    fn from(error: ChainError) -> Self {
        use crate::fault::{FaultKind, TIMED_OUT};
        /// "limit exceeded" (EIP-1474): some say it of rates, some of ranges.
        const LIMIT_EXCEEDED: i64 = -32005;
        match &error {
            ChainError::Rpc(rpc) => match rpc.fault.kind {
                FaultKind::Span => Self::TooWide(rpc.fault.limit.or(rpc.fault.width)),
                FaultKind::Density => Self::TooDense(rpc.fault.width),
                FaultKind::Rate if rpc.fault.code == Some(LIMIT_EXCEEDED) => Self::TooDense(None),
                FaultKind::Transient if rpc.fault.message.contains(TIMED_OUT) => {
                    Self::TooDense(None)
                }
                _ => Self::Failed(error),
            },
            _ => Self::Failed(error),
        }
    }
}
