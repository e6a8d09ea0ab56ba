//! Rows of the present, fast: what lies before the present hour is kept for busy pools.

use crate::error::StoreError;
use crate::notice::Sequence;
use crate::view::View;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::{Arc, Mutex, PoisonError};
use tidegauge_features::{BeforeHour, DailyRow};
use tidegauge_model::{Hour, PoolId, UnixSeconds, UserKey};

/// What [`LiveRows`] keep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kept {
    /// Pools with fewer users and events in two weeks' cut hours are fast enough without.
    pub least: usize,
    /// Most bytes of all pools together.
    pub most_bytes: u64,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            least: 300,
            most_bytes: 64 << 20,
        }
    }
}

/// Pools for which that is enough, about.
const POOLS: usize = 256;

/// Reads rows of moments, and keeps what the next moment of the same hour needs again. Any view of
/// the same store will do: what was unwound or repaired between two of them is noticed.
#[derive(Debug)]
pub struct LiveRows {
    kept: Kept,
    pools: Cache<PoolId, Arc<Before>, Sizes>,
    heard: Mutex<Option<Heard>>,
}

/// What was before an hour, as of a notice.
#[derive(Debug)]
struct Before {
    known: BeforeHour,
    seen: Sequence,
}

/// Which notices were looked at.
#[derive(Clone, Copy, Debug)]
struct Heard {
    last: Sequence,
    /// The last of them by which anything but new blocks came: what was read of an earlier state
    /// may be another by now.
    disturbed: Sequence,
}

#[derive(Clone, Debug)]
struct Sizes;

impl Weighter<PoolId, Arc<Before>> for Sizes {
    fn weight(&self, _: &PoolId, before: &Arc<Before>) -> u64 {
        before.known.bytes() as u64
    }
}

impl Default for LiveRows {
    fn default() -> Self {
        Self::with(Kept::default())
    }
}

impl LiveRows {
    /// Nothing yet, and this much at most.
    pub fn with(kept: Kept) -> Self {
        Self {
            kept,
            pools: Cache::with_weighter(POOLS, kept.most_bytes, Sizes),
            heard: Mutex::default(),
        }
    }

    /// As [`View::row_at`]: the same row.
    ///
    /// # Errors
    /// What reading says.
    pub fn row_at(
        &self,
        view: &View<'_>,
        pool: PoolId,
        at: UnixSeconds,
    ) -> Result<Option<DailyRow>, StoreError> {
        let (Some(info), Some(set)) = (view.pool_info(pool)?, view.feature_set()?) else {
            return Ok(None);
        };
        let disturbed = self.hear(view)?;
        let hour = Hour::of(at);
        if let Some(before) = self.pools.get(&pool)
            && before.known.hour() == hour
            && before.seen >= disturbed
            && view.last_notice() >= before.seen
        {
            return view.row_after(&set, &info, &before.known, at);
        }
        let known = self.read(view, (pool, hour), set.user, disturbed)?;
        view.row_after(&set, &info, &known.known, at)
    }

    /// Reads for the hour of a moment what is kept for an earlier one, so that whoever asks next
    /// does not wait for it. Gives the pools of which it did.
    ///
    /// # Errors
    /// What reading says.
    pub fn move_on(&self, view: &View<'_>, at: UnixSeconds) -> Result<usize, StoreError> {
        let disturbed = self.hear(view)?;
        let hour = Hour::of(at);
        let kept = self.pools.iter();
        let late = kept.filter(|(_, before)| before.known.hour() < hour);
        let late: Vec<PoolId> = late.map(|(pool, _)| pool).collect();
        if late.is_empty() {
            return Ok(0);
        }
        let Some(set) = view.feature_set()? else {
            return Ok(0);
        };
        for pool in &late {
            self.read(view, (*pool, hour), set.user, disturbed)?;
        }
        Ok(late.len())
    }

    /// Reads what is before an hour, and keeps it if it is worth it.
    fn read(
        &self,
        view: &View<'_>,
        (pool, hour): (PoolId, Hour),
        user: UserKey,
        disturbed: Sequence,
    ) -> Result<Arc<Before>, StoreError> {
        let known = view.before_hour(pool, (hour, user))?;
        let is_dear = known.len() >= self.kept.least;
        let seen = view.last_notice();
        let before = Arc::new(Before { known, seen });
        if is_dear && seen >= disturbed && reaches(view, hour)? {
            self.pools.insert(pool, Arc::clone(&before));
        }
        Ok(before)
    }

    /// Looks at the notices up to a view's; gives the last by which anything but new blocks came.
    fn hear(&self, view: &View<'_>) -> Result<Sequence, StoreError> {
        // Poison says nothing here: what it guards is written at once.
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let last = view.last_notice();
        let now = match *heard {
            Some(before) if last <= before.last => before,
            Some(before) => Heard {
                last,
                disturbed: view.disturbance(before.last)?.unwrap_or(before.disturbed),
            },
            // Whatever was before is not known.
            None => Heard {
                last,
                disturbed: last,
            },
        };
        *heard = Some(now);
        Ok(now.disturbed)
    }
}

/// Whether what is derived reaches an hour, so that those before it are whole.
fn reaches(view: &View<'_>, hour: Hour) -> Result<bool, StoreError> {
    let Some(to) = view.derived_to() else {
        return Ok(false);
    };
    let last = view.blocks_back_from(to)?.next().transpose()?;
    Ok(last.is_some_and(|(_, block)| Hour::of(block.timestamp) >= hour))
}
