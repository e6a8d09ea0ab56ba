//! Where the mirror and the store last agree, below a block on which they do not.

use super::blocking::look_at;
use super::ledger::Ledger;
use super::plan::{SEGMENT_BLOCKS, stand_at};
use crate::error::SyncError;
use sqlx::PgConnection;
use tidegauge_model::{BlockNumber, BlockRef};
use tidegauge_storage::{Reader, View};

/// The highest block of the store up to which the mirror holds its chain; `None`: they share
/// nothing.
///
/// Blocks that are not final are known one by one, all others by segments.
pub(super) async fn ancestor(
    ledger: Ledger<'_>,
    connection: &mut PgConnection,
    reader: &Reader,
) -> Result<Option<BlockRef>, SyncError> {
    let mut below = i64::MAX;
    loop {
        let page = ledger.blocks_below(connection, below).await?;
        let Some(last) = page.last() else { break };
        below = i64::try_from(last.number.0).unwrap_or(i64::MAX);
        let found = look_at(reader, move |view| first_on(view, page)).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    let mut below = i64::MAX;
    loop {
        let page = ledger.segments_below(connection, below).await?;
        let Some((last, _)) = page.last() else {
            return Ok(None);
        };
        below = *last;
        let found = look_at(reader, move |view| segment_on(view, &page)).await?;
        if let Some(found) = found {
            return Ok(found);
        }
    }
}

fn first_on(view: &View<'_>, page: Vec<BlockRef>) -> Result<Option<BlockRef>, SyncError> {
    for block in page {
        if has(view, block)? {
            return Ok(Some(block));
        }
    }
    Ok(None)
}

/// Right before the highest segment whose last block both share: all of that segment is written
/// anew, for its digest is made of whole segments.
fn segment_on(
    view: &View<'_>,
    page: &[(i64, BlockRef)],
) -> Result<Option<Option<BlockRef>>, SyncError> {
    for (segment, last) in page {
        if has(view, *last)? {
            let first = segment.unsigned_abs().saturating_mul(SEGMENT_BLOCKS);
            let below = BlockNumber(first).prev();
            return below
                .map(|below| stand_at(view, below))
                .transpose()
                .map(Some);
        }
    }
    Ok(None)
}

fn has(view: &View<'_>, block: BlockRef) -> Result<bool, SyncError> {
    let record = view.block(block.number)?;
    Ok(record.is_some_and(|record| record.hash == block.hash))
}
