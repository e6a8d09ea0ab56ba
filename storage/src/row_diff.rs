//! What is stored of a block against what was fetched again, row by row. Pure.

use crate::codec::{encode_liquidity, encode_swap};
use crate::codec_error::CodecError;
use crate::families::Family;
use crate::keys::{RowKey, row_key};
use std::borrow::Cow;
use tidegauge_model::{Address, LiquidityEvent, LogIndex, PoolId, Swap};

/// A row of one of the two families.
pub(crate) trait Row: Clone + PartialEq {
    const FAMILY: Family;
    fn place(&self) -> (LogIndex, PoolId);
    fn key(&self) -> RowKey;
    fn origin(&self) -> Option<Address>;
    fn set_origin(&mut self, origin: Option<Address>);
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError>;
}

macro_rules! row {
    ($row:ident, $encode:ident, $family:ident) => {
        impl Row for $row {
            const FAMILY: Family = Family::$family;

            fn place(&self) -> (LogIndex, PoolId) {
                (self.log_index, self.pool)
            }

            fn key(&self) -> RowKey {
                row_key(self.pool, self.block, self.log_index)
            }

            fn origin(&self) -> Option<Address> {
                self.origin
            }

            fn set_origin(&mut self, origin: Option<Address>) {
                self.origin = origin;
            }

            fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
                $encode(self, out)
            }
        }
    };
}
row!(Swap, encode_swap, Swaps);
row!(LiquidityEvent, encode_liquidity, Liquidity);

/// What becomes of one row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Edit {
    /// It was missing.
    Added,
    /// It should not be there.
    Removed,
    /// It said something else.
    Corrected,
    /// All that was missing is its transaction's `from`.
    Enriched,
}

/// A block's rows as they shall be, and what must be done for it.
#[derive(PartialEq, Debug)]
pub(crate) struct Diff<'r, R: Clone> {
    pub(crate) rows: Vec<Cow<'r, R>>,
    pub(crate) edits: Vec<(Edit, Cow<'r, R>)>,
}

/// Compares two lists of rows, each ascending by log index.
///
/// What was fetched is right, except that it may not know a `from` that is known.
pub(crate) fn diff<'r, R: Row>(stored: &'r [R], fetched: &'r [R]) -> Diff<'r, R> {
    let mut rows = Vec::with_capacity(fetched.len());
    let mut edits = Vec::new();
    let mut old = stored.iter().peekable();
    for new in fetched {
        while let Some(gone) = old.next_if(|old| old.place() < new.place()) {
            edits.push((Edit::Removed, Cow::Borrowed(gone)));
        }
        let (row, edit) = match old.next_if(|old| old.place() == new.place()) {
            None => (Cow::Borrowed(new), Some(Edit::Added)),
            Some(old) => merge(old, new),
        };
        if let Some(edit) = edit {
            edits.push((edit, row.clone()));
        }
        rows.push(row);
    }
    edits.extend(old.map(|gone| (Edit::Removed, Cow::Borrowed(gone))));
    Diff { rows, edits }
}

fn merge<'r, R: Row>(old: &'r R, new: &'r R) -> (Cow<'r, R>, Option<Edit>) {
    if old == new {
        return (Cow::Borrowed(old), None);
    }
    let mut same = old.clone();
    same.set_origin(new.origin());
    let edit = match (old.origin(), new.origin()) {
        _ if same != *new => Edit::Corrected,
        (Some(_), None) => return (Cow::Borrowed(old), None),
        (None, _) => Edit::Enriched,
        (Some(_), Some(_)) => Edit::Corrected,
    };
    (Cow::Borrowed(new), Some(edit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegauge_model::{B256, BlockNumber, LiquidityChange, TxIndex, UnixSeconds};

    /// A row by its log index, pool, content and origin.
    fn row((log_index, pool, content, origin): (u32, u8, u8, u8)) -> LiquidityEvent {
        LiquidityEvent {
            pool: PoolId(Address::repeat_byte(pool)),
            block: BlockNumber(1),
            log_index: LogIndex(log_index),
            tx_hash: B256::repeat_byte(content),
            tx_index: TxIndex(0),
            timestamp: UnixSeconds(0),
            origin: (origin > 0).then(|| Address::repeat_byte(origin)),
            change: LiquidityChange::SetFeeProtocol {
                old0: 0,
                old1: 0,
                new0: 4,
                new1: 4,
            },
        }
    }

    type Rows = &'static [(u32, u8, u8, u8)];
    /// Stored, fetched, kept, and the edits by log index.
    type Case = (Rows, Rows, Rows, &'static [(Edit, u32)]);

    #[test]
    fn rows_are_added_removed_corrected_enriched_or_kept() {
        use Edit::{Added, Corrected, Enriched, Removed};
        let cases: &[Case] = &[
            (&[], &[], &[], &[]),
            (&[(1, 1, 1, 0)], &[(1, 1, 1, 0)], &[(1, 1, 1, 0)], &[]),
            (&[], &[(1, 1, 1, 0)], &[(1, 1, 1, 0)], &[(Added, 1)]),
            (&[(1, 1, 1, 0)], &[], &[], &[(Removed, 1)]),
            (
                &[(1, 1, 1, 0)],
                &[(1, 1, 2, 0)],
                &[(1, 1, 2, 0)],
                &[(Corrected, 1)],
            ),
            (
                &[(1, 1, 1, 0)],
                &[(1, 1, 1, 9)],
                &[(1, 1, 1, 9)],
                &[(Enriched, 1)],
            ),
            // A known origin stays where all else is equal, and only there.
            (&[(1, 1, 1, 9)], &[(1, 1, 1, 0)], &[(1, 1, 1, 9)], &[]),
            (
                &[(1, 1, 1, 9)],
                &[(1, 1, 2, 0)],
                &[(1, 1, 2, 0)],
                &[(Corrected, 1)],
            ),
            (
                &[(1, 1, 1, 9)],
                &[(1, 1, 1, 8)],
                &[(1, 1, 1, 8)],
                &[(Corrected, 1)],
            ),
            // Another pool at the same log index is another row.
            (
                &[(1, 1, 1, 0)],
                &[(1, 2, 1, 0)],
                &[(1, 2, 1, 0)],
                &[(Removed, 1), (Added, 1)],
            ),
            (
                &[(1, 1, 1, 0), (3, 1, 1, 0), (5, 1, 1, 0)],
                &[(2, 1, 1, 0), (3, 1, 1, 7), (5, 1, 1, 0), (6, 1, 1, 0)],
                &[(2, 1, 1, 0), (3, 1, 1, 7), (5, 1, 1, 0), (6, 1, 1, 0)],
                &[(Removed, 1), (Added, 2), (Enriched, 3), (Added, 6)],
            ),
        ];
        for (stored, fetched, rows, edits) in cases {
            let make = |rows: Rows| rows.iter().copied().map(row).collect::<Vec<_>>();
            let (stored, fetched) = (make(stored), make(fetched));
            let found = diff(&stored, &fetched);
            let found_rows: Vec<_> = found.rows.into_iter().map(Cow::into_owned).collect();
            assert_eq!(found_rows, make(rows));
            let found_edits: Vec<_> = found
                .edits
                .iter()
                .map(|(edit, row)| (*edit, row.log_index.0))
                .collect();
            assert_eq!(found_edits, *edits);
        }
    }
}
