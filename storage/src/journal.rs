//! The journal: read on the way back, rewritten by a repair, pruned when its blocks are final.

use crate::codec::{JournalEntry, decode_journal};
use crate::database::damaged;
use crate::draft::Draft;
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::{block_bounds, block_key, parse_block_key};
use crate::scan::{Bounds, RawScan};
use tidegauge_model::{BlockNumber, BlockRange};

/// Most entries deleted in one batch; the rest follows with the next ones.
const MAX_PRUNED_PER_BATCH: usize = 1_024;

/// The entry whose last block is `to`, with its size in bytes.
pub(crate) fn entry(draft: &Draft<'_>, to: BlockNumber) -> Result<(JournalEntry, u64), StoreError> {
    let key = block_key(to);
    let value = draft
        .database()
        .get(Family::Journal, &key)?
        .ok_or_else(|| {
            StoreError::Contradiction(format!("block {to} is not final, but has no journal"))
        })?;
    let (_, entry) = decode_journal(&key, &value).map_err(|e| damaged(Family::Journal, &key, e))?;
    Ok((entry, value.len() as u64))
}

/// Removes an entry that an unwind has used.
pub(crate) fn remove(draft: &mut Draft<'_>, to: BlockNumber, bytes: u64) -> Result<(), StoreError> {
    draft.delete_apart(Family::Journal, &block_key(to));
    let entries = draft.head.journal_entries.checked_sub(1);
    draft.head.journal_entries = entries.ok_or_else(miscounted)?;
    discount(draft, bytes)
}

/// Puts another entry in the place of one that had so many bytes.
pub(crate) fn replace(
    draft: &mut Draft<'_>,
    to: BlockNumber,
    entry: &JournalEntry,
    bytes: u64,
) -> Result<(), StoreError> {
    discount(draft, bytes)?;
    draft.put_entry(to, entry)
}

fn discount(draft: &mut Draft<'_>, bytes: u64) -> Result<(), StoreError> {
    let left = draft.head.journal_bytes.checked_sub(bytes);
    draft.head.journal_bytes = left.ok_or_else(miscounted)?;
    Ok(())
}

fn miscounted() -> StoreError {
    StoreError::Contradiction("the journal holds more than was counted".to_owned())
}

/// Deletes entries of blocks that became final, from `low` upward; returns the next `low`.
///
/// Starting at `low` keeps the scan from crossing what was deleted before.
pub(crate) fn prune(draft: &mut Draft<'_>, low: BlockNumber) -> Result<BlockNumber, StoreError> {
    let Some(range) = draft.head.finalized.and_then(|to| BlockRange::new(low, to)) else {
        return Ok(low);
    };
    if draft.head.journal_entries == 0 {
        return Ok(low);
    }
    let mut found = Vec::new();
    {
        let db = draft.database();
        let options = Bounds::between(block_bounds(range)).read_options();
        let rows = db
            .rocks
            .raw_iterator_cf_opt(db.family(Family::Journal)?, options);
        let mut rows = RawScan::ascending(Family::Journal, rows);
        while found.len() < MAX_PRUNED_PER_BATCH {
            let Some(row) =
                rows.next_with(|key, value| Ok((parse_block_key(key)?, value.len() as u64)))
            else {
                break;
            };
            found.push(row?);
        }
    }
    let mut next = low;
    for (to, bytes) in found {
        remove(draft, to, bytes)?;
        next = to.next();
    }
    Ok(next)
}
