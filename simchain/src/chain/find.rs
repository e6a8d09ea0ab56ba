//! Finding blocks and transactions.
//!
//! Whatever is found stays readable, however the chain is reorganised meanwhile.

use super::SimChain;
use super::branch::Cell;
use crate::error::SimError;
use crate::store::{BlockEntry, Segment};
use alloy::primitives::B256;
use tidegauge_model::{BlockNumber, BlockRange};

/// A block that was found.
#[derive(Clone)]
pub(crate) struct Placed {
    pub(crate) number: BlockNumber,
    pub(crate) entry: BlockEntry,
    pub(crate) segment: Segment,
    /// Its offset in the segment.
    offset: u64,
}

/// Consecutive blocks that lie together in a segment.
pub(crate) struct Piece {
    pub(crate) first: BlockNumber,
    pub(crate) segment: Segment,
    /// Offset of the first in the segment.
    pub(crate) offset: u64,
    pub(crate) blocks: u64,
}

impl From<Placed> for Piece {
    fn from(block: Placed) -> Self {
        Self {
            first: block.number,
            segment: block.segment,
            offset: block.offset,
            blocks: 1,
        }
    }
}

impl SimChain {
    /// The canonical block of a number, if there is one.
    pub(crate) fn find(&self, number: BlockNumber) -> Result<Option<Placed>, SimError> {
        let Some(height) = number.0.checked_sub(self.summary.first) else {
            return Ok(None);
        };
        let cell = self.live.read().branch.cell(height);
        cell.map(|cell| self.read(number, cell)).transpose()
    }

    /// The canonical block of a number that exists.
    pub(crate) fn placed(&self, number: BlockNumber) -> Result<Placed, SimError> {
        self.find(number)?.ok_or_else(|| SimError::NoBlock {
            block: number.0,
            first: self.summary.first,
            head: self.head_number().0,
        })
    }

    /// The canonical blocks of a range that exists.
    pub(crate) fn pieces(&self, range: BlockRange) -> Result<Vec<Piece>, SimError> {
        let height = range.from.0.saturating_sub(self.summary.first);
        let runs = self.live.read().branch.runs(height, range.len_blocks());
        let mut first = range.from;
        let mut pieces = Vec::with_capacity(runs.len());
        for run in runs {
            pieces.push(Piece {
                first,
                segment: self.segment(run.is_history)?,
                offset: run.offset,
                blocks: run.blocks,
            });
            first = BlockNumber(first.0 + run.blocks);
        }
        Ok(pieces)
    }

    /// The block of a hash. One of an abandoned branch is found while it is
    /// younger than the finalized block, as in nodes.
    pub(crate) fn find_hash(&self, hash: &B256) -> Result<Option<Placed>, SimError> {
        for (number, cell, is_canonical) in self.candidates(hash)? {
            if is_canonical || number > self.finalized() {
                let placed = self.read(number, cell)?;
                if placed.entry.hash == *hash {
                    return Ok(Some(placed));
                }
            }
        }
        Ok(None)
    }

    /// The canonical block that holds a transaction, and the transaction's index.
    pub(crate) fn find_tx(&self, hash: &B256) -> Result<Option<(Placed, usize)>, SimError> {
        for (number, cell, is_canonical) in self.candidates(hash)? {
            if !is_canonical {
                continue;
            }
            let placed = self.read(number, cell)?;
            let txs = placed.segment.txs(&placed.entry)?;
            if let Some(index) = txs.iter().position(|tx| tx.hash == *hash) {
                return Ok(Some((placed, index)));
            }
        }
        Ok(None)
    }

    /// A block by where it lies.
    pub(super) fn read(&self, number: BlockNumber, cell: Cell) -> Result<Placed, SimError> {
        let (segment, offset) = match cell {
            Cell::History(offset) => (self.segment(true)?, offset),
            Cell::Grown { at, .. } => (self.segment(false)?, at.into()),
        };
        let entry = segment
            .entries(offset, 1)?
            .first()
            .copied()
            .ok_or_else(|| SimError::Broken(format!("block {number} is not where it was put")))?;
        Ok(Placed {
            number,
            entry,
            segment,
            offset,
        })
    }

    fn segment(&self, is_history: bool) -> Result<Segment, SimError> {
        if is_history {
            return Ok(self.history.clone());
        }
        let grown = self.live.read().segment.clone();
        grown.ok_or_else(|| SimError::Broken("added blocks lie nowhere".into()))
    }

    /// Blocks that may have or hold a hash: number, place, and whether they are canonical.
    fn candidates(&self, hash: &B256) -> Result<Vec<(BlockNumber, Cell, bool)>, SimError> {
        let number = |height: u64| BlockNumber(self.summary.first + height);
        let in_history = self.lookup.find(hash)?;
        let live = self.live.read();
        let mut found: Vec<_> = in_history
            .into_iter()
            .map(|offset| {
                let cell = Cell::History(offset.into());
                let is_canonical = live.branch.cell(offset.into()) == Some(cell);
                (number(offset.into()), cell, is_canonical)
            })
            .collect();
        found.extend(live.lookup.find(hash).map(|spot| {
            let cell = Cell::Grown {
                at: spot.at,
                fork: Default::default(),
            };
            let is_canonical = live.branch.has_grown(spot.height.into(), spot.at);
            (number(spot.height.into()), cell, is_canonical)
        }));
        Ok(found)
    }
}
