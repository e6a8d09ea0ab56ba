//! Deriving everything anew, slice by slice, beside what is in force.
//!
//! Final blocks are folded first, each slice in a batch of its own. The last slice also folds
//! the blocks above them, with their journal, and puts the new generation in force: before
//! that batch a reader sees the old numbers, after it the new ones.

use super::forward::{close_by, fold, fold_one};
use super::live::Live;
use super::pending::Pending;
use crate::beneath::Above;
use crate::block_walk::walk;
use crate::database::damaged;
use crate::draft::Draft;
use crate::error::StoreError;
use crate::families::Family;
use crate::journal;
use crate::keys::parse_calendar_key;
use tidegauge_model::{BlockNumber, BlockRange};

/// How much one slice may be.
#[derive(Clone, Copy)]
pub(crate) struct Budget {
    pub(crate) blocks: u64,
    pub(crate) bytes: usize,
}

/// Folds further final blocks; whether none is left.
pub(crate) fn slice(
    draft: &mut Draft<'_>,
    live: &mut Live,
    budget: Budget,
) -> Result<bool, StoreError> {
    let Some(range) = final_blocks_left(draft) else {
        return Ok(true);
    };
    let mut pending = Pending::default();
    let mut blocks = 0;
    let mut folded = None;
    for block in walk(draft.database(), range)? {
        let block = block?.into_data();
        fold_one(draft, live, &block, &mut pending)?;
        folded = Some(block.number);
        blocks += 1;
        if blocks >= budget.blocks || draft.size_in_bytes() + pending.bytes() >= budget.bytes {
            break;
        }
    }
    let is_full =
        blocks >= budget.blocks || draft.size_in_bytes() + pending.bytes() >= budget.bytes;
    pending.write(draft)?;
    let to = if is_full { folded } else { Some(range.to) };
    if let Some(rebuild) = &mut draft.head.derived.rebuild {
        rebuild.to = to;
    }
    Ok(final_blocks_left(draft).is_none())
}

fn final_blocks_left(draft: &Draft<'_>) -> Option<BlockRange> {
    let head = &draft.head;
    let (start, tip) = (head.start?, head.tip?);
    let from = draft.derived_to().map_or(start, BlockNumber::next);
    BlockRange::new(from, tip.number.min(head.finalized?))
}

/// Folds the blocks above the final one and puts the generation in force.
pub(crate) fn finish(
    draft: &mut Draft<'_>,
    live: &mut Live,
    above: Vec<Above>,
) -> Result<(), StoreError> {
    refold(draft, live, above)?;
    let tip = draft.head.tip.map(|tip| tip.number);
    let derived = &mut draft.head.derived;
    derived.generation = derived.generation.other();
    derived.horizon = derived.rebuild.and_then(|rebuild| rebuild.horizon);
    derived.to = tip;
    derived.rebuild = None;
    derived.leftover = true;
    Ok(())
}

/// Folds the journal's blocks, which lie above everything that is folded, and has their
/// entries keep the way back.
pub(super) fn refold(
    draft: &mut Draft<'_>,
    live: &mut Live,
    above: Vec<Above>,
) -> Result<(), StoreError> {
    let time_after = draft.head.derived.time_after;
    let last = above.last().map(|above| above.to);
    for Above {
        to,
        mut entry,
        bytes,
        ..
    } in above
    {
        let mut closed = None;
        for touched in &entry.touched {
            if touched.family == Family::Calendar {
                let day = parse_calendar_key(&touched.key)
                    .map_err(|e| damaged(Family::Calendar, &touched.key, e))?;
                closed = closed.max(Some(day));
            }
        }
        entry.touched.retain(|touched| !touched.family.is_derived());
        let range = BlockRange::new(entry.from, to).ok_or_else(|| {
            StoreError::Contradiction(format!("the journal of block {to} ends before it begins"))
        })?;
        draft.reopen_entry(entry);
        for block in walk(draft.database(), range)? {
            fold(draft, live, [block?.into_data()])?;
        }
        // By the time of a block after, which is not known any more.
        if let Some(day) = closed {
            close_by(draft, live, day.end(), to)?;
        }
        if let Some(time) = time_after.filter(|_| last == Some(to)) {
            close_by(draft, live, time, to)?;
        }
        let entry = draft.take_entry()?;
        journal::replace(draft, to, &entry, bytes)?;
    }
    if let (None, Some(time), Some(tip)) = (last, time_after, draft.head.tip) {
        close_by(draft, live, time, tip.number)?;
    }
    Ok(())
}
