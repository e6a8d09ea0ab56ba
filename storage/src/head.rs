//! The head: where the store stands, kept under one key and written with every batch.

use crate::generation::Generation;
use crate::notice::Sequence;
use serde::Serialize;
use tidegauge_features::Horizon;
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
    /// Where what is derived from the rows stands.
    pub(crate) derived: Derived,
}

/// Where what is derived from the rows stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Derived {
    /// The generation in force.
    pub(crate) generation: Generation,
    /// The last block folded into it: the tip, but for the time of a rebuild.
    pub(crate) to: Option<BlockNumber>,
    /// What is before the start; known with the first block.
    pub(crate) horizon: Option<Horizon>,
    /// Timestamp of the block before the start, where it was read.
    pub(crate) time_before: Option<UnixSeconds>,
    /// Timestamp of the block after the tip, where it was read.
    pub(crate) time_after: Option<UnixSeconds>,
    /// How far the other generation is, while it is built to take this one's place.
    pub(crate) rebuild: Option<Rebuilding>,
    /// Whether the other generation holds what nobody needs.
    pub(crate) leftover: bool,
}

/// How far a rebuild is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Rebuilding {
    /// The last block folded, final; `None`: nothing yet.
    pub(crate) to: Option<BlockNumber>,
    /// As [`Derived::horizon`].
    pub(crate) horizon: Option<Horizon>,
}

impl Derived {
    /// Has everything derived anew, from the start.
    pub(crate) fn rebuild(&mut self) {
        // What a rebuild before left unfinished is of no use.
        self.leftover |= self.rebuild.is_some_and(|r| r.to.is_some());
        self.rebuild = Some(Rebuilding::default());
    }
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
            derived: Derived::default(),
        }
    }
}

/// Sequence of a store's first notice; zero is left for "none yet".
pub(crate) const FIRST_SEQUENCE: Sequence = Sequence(1);
