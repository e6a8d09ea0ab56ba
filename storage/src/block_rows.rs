//! Rows of single blocks, although rows lie pool by pool.

use crate::codec::{decode_liquidity, decode_swap};
use crate::database::damaged;
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::row_key;
use crate::scan::{Decode, RawScan};
use tidegauge_model::{BlockNumber, BlockRecord, LiquidityEvent, LogIndex, PoolId, Swap};

/// Reads the rows of single blocks: a block's record says which pools to look at.
///
/// For many blocks in order, [`View::walk`](crate::View::walk) is quicker.
pub struct BlockRows<'v> {
    swaps: RawScan<'v>,
    liquidity: RawScan<'v>,
}

impl<'v> BlockRows<'v> {
    pub(crate) fn new(swaps: RawScan<'v>, liquidity: RawScan<'v>) -> Self {
        Self { swaps, liquidity }
    }

    /// A block's swaps, by log index.
    pub fn swaps(
        &mut self,
        number: BlockNumber,
        record: &BlockRecord,
    ) -> Result<Vec<Swap>, StoreError> {
        let pools = record.pools.iter().filter(|a| a.swaps > 0).map(|a| a.pool);
        let mut rows = collect(&mut self.swaps, Family::Swaps, number, pools, decode_swap)?;
        rows.sort_unstable_by_key(|swap| swap.log_index);
        Ok(rows)
    }

    /// A block's other events, by log index.
    pub fn liquidity(
        &mut self,
        number: BlockNumber,
        record: &BlockRecord,
    ) -> Result<Vec<LiquidityEvent>, StoreError> {
        let touched = record.pools.iter().filter(|a| a.liquidity > 0);
        let mut rows = collect(
            &mut self.liquidity,
            Family::Liquidity,
            number,
            touched.map(|a| a.pool),
            decode_liquidity,
        )?;
        rows.sort_unstable_by_key(|event| event.log_index);
        Ok(rows)
    }
}

fn collect<T>(
    scan: &mut RawScan<'_>,
    family: Family,
    number: BlockNumber,
    pools: impl Iterator<Item = PoolId>,
    decode: Decode<T>,
) -> Result<Vec<T>, StoreError> {
    let mut rows = Vec::new();
    for pool in pools {
        let first = row_key(pool, number, LogIndex(0));
        scan.seek(&first)?;
        while let Some((key, value)) = scan.here()? {
            // Same pool, same block.
            if key.get(..28) != Some(&first[..28]) {
                break;
            }
            rows.push(decode(key, value).map_err(|e| damaged(family, key, e))?);
            scan.step();
        }
    }
    Ok(rows)
}
