//! Blocks in order with their rows, although rows lie pool by pool.
//!
//! Seeking each pool of each block costs a seek for nearly every row. Instead a
//! window of blocks is read at once: one seek for each pool that the window
//! touches, and its rows in passing.

use crate::codec::{decode_block, decode_liquidity, decode_swap};
use crate::database::{Database, damaged};
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::{block_bounds, parse_row_key, row_key};
use crate::scan::{Bounds, Decode, RawScan, Scan};
use tidegauge_model::{
    BlockData, BlockNumber, BlockRange, BlockRecord, LiquidityEvent, LogIndex, PoolActivity,
    PoolId, Swap,
};

/// Rows after which a window is full, of some 300 bytes each; one block may be larger. Where
/// thousands of pools take part, a smaller window means a seek for nearly every row again.
const WINDOW_ROWS: u64 = 65_536;

/// Blocks after which a window is full.
const WINDOW_BLOCKS: usize = 4_096;

/// A block with its rows, each by log index.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredBlock {
    /// Its height.
    pub number: BlockNumber,
    /// What is kept of it.
    pub record: BlockRecord,
    /// Its swaps.
    pub swaps: Vec<Swap>,
    /// Its other pool events.
    pub liquidity: Vec<LiquidityEvent>,
}

impl StoredBlock {
    /// As it was fetched.
    pub(crate) fn into_data(self) -> BlockData {
        BlockData {
            number: self.number,
            hash: self.record.hash,
            parent: self.record.parent,
            timestamp: self.record.timestamp,
            swaps: self.swaps,
            liquidity: self.liquidity,
            tally: self.record.tally,
        }
    }
}

/// Stored blocks of a range, whatever a draft will change.
pub(crate) fn walk(db: &Database, range: BlockRange) -> Result<BlockWalk<'_>, StoreError> {
    let scan = |family, bounds: Bounds| {
        let rows = db
            .rocks
            .raw_iterator_cf_opt(db.family(family)?, bounds.read_options());
        Ok::<_, StoreError>(RawScan::ascending(family, rows))
    };
    let blocks = scan(Family::Blocks, Bounds::between(block_bounds(range)))?;
    Ok(BlockWalk::new(
        Scan::new(blocks, decode_block),
        scan(Family::Swaps, Bounds::all())?,
        scan(Family::Liquidity, Bounds::all())?,
    ))
}

/// Blocks in order with their rows; yields an error once, and nothing after it.
pub struct BlockWalk<'v> {
    blocks: Scan<'v, (BlockNumber, BlockRecord)>,
    swaps: RawScan<'v>,
    liquidity: RawScan<'v>,
    window: std::vec::IntoIter<StoredBlock>,
    failed: bool,
}

impl<'v> BlockWalk<'v> {
    pub(crate) fn new(
        blocks: Scan<'v, (BlockNumber, BlockRecord)>,
        swaps: RawScan<'v>,
        liquidity: RawScan<'v>,
    ) -> Self {
        Self {
            blocks,
            swaps,
            liquidity,
            window: Vec::new().into_iter(),
            failed: false,
        }
    }

    fn next_window(&mut self) -> Result<Vec<StoredBlock>, StoreError> {
        let mut window = Vec::new();
        let mut rows = 0;
        while rows < WINDOW_ROWS && window.len() < WINDOW_BLOCKS {
            let Some(block) = self.blocks.next() else {
                break;
            };
            let (number, record) = block?;
            rows += record
                .pools
                .iter()
                .map(|a| u64::from(a.swaps) + u64::from(a.liquidity))
                .sum::<u64>();
            window.push(StoredBlock {
                number,
                record,
                swaps: Vec::new(),
                liquidity: Vec::new(),
            });
        }
        let touched = touched(&window, |a| a.swaps);
        let take = |block: &mut StoredBlock, swap| block.swaps.push(swap);
        fill(
            &mut self.swaps,
            Family::Swaps,
            &mut window,
            &touched,
            decode_swap,
            take,
        )?;
        let touched = self::touched(&window, |a| a.liquidity);
        let take = |block: &mut StoredBlock, event| block.liquidity.push(event);
        let scan = &mut self.liquidity;
        fill(
            scan,
            Family::Liquidity,
            &mut window,
            &touched,
            decode_liquidity,
            take,
        )?;
        for block in &mut window {
            block.swaps.sort_unstable_by_key(|swap| swap.log_index);
            block
                .liquidity
                .sort_unstable_by_key(|event| event.log_index);
        }
        Ok(window)
    }
}

impl Iterator for BlockWalk<'_> {
    type Item = Result<StoredBlock, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(block) = self.window.next() {
            return Some(Ok(block));
        }
        if self.failed {
            return None;
        }
        match self.next_window() {
            Ok(window) => {
                self.window = window.into_iter();
                self.window.next().map(Ok)
            }
            Err(e) => {
                self.failed = true;
                Some(Err(e))
            }
        }
    }
}

/// Pools with rows in the window, ascending, each with its first and last block there.
pub(crate) fn touched(
    window: &[StoredBlock],
    rows: impl Fn(&PoolActivity) -> u32,
) -> Vec<(PoolId, BlockNumber, BlockNumber)> {
    let mut all: Vec<_> = window
        .iter()
        .flat_map(|b| b.record.pools.iter().map(move |a| (b.number, a)))
        .filter(|(_, a)| rows(a) > 0)
        .map(|(number, a)| (a.pool, number, number))
        .collect();
    all.sort_unstable();
    all.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.2 = next.2;
        }
        same
    });
    all
}

fn fill<T>(
    scan: &mut RawScan<'_>,
    family: Family,
    window: &mut [StoredBlock],
    touched: &[(PoolId, BlockNumber, BlockNumber)],
    decode: Decode<T>,
    take: impl Fn(&mut StoredBlock, T),
) -> Result<(), StoreError> {
    for (pool, first, last) in touched {
        scan.seek(&row_key(*pool, *first, LogIndex(0)))?;
        while let Some((key, value)) = scan.here()? {
            let (row_pool, number, _) = parse_row_key(key).map_err(|e| damaged(family, key, e))?;
            if row_pool != *pool || number > *last {
                break;
            }
            // A row of a block without a record is left out: its block is not there to walk.
            if let Ok(index) = window.binary_search_by_key(&number, |b| b.number) {
                let row = decode(key, value).map_err(|e| damaged(family, key, e))?;
                take(&mut window[index], row);
            }
            scan.step();
        }
    }
    Ok(())
}
