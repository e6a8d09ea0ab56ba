//! Whether a day is complete: by its blocks, what stands behind them, and their digests.

use crate::error::Error;
use crate::progress::group;
use tidegauge_model::{BlockNumber, BlockRange, Day, ErrorClass};
use tidegauge_storage::{RowDigest, View};

/// What a look at a day gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Proof {
    /// All of it is there, final, and as it was collected.
    Complete(Whole),
    /// Not yet: what it waits for.
    NotYet(String),
    /// Something contradicts itself, and time does not mend it.
    Broken(String),
}

/// A complete day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Whole {
    /// Its last block.
    pub(super) last_block: BlockNumber,
    /// Blocks from its first to its last.
    pub(super) blocks: u64,
    /// Swaps, each in its block's digest.
    pub(super) swaps: u64,
}

impl Whole {
    pub(super) fn said(&self) -> String {
        format!(
            "{} blocks to {}, {} swaps, digests agree",
            group(self.blocks),
            group(self.last_block.0),
            group(self.swaps)
        )
    }
}

/// Looks at a day.
pub(super) fn prove(view: &View<'_>, day: Day) -> Result<Proof, Error> {
    let Some(closed) = view.closed_day(day)? else {
        return Ok(Proof::NotYet(match view.tip()? {
            Some(tip) => format!("{day} is not over at block {}", group(tip.block.number.0)),
            None => "nothing has been collected yet".to_owned(),
        }));
    };
    if !closed.whole {
        return Ok(Proof::NotYet(format!(
            "collection began in the course of {day}: it is never whole"
        )));
    }
    if view.last_final_day()?.is_none_or(|last| last < day) {
        return Ok(Proof::NotYet(format!(
            "block {}, the last of {day}, is not final",
            group(closed.last_block.0)
        )));
    }
    let first = match view.closed_day(day.minus_days(1))? {
        Some(before) => before.last_block.next(),
        None => view.start().unwrap_or_default(),
    };
    let Some(range) = BlockRange::new(first, closed.last_block) else {
        return Ok(Proof::Broken(format!("{day} has no block")));
    };
    let disputed = |dispute: &BlockRange| dispute.from <= range.to && range.from <= dispute.to;
    for dispute in view.disputes()? {
        let dispute = dispute?;
        if disputed(&dispute.range) {
            return Ok(Proof::NotYet(format!(
                "blocks {} are in dispute until receipts settle it",
                dispute.range
            )));
        }
    }
    digests(view, range)
}

/// Whether each block's swaps are those that were collected, and blocks follow each other.
fn digests(view: &View<'_>, range: BlockRange) -> Result<Proof, Error> {
    let mut digest = RowDigest::new();
    let mut swaps = 0;
    let mut before: Option<BlockNumber> = None;
    for block in view.walk(range)? {
        let block = match block {
            Ok(block) => block,
            Err(e) if e.class() == ErrorClass::Corrupt => {
                return Ok(Proof::Broken(e.to_string()));
            }
            Err(e) => return Err(e.into()),
        };
        if before.is_some_and(|before| block.number <= before) {
            return Ok(Proof::Broken(format!(
                "block {} comes after itself",
                group(block.number.0)
            )));
        }
        if digest.of(&block.swaps) != block.record.row_digest {
            return Ok(Proof::Broken(format!(
                "the swaps of block {} are not those of its digest: tidegauge verify fetches them again",
                group(block.number.0)
            )));
        }
        before = Some(block.number);
        swaps += block.swaps.len() as u64;
    }
    Ok(Proof::Complete(Whole {
        last_block: range.to,
        blocks: range.len_blocks(),
        swaps,
    }))
}
