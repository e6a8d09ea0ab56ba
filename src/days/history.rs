//! The store's raw rows as one stretch of chain: what a recompute starts from.

use super::book::PoolBook;
use super::whole::Whole;
use crate::error::Error;
use crate::progress::group;
use tidegauge_features::{Covered, FeatureSet, History};
use tidegauge_model::UnixSeconds;
use tidegauge_storage::View;

/// A swap takes about 300 bytes here; beyond this the stored rows are the way.
const MOST_EVENTS: u64 = 40_000_000;

/// By which definitions the store's rows were computed.
pub(crate) fn feature_set(view: &View<'_>) -> Result<FeatureSet, Error> {
    view.feature_set()?.ok_or_else(|| {
        Error::Failed("the store does not say by which definitions its rows are computed: tidegauge doctor --store".to_owned())
    })
}

/// What is covered by the whole days.
pub(super) fn covered(whole: &Whole) -> Covered {
    Covered {
        after: whole.horizon.after,
        until: whole.until,
    }
}

/// The same as if the tip's day had ended with the tip.
pub(super) fn covered_to_the_end_of_the_tips_day(whole: &Whole) -> Covered {
    Covered {
        until: whole.ends.end(),
        ..covered(whole)
    }
}

/// The same as if, besides, the first day had begun with the first block: life counts from there.
pub(super) fn covered_from_the_first_block(whole: &Whole) -> Covered {
    Covered {
        // A second before midnight: the day after it begins at its first second.
        after: whole.begins.start().0.checked_sub(1).map(UnixSeconds),
        until: whole.ends.end(),
    }
}

/// Reads everything; more than memory should hold is refused.
pub(super) fn history(
    view: &View<'_>,
    set: FeatureSet,
    book: &PoolBook,
    covered: Covered,
) -> Result<History, Error> {
    let counters = view.counters();
    let events = counters.swaps.saturating_add(counters.liquidity);
    if events > MOST_EVENTS {
        return Err(Error::Usage(format!(
            "{} events are too many to compute from in memory (at most {}): use the stored rows",
            group(events),
            group(MOST_EVENTS)
        )));
    }
    let mut swaps = view.all_swaps()?.collect::<Result<Vec<_>, _>>()?;
    swaps.sort_unstable_by_key(|swap| (swap.block, swap.log_index));
    let mut liquidity = view.all_liquidity()?.collect::<Result<Vec<_>, _>>()?;
    liquidity.sort_unstable_by_key(|event| (event.block, event.log_index));
    Ok(History {
        set,
        pools: book.infos(),
        swaps,
        liquidity,
        covered,
    })
}
