//! Days that are not final: made anew as a whole, of one view of the store, whenever they are due.

use super::days::{DaySpan, Days};
use super::file::{Made, make};
use super::manifest::LakeObject;
use super::scratch::Scratch;
use super::table::LakeTable;
use crate::error::SyncError;
use std::collections::BTreeSet;
use std::sync::Arc;
use tidegauge_model::{BlockRef, Day};
use tidegauge_storage::View;

/// What is published already.
pub(super) struct Before {
    /// Final days.
    pub(super) settled: BTreeSet<(LakeTable, Day)>,
    /// Days that were not final, as long as no repair came after them.
    pub(super) hot: Vec<LakeObject>,
}

/// Days that are not final, as of a tip.
pub(super) struct Hot {
    pub(super) tip: Option<BlockRef>,
    /// Objects that hold what they held.
    pub(super) kept: Vec<LakeObject>,
    /// Those to upload.
    pub(super) made: Vec<Made>,
}

/// Makes them; `None` while numbers are computed anew, when those in force end below the tip.
pub(super) fn make_hot(
    view: &View<'_>,
    scratch: &Arc<Scratch>,
    before: &Before,
) -> Result<Option<Hot>, SyncError> {
    let tip = view.tip()?.map(|tip| tip.block);
    if view.derived_to() != tip.map(|tip| tip.number) {
        return Ok(None);
    }
    let days = Days::read(view)?;
    let mut hot = Hot {
        tip,
        kept: Vec::new(),
        made: Vec::new(),
    };
    for table in LakeTable::ALL {
        for span in days.hot(table) {
            if before.settled.contains(&(table, span.day)) {
                continue;
            }
            match kept(view, before, &days, (table, span))? {
                Some(object) => hot.kept.push(object.clone()),
                None => hot.made.push(make(view, scratch, &days, (table, span))?),
            }
        }
    }
    Ok(Some(hot))
}

/// The object that already holds a day: the same blocks, by the hash of the last.
fn kept<'b>(
    view: &View<'_>,
    before: &'b Before,
    days: &Days,
    (table, span): (LakeTable, &DaySpan),
) -> Result<Option<&'b LakeObject>, SyncError> {
    let of_day = |o: &&LakeObject| (o.table, o.date) == (table, span.day);
    let object = before.hot.iter().find(of_day);
    match object {
        Some(object) if is_same(view, days, span, object)? => Ok(Some(object)),
        _ => Ok(None),
    }
}

/// The day of an object that is not final, where the store still has what it holds.
pub(super) fn same_day(
    view: &View<'_>,
    days: &Days,
    object: &LakeObject,
) -> Result<Option<DaySpan>, SyncError> {
    let mut hot = days.hot(object.table);
    match hot.find(|span| span.day == object.date) {
        Some(span) if is_same(view, days, span, object)? => Ok(Some(*span)),
        _ => Ok(None),
    }
}

/// Whether an object's rows are those of a day's blocks and runs, and say the same status.
fn is_same(
    view: &View<'_>,
    days: &Days,
    span: &DaySpan,
    object: &LakeObject,
) -> Result<bool, SyncError> {
    // The last block is final, the one that closed the day is not yet: the status changes.
    let is_relabelled = object.table.is_of_whole_days() && view.finalized() >= Some(span.to);
    Ok(!is_relabelled
        && object.runs == days.runs(object.table, span.day)
        && (object.from_block, object.whole) == (span.from, span.whole)
        && object.last_block() == span.last_block(view)?)
}
