//! The head: where the store stands, kept under one key and written with every batch.

use crate::notice::Sequence;
use serde::Serialize;
use tidegauge_model::{BlockNumber, BlockRef, Tally, UnixSeconds};

/// What the store holds, counted with every batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Counters {
    /// Swaps.
    pub swaps: u64,
    /// Other pool events.
    pub liquidity: u64,
    /// Block records.
    pub blocks: u64,
    /// Accepted pools.
    pub pools_accepted: u64,
    /// Refused contracts.
    pub pools_refused: u64,
    /// Tokens.
    pub tokens: u64,
    /// Disputes not settled.
    pub disputes: u64,
    /// Logs received, decoded and refused.
    pub logs: Tally,
}

/// The tip with its time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Tip {
    /// The last block collected.
    pub block: BlockRef,
    /// Its timestamp; `None` where only its hash was read.
    pub timestamp: Option<UnixSeconds>,
}

/// Where the store stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Head {
    /// First block collected.
    pub(crate) start: Option<BlockNumber>,
    /// Last block collected.
    pub(crate) tip: Option<BlockRef>,
    /// What the store holds.
    pub(crate) counters: Counters,
    /// Greatest height known to be final; may lie above the tip. Never falls.
    pub(crate) finalized: Option<BlockNumber>,
    /// Sequence of the oldest notice kept.
    pub(crate) first_sequence: Sequence,
    /// Sequence of the next notice.
    pub(crate) next_sequence: Sequence,
    /// Entries of the journal.
    pub(crate) journal_entries: u64,
    /// Bytes of the journal's values.
    pub(crate) journal_bytes: u64,
}

impl Default for Head {
    fn default() -> Self {
        Self {
            start: None,
            tip: None,
            counters: Counters::default(),
            finalized: None,
            first_sequence: FIRST_SEQUENCE,
            next_sequence: FIRST_SEQUENCE,
            journal_entries: 0,
            journal_bytes: 0,
        }
    }
}

/// Sequence of a store's first notice; zero is left for "none yet".
pub(crate) const FIRST_SEQUENCE: Sequence = Sequence(1);
