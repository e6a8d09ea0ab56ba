//! What every start checks: the end of the store, where an unclean stop would show.

use crate::error::StoreError;
use crate::head::FIRST_SEQUENCE;
use crate::notice::Sequence;
use crate::row_digest::RowDigest;
use crate::view::View;
use tidegauge_model::{B256, BlockNumber, BlockRange};

/// Blocks whose links and digests are checked.
const CHECKED_BLOCKS: usize = 128;

/// Notices whose sequence is checked.
const CHECKED_NOTICES: u64 = 128;

/// The last blocks link, their digests recompute, coverage ends at the tip, the
/// outbox has no gap at its end.
pub(crate) fn check_end(view: &View<'_>) -> Result<(), StoreError> {
    let head = view.head();
    let last = view.coverage_last()?;
    let end = last.map(|c| (c.range.to, c.end_hash));
    if end != head.tip.map(|tip| (tip.number, tip.hash)) {
        return Err(StoreError::Contradiction(format!(
            "coverage ends at {end:?}, the tip is {:?}",
            head.tip
        )));
    }
    check_last_blocks(view)?;
    let next = head.next_sequence.0;
    let first = head
        .first_sequence
        .0
        .max(next.saturating_sub(CHECKED_NOTICES));
    let expected = (first.max(FIRST_SEQUENCE.0)..next).map(Sequence);
    let found = view.notices(Sequence(first), CHECKED_NOTICES as usize + 1)?;
    if !found.iter().map(|n| n.sequence).eq(expected) {
        return Err(StoreError::Contradiction(
            "the outbox has a gap at its end".to_owned(),
        ));
    }
    Ok(())
}

fn check_last_blocks(view: &View<'_>) -> Result<(), StoreError> {
    let mut from = None;
    for block in view.blocks_backwards()?.take(CHECKED_BLOCKS) {
        from = Some(block?.0);
    }
    let Some(from) = from else {
        return Ok(());
    };
    let to = BlockNumber(u64::MAX);
    let mut digest = RowDigest::new();
    let mut before: Option<(BlockNumber, B256)> = None;
    for block in view.walk(BlockRange { from, to })? {
        let block = block?;
        let number = block.number;
        if let Some((before_number, before)) = before
            && before_number.next() == number
            && block.record.parent.is_some_and(|parent| parent != before)
        {
            return Err(StoreError::Contradiction(format!(
                "block {number} does not link to block {before_number}"
            )));
        }
        if digest.of(&block.swaps) != block.record.row_digest {
            return Err(StoreError::Contradiction(format!(
                "the swaps of block {number} do not give its row digest"
            )));
        }
        before = Some((number, block.record.hash));
    }
    Ok(())
}
