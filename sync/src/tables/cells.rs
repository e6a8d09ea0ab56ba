//! What rows of several tables are made of.

use crate::cell::{Cell, Column, Kind};
use tidegauge_model::{Address, B256, BlockNumber, ChainId, LogIndex};

/// Where a row stands on the chain.
pub(super) fn place(chain: ChainId, block: BlockNumber, log_index: LogIndex) -> [Cell<'static>; 3] {
    // Heights and ids beyond 63 bits do not occur; shown as the greatest rather than wrapped.
    let whole = |n: u64| Cell::Int(i64::try_from(n).unwrap_or(i64::MAX));
    [
        whole(chain.0),
        whole(block.0),
        Cell::Int(log_index.0.into()),
    ]
}

/// Lower-case hex.
pub(super) fn address(address: Address) -> Cell<'static> {
    Cell::text(format!("{address:#x}"))
}

/// Lower-case hex.
pub(super) fn hash(hash: B256) -> Cell<'static> {
    Cell::text(format!("{hash:#x}"))
}

/// A column.
pub(super) const fn column(name: &'static str, kind: Kind, meaning: &'static str) -> Column {
    Column {
        name,
        kind,
        meaning,
    }
}
