//! A chain: its history on disk, what has been added since, and its head.

mod branch;
mod find;
mod growth;

pub(crate) use find::{Piece, Placed};
pub use growth::Reorg;

use crate::block::Draft;
use crate::config::SimConfig;
use crate::contracts::{CHAIN_ID, Contracts, FACTORY};
use crate::error::SimError;
use crate::making::{
    CONTRACTS, Progress, REAR, SUMMARY, Summary, WORLD, make, publish, read_json, unfinished,
    write_json,
};
use crate::store::{Lookup, RecentLookup, Segment};
use crate::world::{Fork, World};
use alloy::primitives::Address;
use branch::{Branch, Cell};
use growth::Growth;
use parking_lot::{Mutex, RwLock};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tidegauge_model::{BlockNumber, BlockRange, BlockRef, ChainId, UnixSeconds};
use tokio::sync::broadcast;

/// Blocks behind the head that are safe.
const SAFE_DEPTH: u64 = 32;
/// Blocks behind the head that are final.
const FINAL_DEPTH: u64 = 64;
/// New heads that a slow listener may lag behind before it loses some.
const HEADS_WAITING: usize = 256;

/// A chain that can be served.
pub struct SimChain {
    summary: Summary,
    history: Segment,
    lookup: Lookup,
    live: RwLock<Live>,
    growth: Option<Mutex<Growth>>,
    heads: broadcast::Sender<BlockRef>,
}

/// What changes as the chain grows.
struct Live {
    branch: Branch,
    /// Blocks that were added, on whatever branch.
    segment: Option<Segment>,
    lookup: RecentLookup,
    /// At the head.
    contracts: Arc<Contracts>,
    swaps: u64,
    logs: u64,
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
            let rear_height = growth::rear_height(blocks);
            let mut rear = None;
            let drafts = (0..blocks).map(|n| {
                let timestamp = UnixSeconds(genesis + n * block_time_s);
                let draft = world.next(BlockNumber(n), timestamp, Fork::default());
                if n == rear_height {
                    rear = Some(world.clone());
                }
                draft
            });
            make(&folder, summary, drafts, progress)?;
            write_json(&unfinished(&folder).join(REAR), &rear)?;
            write_json(&unfinished(&folder).join(WORLD), &world)?;
            write_json(&unfinished(&folder).join(CONTRACTS), &world.contracts())?;
            publish(&folder)?;
        }
        let summary: Summary = read_json(&folder.join(SUMMARY))?;
        let growth = Growth::new(
            read_json(&folder.join(WORLD))?,
            (
                BlockNumber(growth::rear_height(summary.blocks)),
                read_json(&folder.join(REAR))?,
            ),
            cache_dir.join(format!("{}.live-{}", config.key(), std::process::id())),
        );
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
        let live = Live {
            branch: Branch::of_history(summary.blocks),
            segment: None,
            lookup: RecentLookup::default(),
            contracts: Arc::new(read_json(&folder.join(CONTRACTS))?),
            swaps: summary.swaps,
            logs: summary.logs,
        };
        Ok(Self {
            lookup: Lookup::open(folder)?,
            summary,
            history,
            live: RwLock::new(live),
            growth: growth.map(Mutex::new),
            heads: broadcast::channel(HEADS_WAITING).0,
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
        let head = self.placed(self.head_number())?;
        Ok(BlockRef {
            number: head.number,
            hash: head.entry.hash,
        })
    }

    /// Thirty-two blocks behind the head; it never goes back.
    pub fn safe(&self) -> BlockNumber {
        self.behind(SAFE_DEPTH)
    }

    /// Sixty-four blocks behind the head; it never goes back.
    pub fn finalized(&self) -> BlockNumber {
        self.behind(FINAL_DEPTH)
    }

    /// Logs with the Swap topic, whoever emitted them.
    pub fn swap_count(&self) -> u64 {
        self.live.read().swaps
    }

    /// All logs.
    pub fn log_count(&self) -> u64 {
        self.live.read().logs
    }

    /// Seconds between simulated blocks.
    pub fn block_time(&self) -> Duration {
        Duration::from_secs(self.summary.block_time_s)
    }

    /// Whether [`SimChain::grow`] can add blocks.
    pub fn grows(&self) -> bool {
        self.growth.is_some()
    }

    pub(crate) fn head_number(&self) -> BlockNumber {
        BlockNumber(self.summary.first + self.live.read().branch.len() - 1)
    }

    pub(crate) fn factory(&self) -> Address {
        self.summary.factory
    }

    /// The contracts at the head.
    pub(crate) fn contracts(&self) -> Arc<Contracts> {
        Arc::clone(&self.live.read().contracts)
    }

    /// New heads from now on, a branch's blocks one by one.
    pub(crate) fn heads(&self) -> broadcast::Receiver<BlockRef> {
        self.heads.subscribe()
    }

    /// Where the canonical block of a number that exists lies.
    fn cell(&self, number: BlockNumber) -> Result<Cell, SimError> {
        let height = number.0.checked_sub(self.summary.first);
        let live = self.live.read();
        height
            .and_then(|height| live.branch.cell(height))
            .ok_or_else(|| SimError::Broken(format!("there is no block {number}")))
    }

    /// Tells those who listen of a new block.
    fn announce(&self, head: BlockRef) {
        // Nobody may be listening.
        let _ = self.heads.send(head);
    }

    fn behind(&self, depth: u64) -> BlockNumber {
        BlockNumber(
            self.head_number()
                .0
                .saturating_sub(depth)
                .max(self.summary.first),
        )
    }
}
