//! What mirrors ask of a view: how far its notices go, and what lies below a height.

use crate::codec::decode_block;
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::block_key;
use crate::notice::Sequence;
use crate::scan::{Bounds, RawScan, Scan};
use crate::view::View;
use tidegauge_model::{BlockNumber, BlockRecord};

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
}
