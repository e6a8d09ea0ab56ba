//! After the way back: what is in memory follows what the draft will leave.

use super::live::{Live, has_closed, open_day};
use crate::draft::Draft;
use crate::error::StoreError;
use tidegauge_model::{BlockRange, PoolId};

/// Puts the fold right for pools that an unwind of some blocks touched, and opens the day
/// again that it went back into.
pub(crate) fn put_right(
    draft: &mut Draft<'_>,
    live: &mut Live,
    unwound: BlockRange,
    touched: impl IntoIterator<Item = PoolId>,
) -> Result<(), StoreError> {
    let changes = live.set().changes();
    if changes.into_iter().any(|height| unwound.contains(height)) {
        // Other lists were in force there.
        *live = Live::load(draft, &live.set().clone())?;
        live.touch();
    } else {
        live.put_pools(draft, touched)?;
    }
    if draft.head.counters.blocks == 0 && !has_closed(draft)? {
        // The next first block may say something else.
        draft.head.derived.horizon = None;
    }
    live.open_day = open_day(draft)?;
    Ok(())
}
