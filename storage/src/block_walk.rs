//! Blocks in order with their rows, although rows lie pool by pool.
//!
//! Seeking each pool of each block costs a seek for nearly every row. Instead a
//! window of blocks is read at once: one seek for each pool that the window
//! touches, and its rows in passing.

use crate::codec::{decode_block, decode_liquidity, decode_swap, decode_value};
use crate::database::{Database, damaged};
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::{block_bounds, parse_row_key, row_key};
use crate::scan::{Bounds, Decode, RawScan, Scan};
use tidegauge_features::SwapValue;
use tidegauge_model::{
    BlockData, BlockNumber, BlockRange, BlockRecord, LiquidityEvent, LogIndex, PoolActivity,
    PoolId, Swap,
};

/// Rows after which a window is full; one block may be larger. They are kept as they are stored,
/// some 120 bytes each. Where thousands of pools take part, a smaller window means a seek, and a
/// block of a file unpacked, for every few rows.
const WINDOW_ROWS: u64 = 262_144;

/// Blocks after which a window is full.
const WINDOW_BLOCKS: usize = 16_384;

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
    values: Option<RawScan<'v>>,
    window: Window,
    failed: bool,
}

/// A block, and what each of its swaps is worth, in their order; `None`: not computed yet.
pub type ValuedBlock = (StoredBlock, Vec<Option<SwapValue>>);

/// Blocks that were read, and their rows, as bytes.
#[derive(Default)]
pub(crate) struct Window {
    blocks: std::vec::IntoIter<(BlockNumber, BlockRecord)>,
    /// The place of the next one.
    place: usize,
    swaps: Lane,
    liquidity: Lane,
    values: Lane,
}

impl Window {
    /// Its blocks that were not given yet: the first and the last.
    pub(crate) fn ends(&self) -> Option<(BlockNumber, BlockNumber)> {
        let left = self.blocks.as_slice();
        Some((left.first()?.0, left.last()?.0))
    }
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
            values: None,
            window: Window::default(),
            failed: false,
        }
    }

    /// The same, with what the swaps are worth, and first what was read already.
    pub(crate) fn with_values(self, values: RawScan<'v>, window: Window) -> Self {
        Self {
            values: Some(values),
            window,
            ..self
        }
    }

    /// What was read and not given yet.
    pub(crate) fn into_window(self) -> Window {
        self.window
    }

    fn next_window(&mut self) -> Result<Window, StoreError> {
        let mut blocks = Vec::new();
        let mut rows = 0;
        while rows < WINDOW_ROWS && blocks.len() < WINDOW_BLOCKS {
            let Some(block) = self.blocks.next() else {
                break;
            };
            let (number, record) = block?;
            let pools = record.pools.iter();
            rows += pools
                .map(|a| u64::from(a.swaps) + u64::from(a.liquidity))
                .sum::<u64>();
            blocks.push((number, record));
        }
        let swapped = touched(&blocks, |a| a.swaps);
        let changed = touched(&blocks, |a| a.liquidity);
        let values = match &mut self.values {
            Some(values) => Lane::read(values, Family::Values, &blocks, &swapped)?,
            None => Lane::default(),
        };
        Ok(Window {
            swaps: Lane::read(&mut self.swaps, Family::Swaps, &blocks, &swapped)?,
            liquidity: Lane::read(&mut self.liquidity, Family::Liquidity, &blocks, &changed)?,
            values,
            blocks: blocks.into_iter(),
            place: 0,
        })
    }

    fn next_block(&mut self) -> Result<Option<ValuedBlock>, StoreError> {
        let next = match self.window.blocks.next() {
            Some(next) => Some(next),
            None => {
                self.window = self.next_window()?;
                self.window.blocks.next()
            }
        };
        let Some((number, record)) = next else {
            return Ok(None);
        };
        let place = self.window.place;
        self.window.place += 1;
        let Window {
            swaps,
            liquidity,
            values,
            ..
        } = &mut self.window;
        let block = StoredBlock {
            number,
            record,
            swaps: swaps.take(place, number, Family::Swaps, decode_swap)?,
            liquidity: liquidity.take(place, number, Family::Liquidity, decode_liquidity)?,
        };
        let mut worth = values
            .take(place, number, Family::Values, decode_value)?
            .into_iter()
            .peekable();
        // Both by log index; what was not computed yet is missing.
        let values = block.swaps.iter().map(|swap| {
            let found = worth.next_if(|((_, _, log_index), _)| *log_index == swap.log_index);
            found.map(|(_, value)| value)
        });
        let values = values.collect();
        Ok(Some((block, values)))
    }

    /// The next one; after an error, nothing.
    pub(crate) fn step(&mut self) -> Option<Result<ValuedBlock, StoreError>> {
        if self.failed {
            return None;
        }
        let next = self.next_block().transpose();
        self.failed = matches!(next, Some(Err(_)));
        next
    }
}

