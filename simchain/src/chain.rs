//! A chain: its history on disk, what has grown since, and its head.

use crate::block::{Draft, seal};
use crate::config::SimConfig;
use crate::contracts::{CHAIN_ID, Contracts, FACTORY};
use crate::error::SimError;
use crate::making::{
    CONTRACTS, Progress, SUMMARY, Summary, WORLD, make, publish, read_json, unfinished, write_json,
};
use crate::store::{BlockEntry, Lookup, RecentLookup, Segment, SegmentWriter};
use crate::world::World;
use alloy::primitives::{Address, B256};
use parking_lot::{Mutex, RwLock, RwLockReadGuard};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tidegauge_model::{BlockNumber, BlockRange, BlockRef, ChainId, UnixSeconds};

/// Blocks behind the head that are safe.
const SAFE_DEPTH: u64 = 32;
/// Blocks behind the head that are final.
const FINAL_DEPTH: u64 = 64;
/// Blocks that may be added to a history by growing.
const GROWTH_MAX: u64 = 4_000_000;

/// A chain that can be served.
pub struct SimChain {
    summary: Summary,
    history: Segment,
    lookup: Lookup,
    grown: RwLock<Grown>,
    growth: Option<Mutex<Growth>>,
    contracts: RwLock<Contracts>,
    swaps: AtomicU64,
    logs: AtomicU64,
}

/// Blocks after the history.
#[derive(Default)]
struct Grown {
    segment: Option<Segment>,
    count: u64,
    head: Option<BlockEntry>,
    lookup: RecentLookup,
}

/// What it takes to continue.
struct Growth {
    world: World,
    /// Made with the first block that is added.
    writer: Option<SegmentWriter>,
    folder: PathBuf,
}

