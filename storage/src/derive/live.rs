//! What is known at the tip, in memory: the fold, and the day that is open.

use super::pools;
use super::windows::last_tile;
use crate::codec::{decode_block, decode_calendar};
use crate::database::{damaged, unreadable};
use crate::draft::Draft;
use crate::error::StoreError;
use crate::families::Family;
use crate::lookup::Lookup;
use tidegauge_features::{FeatureSet, Fold, Horizon};
use tidegauge_model::{BlockNumber, Day, Hour, PoolId, UnixSeconds};

/// Above every hour that a block can have.
pub(super) const NO_HOUR: Hour = Hour(u32::MAX);

/// What is known at the tip of a generation.
pub(crate) struct Live {
    pub(super) fold: Fold,
    /// The first day that is not closed; `None` while no block and no time is known.
    pub(super) open_day: Option<Day>,
    /// Whether it is what is stored, and not ahead of it.
    clean: bool,
}

impl Live {
    /// Reads what the draft will leave.
    pub(crate) fn load(draft: &Draft<'_>, set: &FeatureSet) -> Result<Self, StoreError> {
        let at = draft.derived_to().unwrap_or_default();
        Self::load_at(draft, set, at, NO_HOUR)
    }

    /// As it was at a block, the last before an hour.
    pub(super) fn load_at(
        draft: &Draft<'_>,
        set: &FeatureSet,
        at: BlockNumber,
        end: Hour,
    ) -> Result<Self, StoreError> {
        // Before the first block is folded no life has begun that the day could change.
        let horizon = draft.horizon();
        let whole_from = horizon.map_or(Day::of(UnixSeconds(0)), Horizon::first_whole_day);
        let mut fold = Fold::new(set.clone(), whole_from, at);
        for info in pools::all(draft)? {
            let latest = last_tile(draft, info.pool.id, end)?;
            fold.put_pool(info, latest);
        }
        fold.settle();
        Ok(Self {
            fold,
            open_day: open_day(draft)?,
            clean: true,
        })
    }

    /// Whether it is what is stored: nothing was folded since.
    pub(crate) fn is_clean(&self) -> bool {
        self.clean
    }

    /// Its changes are stored now.
    pub(crate) fn written(&mut self) {
        self.clean = true;
    }

    /// It may be ahead of what is stored from here on.
    pub(super) fn touch(&mut self) {
        self.clean = false;
    }

    pub(super) fn set(&self) -> &FeatureSet {
        self.fold.set()
    }

    /// Looks again at pools that came, went or changed.
    pub(super) fn put_pools(
        &mut self,
        draft: &Draft<'_>,
        ids: impl IntoIterator<Item = PoolId>,
    ) -> Result<(), StoreError> {
        self.touch();
        for id in ids {
            match pools::info(draft, id)? {
                Some(info) => {
                    let latest = last_tile(draft, id, NO_HOUR)?;
                    self.fold.put_pool(info, latest);
                }
                None => self.fold.remove_pool(id),
            }
        }
        self.fold.settle();
        Ok(())
    }
}

/// The first day that is not closed.
pub(super) fn open_day(draft: &Draft<'_>) -> Result<Option<Day>, StoreError> {
    if let Some(last) = last_closed(draft)? {
        return Ok(Some(last.plus_days(1)));
    }
    let Some(horizon) = draft.horizon() else {
        return Ok(None);
    };
    let first = first_block(draft)?.map(|(_, time)| time);
    Ok(first_day(draft, horizon, first))
}

/// Whether any day is closed.
pub(super) fn has_closed(draft: &Draft<'_>) -> Result<bool, StoreError> {
    Ok(last_closed(draft)?.is_some())
}

/// The last day that is closed.
pub(super) fn last_closed(draft: &Draft<'_>) -> Result<Option<Day>, StoreError> {
    let everything = (Vec::new(), vec![0xff; 5]);
    let Some((key, value)) = draft.last(Family::Calendar, everything)? else {
        return Ok(None);
    };
    let closed = decode_calendar(&key, &value).map_err(|e| damaged(Family::Calendar, &key, e))?;
    Ok(Some(closed.day))
}

/// The first day of the calendar: the one that holds the first block, or the first whole one
/// if it is known to have begun before that block.
pub(super) fn first_day(
    draft: &Draft<'_>,
    horizon: Horizon,
    first_block: Option<UnixSeconds>,
) -> Option<Day> {
    let time_before = draft.head.derived.time_before;
    let known = time_before.map(|_| horizon.first_whole_day());
    match (first_block.map(Day::of), known) {
        (Some(first), Some(known)) => Some(first.min(known)),
        (one, other) => one.or(other),
    }
}

/// The first block that is stored, with its time.
pub(crate) fn first_block(
    draft: &Draft<'_>,
) -> Result<Option<(BlockNumber, UnixSeconds)>, StoreError> {
    if draft.head.counters.blocks == 0 {
        return Ok(None);
    }
    let db = draft.database();
    let mut rows = db.rocks.raw_iterator_cf(db.family(Family::Blocks)?);
    rows.seek_to_first();
    if let Some((key, value)) = rows.item() {
        let (number, record) =
            decode_block(key, value).map_err(|e| damaged(Family::Blocks, key, e))?;
        return Ok(Some((number, record.timestamp)));
    }
    rows.status().map_err(|e| unreadable(Family::Blocks, &e))?;
    Ok(None)
}
