//! Reading: every answer of a view comes from one state of the store.

use crate::block_rows::BlockRows;
use crate::block_walk::BlockWalk;
use crate::codec::{
    decode_block, decode_coverage, decode_dispute, decode_head, decode_journal, decode_liquidity,
    decode_notice, decode_position, decode_swap, decode_token, decode_uuid, decode_verdict,
};
use crate::database::{Database, damaged, unreadable};
use crate::error::StoreError;
use crate::families::Family;
use crate::folder;
use crate::head::{Counters, Head, Tip};
use crate::keys::{address_key, block_bounds, block_key, just_after, row_bounds, sequence_key};
use crate::meta::{CHAIN_KEY, EPOCH_KEY, FORMAT_KEY, HEAD_KEY, IDENTITY_KEY};
use crate::notice::{MirrorPosition, Notice, Sequence};
use crate::pool_rows::PoolRows;
use crate::scan::{Bounds, Decode, RawScan, Scan};
use rocksdb::Snapshot;
use serde::Serialize;
use std::sync::{Arc, RwLockReadGuard};
use tidegauge_model::{
    Address, BlockNumber, BlockRange, BlockRecord, ChainId, Coverage, Dispute, LiquidityEvent,
    PoolId, PoolVerdict, Swap, Token,
};
use uuid::Uuid;

/// Who a store is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Identity {
    /// Given once, when it was made; mirrors keep it too.
    pub uuid: Uuid,
    /// Raised when another collector takes over.
    pub epoch: u64,
    /// The chain it holds.
    pub chain_id: ChainId,
    /// The format it was written in.
    pub format: u32,
}

/// Reads a store, in the process that writes or beside it.
#[derive(Clone)]
pub struct Reader {
    db: Arc<Database>,
}

impl Reader {
    pub(crate) fn of(db: Arc<Database>) -> Self {
        Self { db }
    }

    pub(crate) fn database(&self) -> &Database {
        &self.db
    }

    /// A view of the state as of now. Keep it briefly: it holds back the
    /// space of what is replaced meanwhile, or the reader's catching up.
    pub fn view(&self) -> Result<View<'_>, StoreError> {
        let at = match &self.db.still {
            None => At::Snapshot(self.db.rocks.snapshot()),
            // Poison says nothing here: the lock guards no data.
            Some(still) => At::Still(
                still
                    .read()
                    .unwrap_or_else(std::sync::PoisonError::into_inner),
            ),
        };
        let mut view = View {
            db: &self.db,
            at,
            head: Head::default(),
        };
        let value = view
            .get(Family::Meta, HEAD_KEY)?
            .ok_or_else(|| StoreError::Missing {
                path: self.db.path().to_owned(),
            })?;
        view.head = decode_head(&value).map_err(|e| damaged(Family::Meta, HEAD_KEY, e))?;
        Ok(view)
    }

    /// What names the state as of now: another number after every write. Of a view between two
    /// equal ones it names that view's state.
    pub fn state(&self) -> u64 {
        self.db.rocks.latest_sequence_number()
    }

    /// Bytes that the store's files take on disk.
    pub fn disk_bytes(&self) -> Result<u64, StoreError> {
        folder::disk_bytes(self.db.path()).map_err(|source| StoreError::NotReadable {
            path: self.db.path().to_owned(),
            source,
        })
    }
}

/// One state of the store.
pub struct View<'a> {
    db: &'a Database,
    at: At<'a>,
    head: Head,
}

