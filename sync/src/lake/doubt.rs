//! What of the published days may not be the store's any more.

use super::catalog::Catalog;
use super::days::{Days, block_at};
use super::manifest::{Root, StoreLife};
use super::table::LakeTable;
use crate::error::SyncError;
use std::collections::BTreeSet;
use tidegauge_model::{BlockNumber, Day};
use tidegauge_storage::{NoticeKind, Sequence, View};

/// Notices read at once.
const NOTICES: usize = 4_096;

/// From where on days are compared with the store once more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Doubt {
    /// None are.
    Nothing,
    /// Those with this block and later ones.
    From(BlockNumber),
    /// All of them.
    Everything,
}

/// What a manifest gives reason to doubt that was made from a store, in a life of it.
pub(super) fn of_manifest(
    view: &View<'_>,
    root: &Root,
    life: StoreLife,
) -> Result<Doubt, SyncError> {
    if root.store != life || root.notice == 0 {
        return Ok(Doubt::Everything);
    }
    match root.final_block {
        Some(last) if block_at(view, last.number)? != last => Ok(Doubt::Everything),
        _ => of_notices(view, Sequence(root.notice)),
    }
}

/// What the notices after one say was repaired; everything, if some are gone.
pub(super) fn of_notices(view: &View<'_>, since: Sequence) -> Result<Doubt, SyncError> {
    let last = view.last_notice();
    if last < since {
        return Ok(Doubt::Everything);
    }
    let mut next = since.next();
    let mut first: Option<BlockNumber> = None;
    while next <= last {
        let notices = view.notices(next, NOTICES)?;
        if notices.first().map(|notice| notice.sequence) != Some(next) {
            return Ok(Doubt::Everything);
        }
        let repaired = notices.iter().filter(|n| n.kind == NoticeKind::Repaired);
        first = repaired.map(|n| n.range.from).chain(first).min();
        next = Sequence(next.0.saturating_add(notices.len() as u64));
    }
    Ok(first.map_or(Doubt::Nothing, Doubt::From))
}

/// The published days that a doubt is about.
pub(super) fn doubted(doubt: Doubt, catalog: &Catalog, days: &Days) -> BTreeSet<(Day, LakeTable)> {
    let first = match doubt {
        Doubt::Nothing => None,
        Doubt::Everything => Some(Day::of(tidegauge_model::UnixSeconds(0))),
        // No published day rests on a day that has not ended.
        Doubt::From(block) => days.first_from(block),
    };
    let Some(first) = first else {
        return BTreeSet::new();
    };
    let is_doubted = |table: LakeTable, day: Day| day.plus_days(table.horizon_days()) >= first;
    let objects = catalog.iter();
    objects
        .filter(|object| is_doubted(object.table, object.date))
        .map(|object| (object.date, object.table))
        .collect()
}