impl Iterator for BlockWalk<'_> {
    type Item = Result<StoredBlock, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.step()?.map(|(block, _)| block))
    }
}

/// Rows of a family in a window, as bytes, which take a third of what they take decoded.
#[derive(Default)]
struct Lane {
    pools: Vec<PoolId>,
    bytes: Vec<u8>,
    /// In the order of blocks, and of log indexes in them.
    places: std::vec::IntoIter<Place>,
}

/// Where a row is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// Its block's place in the window.
    block: u32,
    log_index: u32,
    /// Its pool's place in the lane.
    pool: u32,
    /// Its value's place in the lane.
    start: u32,
    length: u32,
}

impl Lane {
    /// Reads the rows of pools: one seek for each, and its rows in passing.
    fn read(
        scan: &mut RawScan<'_>,
        family: Family,
        blocks: &[(BlockNumber, BlockRecord)],
        touched: &[Touched],
    ) -> Result<Self, StoreError> {
        let (mut bytes, mut places) = (Vec::new(), Vec::new());
        for (at, (pool, first, last)) in touched.iter().enumerate() {
            scan.seek(&row_key(*pool, *first, LogIndex(0)))?;
            while let Some((key, value)) = scan.here()? {
                let (row_pool, number, log_index) =
                    parse_row_key(key).map_err(|e| damaged(family, key, e))?;
                if row_pool != *pool || number > *last {
                    break;
                }
                // A row of a block without a record is left out: its block is not there to walk.
                if let Ok(block) = blocks.binary_search_by_key(&number, |(n, _)| *n) {
                    // A window is far below 4 GiB: its rows are counted.
                    places.push(Place {
                        block: block as u32,
                        log_index: log_index.0,
                        pool: at as u32,
                        start: bytes.len() as u32,
                        length: value.len() as u32,
                    });
                    bytes.extend_from_slice(value);
                }
                scan.step();
            }
        }
        assert!(u32::try_from(bytes.len()).is_ok(), "a window of 4 GiB");
        places.sort_unstable();
        Ok(Self {
            pools: touched.iter().map(|(pool, _, _)| *pool).collect(),
            bytes,
            places: places.into_iter(),
        })
    }

    /// The rows of a block, of which it is the turn.
    fn take<T>(
        &mut self,
        block: usize,
        number: BlockNumber,
        family: Family,
        decode: Decode<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut rows = Vec::new();
        while let Some(place) = self.places.as_slice().first()
            && place.block as usize == block
        {
            let Place {
                log_index,
                pool,
                start,
                length,
                ..
            } = *place;
            self.places.next();
            let key = row_key(self.pools[pool as usize], number, LogIndex(log_index));
            let value = &self.bytes[start as usize..][..length as usize];
            rows.push(decode(&key, value).map_err(|e| damaged(family, &key, e))?);
        }
        Ok(rows)
    }
}

/// A pool with rows in the window, and its first and last block there.
type Touched = (PoolId, BlockNumber, BlockNumber);

/// Pools with rows in the window, ascending.
fn touched(
    window: &[(BlockNumber, BlockRecord)],
    rows: impl Fn(&PoolActivity) -> u32,
) -> Vec<Touched> {
    let mut all: Vec<_> = window
        .iter()
        .flat_map(|(number, record)| record.pools.iter().map(move |a| (*number, a)))
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