enum At<'a> {
    Snapshot(Snapshot<'a>),
    /// Beside a writer: nothing changes until the reader catches up, which waits for us.
    Still(#[allow(dead_code)] RwLockReadGuard<'a, ()>),
}

impl<'a> View<'a> {
    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    /// The last block collected; `None` in an empty store.
    pub fn tip(&self) -> Result<Option<Tip>, StoreError> {
        let Some(block) = self.head.tip else {
            return Ok(None);
        };
        let timestamp = self.block(block.number)?.map(|record| record.timestamp);
        Ok(Some(Tip { block, timestamp }))
    }

    /// The first block collected.
    pub fn start(&self) -> Option<BlockNumber> {
        self.head.start
    }

    /// The greatest height known to be final; may lie above the tip.
    pub fn finalized(&self) -> Option<BlockNumber> {
        self.head.finalized
    }

    /// What the store holds.
    pub fn counters(&self) -> Counters {
        self.head.counters
    }

    /// Who the store is.
    pub fn identity(&self) -> Result<Identity, StoreError> {
        let format = self.meta(FORMAT_KEY, crate::codec::decode_number)?;
        Ok(Identity {
            uuid: self.meta(IDENTITY_KEY, decode_uuid)?,
            epoch: self.meta(EPOCH_KEY, crate::codec::decode_number)?,
            chain_id: self.chain_id()?,
            format: u32::try_from(format).unwrap_or(u32::MAX),
        })
    }

    /// The chain it holds.
    pub fn chain_id(&self) -> Result<ChainId, StoreError> {
        self.meta(CHAIN_KEY, crate::codec::decode_number)
            .map(ChainId)
    }

    /// One block; `None` if it was not read or holds nothing of ours.
    pub fn block(&self, number: BlockNumber) -> Result<Option<BlockRecord>, StoreError> {
        let key = block_key(number);
        self.one(Family::Blocks, &key, decode_block)
            .map(|found| found.map(|(_, record)| record))
    }

    /// Blocks of a range, ascending.
    pub fn blocks(
        &self,
        range: BlockRange,
    ) -> Result<Scan<'_, (BlockNumber, BlockRecord)>, StoreError> {
        let bounds = Bounds::between(block_bounds(range));
        self.scan(Family::Blocks, bounds, decode_block)
    }

    /// All blocks, newest first.
    pub fn blocks_backwards(&self) -> Result<Scan<'_, (BlockNumber, BlockRecord)>, StoreError> {
        self.blocks_back_from(BlockNumber(u64::MAX))
    }

    /// A block and those below it, newest first.
    pub fn blocks_back_from(
        &self,
        last: BlockNumber,
    ) -> Result<Scan<'_, (BlockNumber, BlockRecord)>, StoreError> {
        let bounds = Bounds::between(block_bounds(BlockRange {
            from: BlockNumber(0),
            to: last,
        }));
        let rows = self.raw_iterator(Family::Blocks, bounds)?;
        Ok(Scan::new(
            RawScan::descending(Family::Blocks, rows),
            decode_block,
        ))
    }

    /// A pool's swaps in a range, by block and log index.
    pub fn swaps(&self, pool: PoolId, range: BlockRange) -> Result<Scan<'_, Swap>, StoreError> {
        let bounds = Bounds::between(row_bounds(pool, range));
        self.scan(Family::Swaps, bounds, decode_swap)
    }

    /// All swaps, by pool, block and log index.
    pub fn all_swaps(&self) -> Result<Scan<'_, Swap>, StoreError> {
        self.scan(Family::Swaps, Bounds::all(), decode_swap)
    }

    /// A pool's other events in a range, by block and log index.
    pub fn liquidity(
        &self,
        pool: PoolId,
        range: BlockRange,
    ) -> Result<Scan<'_, LiquidityEvent>, StoreError> {
        let bounds = Bounds::between(row_bounds(pool, range));
        self.scan(Family::Liquidity, bounds, decode_liquidity)
    }

    /// All other events, by pool, block and log index.
    pub fn all_liquidity(&self) -> Result<Scan<'_, LiquidityEvent>, StoreError> {
        self.scan(Family::Liquidity, Bounds::all(), decode_liquidity)
    }

    /// A way to read the rows of single blocks.
    pub fn block_rows(&self) -> Result<BlockRows<'_>, StoreError> {
        Ok(BlockRows::new(
            self.raw(Family::Swaps, Bounds::all())?,
            self.raw(Family::Liquidity, Bounds::all())?,
        ))
    }

    /// A way to read all events of one pool after another.
    pub fn pool_rows(&self) -> Result<PoolRows<'_>, StoreError> {
        Ok(PoolRows::new(
            self.raw(Family::Swaps, Bounds::all())?,
            self.raw(Family::Liquidity, Bounds::all())?,
        ))
    }

    /// Blocks of a range, ascending, with their rows.
    pub fn walk(&self, range: BlockRange) -> Result<BlockWalk<'_>, StoreError> {
        Ok(BlockWalk::new(
            self.blocks(range)?,
            self.raw(Family::Swaps, Bounds::all())?,
            self.raw(Family::Liquidity, Bounds::all())?,
        ))
    }

    /// Every judged contract, by address.
    pub fn pools(&self) -> Result<Scan<'_, PoolVerdict>, StoreError> {
        self.scan(Family::Pools, Bounds::all(), decode_verdict)
    }

    /// The verdict on a contract.
    pub fn pool(&self, id: PoolId) -> Result<Option<PoolVerdict>, StoreError> {
        self.one(Family::Pools, &address_key(id.0), decode_verdict)
    }

    /// Every token, by address.
    pub fn tokens(&self) -> Result<Scan<'_, Token>, StoreError> {
        self.scan(Family::Tokens, Bounds::all(), decode_token)
    }

    /// One token.
    pub fn token(&self, address: Address) -> Result<Option<Token>, StoreError> {
        self.one(Family::Tokens, &address_key(address), decode_token)
    }

    /// The ledger of ranges, ascending; neighbours with equal evidence are one entry.
    pub fn coverage(&self) -> Result<Scan<'_, Coverage>, StoreError> {
        self.scan(Family::Coverage, Bounds::all(), decode_coverage)
    }

    /// The ledger's last entry.
    pub(crate) fn coverage_last(&self) -> Result<Option<Coverage>, StoreError> {
        let end = BlockNumber(u64::MAX);
        self.coverage_backwards(end)?.next().transpose()
    }

    /// Entries of the ledger that begin at or below a height, descending.
    pub(crate) fn coverage_backwards(
        &self,
        from: BlockNumber,
    ) -> Result<Scan<'_, Coverage>, StoreError> {
        let bounds = Bounds {
            lower: None,
            upper: Some(just_after(&block_key(from))),
        };
        let rows = self.raw_iterator(Family::Coverage, bounds)?;
        Ok(Scan::new(
            RawScan::descending(Family::Coverage, rows),
            decode_coverage,
        ))
    }

    /// Ranges put in doubt and not settled, by their first block.
    pub fn disputes(&self) -> Result<Scan<'_, Dispute>, StoreError> {
        self.scan(Family::Disputes, Bounds::all(), decode_dispute)
    }

    /// The blocks that can be unwound; `None` if there are none.
    pub fn journal_range(&self) -> Result<Option<BlockRange>, StoreError> {
        let mut stretches = self.journal()?;
        let Some(first) = stretches.next().transpose()? else {
            return Ok(None);
        };
        let last = self.head.tip.map_or(first.to, |tip| tip.number);
        Ok(BlockRange::new(first.from, last))
    }

    /// Journaled stretches, ascending, without their before-images.
    pub(crate) fn journal(&self) -> Result<Scan<'_, BlockRange>, StoreError> {
        self.scan(Family::Journal, Bounds::all(), |key, value| {
            let (to, entry) = decode_journal(key, value)?;
            Ok(BlockRange {
                from: entry.from,
                to,
            })
        })
    }

    /// At most `limit` notices from a sequence on.
    pub fn notices(&self, from: Sequence, limit: usize) -> Result<Vec<Notice>, StoreError> {
        let bounds = Bounds {
            lower: Some(sequence_key(from).to_vec()),
            upper: None,
        };
        self.scan(Family::Outbox, bounds, decode_notice)?
            .take(limit)
            .collect()
    }

    /// What each mirror acknowledged, by its name.
    pub fn positions(&self) -> Result<Vec<(String, MirrorPosition)>, StoreError> {
        self.scan(Family::Positions, Bounds::all(), decode_position)?
            .collect()
    }

    pub(crate) fn raw(&self, family: Family, bounds: Bounds) -> Result<RawScan<'_>, StoreError> {
        let rows = self.raw_iterator(family, bounds)?;
        Ok(RawScan::ascending(family, rows))
    }

    pub(crate) fn scan<T>(
        &self,
        family: Family,
        bounds: Bounds,
        decode: Decode<T>,
    ) -> Result<Scan<'_, T>, StoreError> {
        Ok(Scan::new(self.raw(family, bounds)?, decode))
    }

    pub(crate) fn raw_iterator(
        &self,
        family: Family,
        bounds: Bounds,
    ) -> Result<rocksdb::DBRawIterator<'_>, StoreError> {
        let column = self.db.column(family, self.head.derived.generation)?;
        let options = bounds.read_options();
        Ok(match &self.at {
            At::Snapshot(snapshot) => snapshot.raw_iterator_cf_opt(column, options),
            At::Still(_) => self.db.rocks.raw_iterator_cf_opt(column, options),
        })
    }

    pub(crate) fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match &self.at {
            At::Snapshot(snapshot) => snapshot
                .get_cf(self.db.column(family, self.head.derived.generation)?, key)
                .map_err(|e| unreadable(family, &e)),
            // After catching up across a flush, RocksDB's lookup here answers from a
            // memory table older than the files (met with 11.8.1); iterators merge both.
            At::Still(_) => {
                let only = (key.to_vec(), just_after(key));
                let mut rows = self.raw(family, Bounds::between(only))?;
                rows.next_with(|_, value| Ok(value.to_vec())).transpose()
            }
        }
    }

    pub(crate) fn one<T>(
        &self,
        family: Family,
        key: &[u8],
        decode: Decode<T>,
    ) -> Result<Option<T>, StoreError> {
        self.get(family, key)?
            .map(|value| decode(key, &value).map_err(|e| damaged(family, key, e)))
            .transpose()
    }

    fn meta<T>(
        &self,
        key: &[u8],
        decode: fn(&[u8]) -> Result<T, crate::codec_error::CodecError>,
    ) -> Result<T, StoreError> {
        let value = self.get(Family::Meta, key)?.ok_or_else(|| {
            StoreError::Contradiction(format!(
                "`{}` is missing in `meta`",
                String::from_utf8_lossy(key)
            ))
        })?;
        decode(&value).map_err(|e| damaged(Family::Meta, key, e))
    }
}
