//! Where rows come from: the store, a recompute from raw swaps, or the naive oracle.

use super::ahead::ahead;
use super::book::PoolBook;
use super::history::{
    covered, covered_from_the_first_block, covered_to_the_end_of_the_tips_day, history,
};
use super::recompute::{Raw, on_all_cores};
use super::span::DaySpan;
use super::whole::Whole;
use crate::error::Error;
use std::collections::BTreeSet;
use tidegauge_features::{
    Covered, DailyRow, FeatureError, FeatureSet, History, PoolDay, Rows, Status, TargetRow, oracle,
    recompute,
};
use tidegauge_model::{BlockNumber, Day, PoolId};
use tidegauge_storage::View;

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    /// The rows that the collector computed and keeps.
    Stored,
    /// The same fold, over the raw swaps, in memory.
    Recomputed,
    /// Every definition by itself, without any cleverness.
    Oracle,
}

/// Which rows.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Of which days.
    pub(crate) days: DaySpan,
    /// Of which pools; empty: of all.
    pub(crate) pools: BTreeSet<PoolId>,
}

impl Wanted {
    pub(super) fn takes(&self, day: Day, pool: PoolId) -> bool {
        self.days.holds(day) && (self.pools.is_empty() || self.pools.contains(&pool))
    }
}

/// Rows by day and pool, each once.
pub(crate) type PoolDays<'v> = Box<dyn Iterator<Item = Result<PoolDay, Error>> + 'v>;

/// Rows of whole days as a function of raw events.
type Compute = fn(&History) -> Result<Rows, FeatureError>;

/// What rows are read from.
pub(crate) struct Source<'v> {
    pub(crate) view: &'v View<'v>,
    pub(crate) set: FeatureSet,
    pub(crate) book: &'v PoolBook,
    pub(crate) whole: Whole,
}

/// The rows asked for; days that are not whole come by a recompute, marked as partial.
pub(crate) fn rows<'v>(
    source: &Source<'v>,
    wanted: &Wanted,
    engine: Engine,
) -> Result<PoolDays<'v>, Error> {
    let whole = match engine {
        Engine::Stored => stored(source, wanted)?,
        Engine::Recomputed => recomputed(source, wanted)?,
        Engine::Oracle => by_oracle(source, wanted)?,
    };
    let (before, after) = partial(source, wanted)?;
    Ok(Box::new(
        before
            .into_iter()
            .map(Ok)
            .chain(whole)
            .chain(after.into_iter().map(Ok)),
    ))
}

/// What the collector computed and keeps.
fn stored<'v>(source: &Source<'v>, wanted: &Wanted) -> Result<PoolDays<'v>, Error> {
    if source.view.is_rebuilding() {
        let reach = source.view.derived_to().map_or_else(
            || "none are in force yet".to_owned(),
            |block| format!("those in force reach block {block}"),
        );
        return Err(Error::Failed(format!(
            "the stored rows are being computed anew ({reach}): let `tidegauge run` or `tidegauge features --rebuild` finish, or use --recompute"
        )));
    }
    let wanted = wanted.clone();
    let (from, to) = (wanted.days.from, wanted.days.to);
    let one = match wanted.pools.len() {
        1 => wanted.pools.first().copied(),
        _ => None,
    };
    let rows = source.view.daily_rows(from, to, one)?;
    Ok(Box::new(rows.map(|row| row.map_err(Error::from)).filter(
        move |row| match row {
            Ok(row) => wanted.takes(row.day, row.pool),
            Err(_) => true,
        },
    )))
}

/// The collector's fold over the raw rows, on all cores.
fn recomputed<'v>(source: &Source<'v>, wanted: &Wanted) -> Result<PoolDays<'v>, Error> {
    let pools = source.book.infos();
    let raw = Raw {
        view: source.view,
        set: &source.set,
        pools: &pools,
        horizon: source.whole.horizon,
        last_closed: source.whole.last,
    };
    let chosen: Vec<PoolId> = if wanted.pools.is_empty() {
        pools.keys().copied().collect()
    } else {
        wanted.pools.iter().copied().collect()
    };
    let whole = source.whole;
    let is_wanted = |day| whole.holds(day) && wanted.days.holds(day);
    let rows = on_all_cores(&raw, &chosen, is_wanted)?;
    labelled(source, wanted, ahead(rows.into_rows())?)
}

