//! What mirrors ask of a view: how far its notices go, and what the swaps of many blocks are worth.

use crate::block_walk::{StoredBlock, touched};
use crate::codec::{decode_block, decode_value};
use crate::database::damaged;
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::{block_key, parse_row_key, row_key};
use crate::notice::Sequence;
use crate::scan::{Bounds, RawScan, Scan};
use crate::view::View;
use std::collections::HashMap;
use tidegauge_features::SwapValue;
use tidegauge_model::{BlockNumber, BlockRecord, LogIndex, PoolId};

impl View<'_> {
    /// The last notice written; zero while there is none.
    pub fn last_notice(&self) -> Sequence {
        Sequence(self.head().next_sequence.0.saturating_sub(1))
    }

    /// The last stored block below a height.
    pub fn block_below(
        &self,
        height: BlockNumber,
    ) -> Result<Option<(BlockNumber, BlockRecord)>, StoreError> {
        let bounds = Bounds {
            lower: None,
            upper: Some(block_key(height).to_vec()),
        };
        let rows = self.raw_iterator(Family::Blocks, bounds)?;
        Scan::new(RawScan::descending(Family::Blocks, rows), decode_block)
            .next()
            .transpose()
    }

    /// What the swaps of some blocks are worth, which come by height; those without an entry
    /// were not computed yet. One seek a pool, and its values in passing.
    pub fn values_of(
        &self,
        blocks: &[StoredBlock],
    ) -> Result<HashMap<(PoolId, BlockNumber, LogIndex), SwapValue>, StoreError> {
        let mut values = HashMap::new();
        let mut rows = self.raw(Family::Values, Bounds::all())?;
        for (pool, first, last) in touched(blocks, |activity| activity.swaps) {
            rows.seek(&row_key(pool, first, LogIndex(0)))?;
            while let Some((key, value)) = rows.here()? {
                let at = parse_row_key(key).map_err(|e| damaged(Family::Values, key, e))?;
                if at.0 != pool || at.1 > last {
                    break;
                }
                let (_, value) =
                    decode_value(key, value).map_err(|e| damaged(Family::Values, key, e))?;
                values.insert(at, value);
                rows.step();
            }
        }
        Ok(values)
    }
}
