//! Rows of the present, fast: what lies before the present hour is kept for busy pools.

use crate::error::StoreError;
use crate::notice::{NoticeKind, Sequence};
use crate::view::View;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::Arc;
use tidegauge_features::{BeforeHour, DailyRow};
use tidegauge_model::{Hour, PoolId, UnixSeconds};

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

/// Notices looked at before what is kept is read anew instead.
const MAX_NOTICES: usize = 512;

/// Reads rows of moments, and keeps what the next moment of the same hour needs again. Any view of
/// the same store will do: what was unwound or repaired between two of them is noticed.
#[derive(Debug)]
pub struct LiveRows {
    kept: Kept,
    pools: Cache<PoolId, Arc<Before>, Sizes>,
}

/// What was before an hour, as of a notice.
#[derive(Debug)]
struct Before {
    known: BeforeHour,
    seen: Sequence,
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
        let Some(info) = view.pool_info(pool)? else {
            return Ok(None);
        };
        let hour = Hour::of(at);
        if let Some(before) = self.pools.get(&pool)
            && before.known.hour() == hour
            && is_as_it_was(view, before.seen)?
        {
            return view.row_after(&info, &before.known, at);
        }
        let known = view.before_hour(pool, hour)?;
        let found = view.row_after(&info, &known, at)?;
        if known.len() >= self.kept.least && reaches(view, hour)? {
            let seen = view.last_notice();
            self.pools.insert(pool, Arc::new(Before { known, seen }));
        }
        Ok(found)
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

/// Whether blocks were only added since a notice.
fn is_as_it_was(view: &View<'_>, seen: Sequence) -> Result<bool, StoreError> {
    let last = view.last_notice();
    if last <= seen {
        return Ok(last == seen);
    }
    let notices = view.notices(seen.next(), MAX_NOTICES)?;
    let first = notices.first().map(|notice| notice.sequence);
    Ok(first == Some(seen.next())
        && notices.last().is_some_and(|notice| notice.sequence == last)
        && notices
            .iter()
            .all(|notice| notice.kind == NoticeKind::Committed))
}