/// The naive definitions over the raw rows.
fn by_oracle<'v>(source: &Source<'v>, wanted: &Wanted) -> Result<PoolDays<'v>, Error> {
    computed(source, wanted, |history| Ok(oracle::days(history)))
}

fn computed<'v>(
    source: &Source<'v>,
    wanted: &Wanted,
    compute: Compute,
) -> Result<PoolDays<'v>, Error> {
    let rows = by_compute(source, covered(&source.whole), compute)?;
    let rows = rows.into_iter();
    let rows = rows.map(|((day, pool), (row, targets))| Ok((day, pool, row, targets)));
    labelled(source, wanted, rows)
}

/// Computed rows, by day and pool, with how far each can be relied on.
fn labelled<'v>(
    source: &Source<'v>,
    wanted: &Wanted,
    rows: impl Iterator<Item = Result<(Day, PoolId, DailyRow, TargetRow), Error>> + 'v,
) -> Result<PoolDays<'v>, Error> {
    let last_final = source.view.last_final_day()?;
    let (view, whole, wanted) = (source.view, source.whole, wanted.clone());
    // Of the day before: a day has thousands of rows.
    let mut known: Option<(Day, BlockNumber, Status)> = None;
    let mut label = move |day| match known {
        Some((of, last, status)) if of == day => Ok((last, status)),
        _ => {
            let (last, status) = end_of(view, day)?;
            known = Some((day, last, status));
            Ok::<_, Error>((last, status))
        }
    };
    let is_asked = move |row: &Result<(Day, PoolId, _, _), Error>| match row {
        Ok((day, pool, ..)) => whole.holds(*day) && wanted.takes(*day, *pool),
        Err(_) => true,
    };
    let rows = rows.filter(is_asked).map(move |row| {
        let (day, pool, row, targets) = row?;
        let (as_of_block, status) = label(day)?;
        Ok(PoolDay {
            pool,
            day,
            row,
            targets: last_final.map_or_else(TargetRow::default, |last| targets.up_to(day, last)),
            status,
            as_of_block,
        })
    });
    Ok(Box::new(rows))
}

/// Rows of the asked days that are not whole, before and after those that are. Whatever lies
/// ahead of them is unknown.
fn partial(source: &Source<'_>, wanted: &Wanted) -> Result<(Vec<PoolDay>, Vec<PoolDay>), Error> {
    let whole = &source.whole;
    let part = |is_asked: &dyn Fn(Day) -> bool, covered: Covered| {
        if !wanted.days.days().any(is_asked) {
            return Ok(Vec::new());
        }
        let rows = by_compute(source, covered, recompute)?;
        let rows = rows.into_iter();
        let asked = rows.filter(|((day, pool), _)| is_asked(*day) && wanted.takes(*day, *pool));
        asked
            .map(|((day, pool), (row, _))| {
                Ok(PoolDay {
                    pool,
                    day,
                    row,
                    targets: TargetRow::default(),
                    status: Status::Partial,
                    as_of_block: end_of(source.view, day)?.0,
                })
            })
            .collect::<Result<Vec<_>, Error>>()
    };
    let before = part(
        &|day| day < whole.first,
        covered_from_the_first_block(whole),
    )?;
    let after = part(
        &|day| day >= whole.first && !whole.holds(day),
        covered_to_the_end_of_the_tips_day(whole),
    )?;
    Ok((before, after))
}

fn by_compute(source: &Source<'_>, covered: Covered, compute: Compute) -> Result<Rows, Error> {
    let history = history(source.view, source.set.clone(), source.book, covered)?;
    Ok(compute(&history)?)
}

/// The last block of a day, or the tip in it, and how far the day can be relied on.
pub(super) fn end_of(view: &View<'_>, day: Day) -> Result<(BlockNumber, Status), Error> {
    let last = match view.closed_day(day)? {
        Some(closed) => closed.last_block,
        None => view.tip()?.map(|tip| tip.block.number).unwrap_or_default(),
    };
    Ok((last, view.status(day)?))
}
