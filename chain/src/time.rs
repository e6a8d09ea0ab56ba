//! Finding blocks by time: binary search over headers.

use crate::{error::Result, source::Chain};
use tidegauge_model::{BlockNumber, BlockRange, Day, UnixSeconds};

impl Chain {
    /// The first block whose timestamp is not before `at`; `None` if the head is earlier.
    pub async fn first_block_at(&self, at: UnixSeconds) -> Result<Option<BlockNumber>> {
        let head = self.head().await?;
        if head.timestamp < at {
            return Ok(None);
        }
        // Timestamps never fall along a chain, so the answer lies in (before, found]. A node that
        // has pruned its beginning lacks low blocks: the search goes on above them.
        let mut found = head.number;
        let mut low = BlockNumber(0);
        let mut pruned = false;
        while low < found {
            let middle = BlockNumber(low.0 + (found.0 - low.0) / 2);
            let header = self.header(middle).await?;
            pruned |= header.is_none();
            if header.is_none_or(|header| header.timestamp < at) {
                low = middle.next();
            } else {
                found = middle;
            }
        }
        // Only an earlier block that is there proves that nothing of the time asked for is missing.
        if let Some(before) = found.prev().filter(|_| pruned) {
            self.known_header(before).await?;
        }
        Ok(Some(found))
    }

    /// The blocks of whole UTC days, both included, cut at the head; `None` if there are none yet.
    pub async fn range_of_days(&self, from: Day, to: Day) -> Result<Option<BlockRange>> {
        let Some(first) = self.first_block_at(from.start()).await? else {
            return Ok(None);
        };
        let last = match self.first_block_at(to.end()).await? {
            Some(after) => after.prev(),
            None => Some(self.head().await?.number),
        };
        Ok(last.and_then(|last| BlockRange::new(first, last)))
    }
}