impl SimChain {
    /// Opens the chain of `config` from the cache, after making it there if need be. Blocks.
    pub fn generate_or_open(
        config: &SimConfig,
        cache_dir: &Path,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, SimError> {
        config.check()?;
        let folder = cache_dir.join(config.key());
        if !folder.join(SUMMARY).exists() {
            let mut world = World::new(config)?;
            let blocks = config.blocks() + 1;
            let genesis = config.genesis().0;
            let block_time_s = config.block_time_s;
            let summary = Summary {
                chain_id: CHAIN_ID,
                factory: FACTORY,
                first: 0,
                blocks,
                block_time_s,
                swaps: 0,
                logs: 0,
            };
            let drafts = (0..blocks)
                .map(|n| world.next(BlockNumber(n), UnixSeconds(genesis + n * block_time_s)));
            make(&folder, summary, drafts, progress)?;
            write_json(&unfinished(&folder).join(WORLD), &world)?;
            write_json(&unfinished(&folder).join(CONTRACTS), &world.contracts())?;
            publish(&folder)?;
        }
        let world: World = read_json(&folder.join(WORLD))?;
        let growth = Growth {
            world,
            writer: None,
            folder: cache_dir.join(format!("{}.live-{}", config.key(), std::process::id())),
        };
        Self::open(&folder, Some(growth))
    }

    /// Makes and opens a chain of given blocks that does not grow.
    pub(crate) fn of_drafts(
        folder: &Path,
        summary: Summary,
        drafts: impl Iterator<Item = Draft> + Send,
        contracts: &Contracts,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, SimError> {
        make(folder, summary, drafts, progress)?;
        write_json(&unfinished(folder).join(CONTRACTS), contracts)?;
        publish(folder)?;
        Self::open(folder, None)
    }

    /// Opens a chain that does not grow, if it has been made.
    pub(crate) fn reopen(folder: &Path) -> Result<Option<Self>, SimError> {
        if folder.join(SUMMARY).exists() {
            Self::open(folder, None).map(Some)
        } else {
            Ok(None)
        }
    }

    fn open(folder: &Path, growth: Option<Growth>) -> Result<Self, SimError> {
        let summary: Summary = read_json(&folder.join(SUMMARY))?;
        let history = Segment::open(folder)?;
        if history.block_count()? != summary.blocks || summary.blocks == 0 {
            return Err(SimError::Cache {
                path: folder.to_owned(),
                what: format!("{} blocks were written", summary.blocks),
            });
        }
        Ok(Self {
            swaps: AtomicU64::new(summary.swaps),
            logs: AtomicU64::new(summary.logs),
            lookup: Lookup::open(folder)?,
            contracts: RwLock::new(read_json(&folder.join(CONTRACTS))?),
            summary,
            history,
            grown: RwLock::default(),
            growth: growth.map(Mutex::new),
        })
    }

    /// 1337 for a simulated chain, else what the recording says.
    pub fn chain_id(&self) -> ChainId {
        ChainId(self.summary.chain_id)
    }

    /// First block to head.
    pub fn range(&self) -> BlockRange {
        BlockRange {
            from: BlockNumber(self.summary.first),
            to: self.head_number(),
        }
    }

    /// The head.
    pub fn head(&self) -> Result<BlockRef, SimError> {
        let number = self.head_number();
        let hash = self.entry(number)?.hash;
        Ok(BlockRef { number, hash })
    }

    /// Thirty-two blocks behind the head.
    pub fn safe(&self) -> BlockNumber {
        self.behind(SAFE_DEPTH)
    }

    /// Sixty-four blocks behind the head.
    pub fn finalized(&self) -> BlockNumber {
        self.behind(FINAL_DEPTH)
    }

    /// Logs with the Swap topic, whoever emitted them.
    pub fn swap_count(&self) -> u64 {
        self.swaps.load(Ordering::Acquire)
    }

    /// All logs.
    pub fn log_count(&self) -> u64 {
        self.logs.load(Ordering::Acquire)
    }

    /// Seconds between simulated blocks.
    pub fn block_time(&self) -> Duration {
        Duration::from_secs(self.summary.block_time_s)
    }

    /// Whether [`SimChain::grow`] can add blocks.
    pub fn grows(&self) -> bool {
        self.growth.is_some()
    }

    /// Adds the next block of the same seeded sequence. Blocks.
    pub fn grow(&self) -> Result<BlockRef, SimError> {
        let growth = self.growth.as_ref().ok_or(SimError::NothingToGrow)?;
        let mut growth = growth.lock();
        let parent = self.entry(self.head_number())?;
        let number = self.head_number().next();
        let offset = number.0 - self.summary.first - self.summary.blocks;
        if offset >= GROWTH_MAX {
            return Err(SimError::Config {
                key: "growth (blocks)",
                value: offset + 1,
                min: 0,
                max: GROWTH_MAX,
            });
        }
        let timestamp = UnixSeconds(parent.timestamp + self.summary.block_time_s);
        let draft = growth.world.next(number, timestamp);
        let sealed = seal(draft, parent.hash);
        if growth.writer.is_none() {
            let (writer, segment) = SegmentWriter::unnamed(&growth.folder)?;
            growth.writer = Some(writer);
            self.grown.write().segment = Some(segment);
        }
        let Some(writer) = growth.writer.as_mut() else {
            return Err(SimError::NothingToGrow);
        };
        let entry = writer.append(&sealed)?;
        writer.flush()?;
        {
            let mut contracts = self.contracts.write();
            contracts.states.extend(growth.world.states());
            for (address, pool) in &growth.world.announced().pools {
                if let Some(known) = contracts.pools.get_mut(address) {
                    known.created = pool.created;
                }
            }
        }
        let mut grown = self.grown.write();
        grown.lookup.add(&sealed.hash, offset as u32);
        for tx in &sealed.txs {
            grown.lookup.add(&tx.hash, offset as u32);
        }
        grown.head = Some(entry);
        grown.count = offset + 1;
        self.swaps
            .fetch_add(entry.swap_count.into(), Ordering::AcqRel);
        self.logs
            .fetch_add(entry.log_count.into(), Ordering::AcqRel);
        Ok(BlockRef {
            number,
            hash: entry.hash,
        })
    }

    /// Grows while the next block's timestamp is at most `until`; answers how many were added.
    ///
    /// So a chain kept in a cache catches up with the clock after a restart,
    /// and stays the same chain.
    pub fn grow_until(&self, until: UnixSeconds) -> Result<u64, SimError> {
        let mut added = 0;
        loop {
            let head = self.entry(self.head_number())?;
            if head.timestamp + self.summary.block_time_s.max(1) > until.0 {
                return Ok(added);
            }
            self.grow()?;
            added += 1;
        }
    }

    pub(crate) fn head_number(&self) -> BlockNumber {
        BlockNumber(self.summary.first + self.summary.blocks - 1 + self.grown.read().count)
    }

    pub(crate) fn factory(&self) -> Address {
        self.summary.factory
    }

    pub(crate) fn contracts(&self) -> RwLockReadGuard<'_, Contracts> {
        self.contracts.read()
    }

    /// A block's entry.
    pub(crate) fn entry(&self, number: BlockNumber) -> Result<BlockEntry, SimError> {
        let (segment, offset) = self.place(number)?;
        segment
            .entries(offset, 1)?
            .first()
            .copied()
            .ok_or_else(|| self.no_block(number))
    }

    /// The segment that holds a block, and the block's offset in it.
    pub(crate) fn place(&self, number: BlockNumber) -> Result<(Segment, u64), SimError> {
        let offset = number
            .0
            .checked_sub(self.summary.first)
            .ok_or_else(|| self.no_block(number))?;
        if offset < self.summary.blocks {
            return Ok((self.history.clone(), offset));
        }
        let grown = self.grown.read();
        match &grown.segment {
            Some(segment) if offset - self.summary.blocks < grown.count => {
                Ok((segment.clone(), offset - self.summary.blocks))
            }
            _ => {
                drop(grown);
                Err(self.no_block(number))
            }
        }
    }

    /// Cuts a range of existing blocks where one segment ends: (segment, offset of its first, blocks).
    pub(crate) fn pieces(&self, range: BlockRange) -> Result<Vec<(Segment, u64, u64)>, SimError> {
        self.place(range.to)?;
        let (segment, offset) = self.place(range.from)?;
        let border = self.summary.first + self.summary.blocks;
        if range.from.0 < border && range.to.0 >= border {
            let (grown, begin) = self.place(BlockNumber(border))?;
            return Ok(vec![
                (segment, offset, border - range.from.0),
                (grown, begin, range.to.0 - border + 1),
            ]);
        }
        Ok(vec![(segment, offset, range.len_blocks())])
    }

    /// The block of a hash.
    pub(crate) fn block_of_hash(&self, hash: &B256) -> Result<Option<BlockNumber>, SimError> {
        for number in self.candidates(hash)? {
            if self.entry(number)?.hash == *hash {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// The block and index of a transaction.
    pub(crate) fn tx_of_hash(&self, hash: &B256) -> Result<Option<(BlockNumber, usize)>, SimError> {
        for number in self.candidates(hash)? {
            let (segment, offset) = self.place(number)?;
            for entry in segment.entries(offset, 1)? {
                let txs = segment.txs(&entry)?;
                if let Some(index) = txs.iter().position(|tx| tx.hash == *hash) {
                    return Ok(Some((number, index)));
                }
            }
        }
        Ok(None)
    }

    fn candidates(&self, hash: &B256) -> Result<Vec<BlockNumber>, SimError> {
        let first = self.summary.first;
        let mut found: Vec<_> = self
            .lookup
            .find(hash)?
            .into_iter()
            .map(|offset| BlockNumber(first + u64::from(offset)))
            .collect();
        if let Some(offset) = self.grown.read().lookup.find(hash) {
            found.push(BlockNumber(first + self.summary.blocks + u64::from(offset)));
        }
        Ok(found)
    }

    fn behind(&self, depth: u64) -> BlockNumber {
        BlockNumber(
            self.head_number()
                .0
                .saturating_sub(depth)
                .max(self.summary.first),
        )
    }

    fn no_block(&self, block: BlockNumber) -> SimError {
        SimError::NoBlock {
            block: block.0,
            first: self.summary.first,
            head: self.head_number().0,
        }
    }
}
