//! Comparing published days with the store once more, and making those anew that differ.

use super::days::{DaySpan, Days};
use super::file::{Made, digest, make};
use super::manifest::LakeObject;
use super::scratch::Scratch;
use super::table::LakeTable;
use super::upload::MAX_AT_ONCE;
use crate::error::SyncError;
use crate::lake_fault::LakeFault;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tidegauge_model::Day;
use tidegauge_storage::View;

/// How long one view of the store is held for comparing: what it holds back is bounded by that
/// and one day.
const MAX_SECONDS: Duration = Duration::from_secs(5);

/// Whether a published day can be compared with the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Comparable<'d> {
    /// With these blocks.
    Now(&'d DaySpan),
    /// Once the store has come that far again.
    Later,
    /// Not: the store begins after it, or in the middle of it, or has dropped its forecasts. It stays
    /// as it was published.
    Never,
}

/// Whether it can.
pub(super) fn comparable<'d>(days: &'d Days, object: &LakeObject) -> Comparable<'d> {
    let is_dropped =
        object.table == LakeTable::Predictions && days.runs(object.table, object.date).is_none();
    if days.is_before(object.date) || is_dropped {
        return Comparable::Never;
    }
    let begins_inside = |span: &DaySpan| span.is_final && !span.whole && object.whole;
    match (
        days.settled(object.table, object.date),
        days.get(object.date),
    ) {
        (_, Some(span)) if begins_inside(span) => Comparable::Never,
        (Some(span), _) => Comparable::Now(span),
        (None, _) => Comparable::Later,
    }
}

/// What a comparison gave.
pub(super) enum Compared {
    /// The store has the same rows.
    Same,
    /// It has others, or says other things of the day: these.
    Differs(Made),
    /// It cannot be compared any more.
    Other,
}

/// Compares days until time or files are enough; the first ones, in their order.
pub(super) fn compare(
    view: &View<'_>,
    scratch: &Arc<Scratch>,
    objects: &[LakeObject],
) -> Result<Vec<Compared>, SyncError> {
    let days = Days::read(view)?;
    let began = Instant::now();
    let mut compared = Vec::new();
    let mut files = 0;
    for object in objects {
        if began.elapsed() >= MAX_SECONDS || files == MAX_AT_ONCE {
            break;
        }
        let Comparable::Now(span) = comparable(&days, object) else {
            compared.push(Compared::Other);
            continue;
        };
        let same = span.whole == object.whole
            && days.runs(object.table, object.date) == object.runs
            && digest(view, object.table, span)? == (object.rows, object.rows_digest);
        compared.push(if same {
            Compared::Same
        } else {
            files += 1;
            Compared::Differs(make(view, scratch, &days, (object.table, span))?)
        });
    }
    Ok(compared)
}

/// Makes final days.
pub(super) fn make_settled(
    view: &View<'_>,
    scratch: &Arc<Scratch>,
    wanted: &[(Day, LakeTable)],
) -> Result<Vec<Made>, SyncError> {
    let days = Days::read(view)?;
    let one = |(day, table): &(Day, LakeTable)| {
        let span = days.settled(*table, *day);
        let span = span.ok_or_else(|| LakeFault::StoreMoved {
            what: format!("{table} of {day}"),
        })?;
        make(view, scratch, &days, (*table, span))
    };
    wanted.iter().map(one).collect()
}
