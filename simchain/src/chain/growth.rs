//! How a chain continues: by a block, or by another branch.

use super::branch::Cell;
use super::find::Placed;
use super::{FINAL_DEPTH, Live, SimChain};
use crate::block::seal;
use crate::dice::Dice;
use crate::error::SimError;
use crate::store::{BlockEntry, SegmentWriter, Spot};
use crate::world::{Fork, World};
use alloy::primitives::B256;
use parking_lot::MutexGuard;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use tidegauge_model::{BlockNumber, BlockRef, UnixSeconds};

/// Blocks that may be added to a history by growing.
const GROWTH_MAX: u64 = 4_000_000;
/// Blocks that a forced reorganisation may replace: worlds are kept as far back.
const REWIND_MAX: u64 = 256;
/// Blocks that an honest chain may replace: the finalized one stays.
const SPARING_FINAL: u64 = FINAL_DEPTH - 1;
/// Blocks between two kept worlds: as many may have to be lived through again.
const CHECKPOINT_EVERY: u64 = 128;

/// Height above a history's first block of the world that is kept beside it.
pub(super) fn rear_height(blocks: u64) -> u64 {
    blocks.saturating_sub(1 + REWIND_MAX)
}

/// What a reorganisation did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reorg {
    /// The last block that both branches have.
    pub ancestor: BlockRef,
    /// The blocks above it that are no longer on the chain, in order.
    pub orphaned: Vec<BlockRef>,
    /// The blocks above it that took their place, in order: one more.
    pub adopted: Vec<BlockRef>,
}

/// What it takes to continue.
pub(super) struct Growth {
    /// The world after the head.
    world: World,
    /// Worlds after some canonical blocks, the oldest first.
    checkpoints: VecDeque<(BlockNumber, World)>,
    pen: Pen,
    reorgs: u32,
    /// What the last reorganisation took away, and the last block below it.
    abandoned: Option<(BlockNumber, Vec<Cell>)>,
}

/// Writes added blocks.
struct Pen {
    /// Made with the first of them.
    writer: Option<SegmentWriter>,
    folder: PathBuf,
}

/// What the next block is put upon.
#[derive(Clone, Copy)]
struct Top {
    block: BlockRef,
    timestamp: UnixSeconds,
}

/// A block that is written but not yet on the chain.
struct Made {
    top: Top,
    cell: Cell,
    entry: BlockEntry,
    /// Its hash and those of its transactions; none if they are known already.
    hashes: Vec<B256>,
}

impl Growth {
    pub(super) fn new(world: World, rear: (BlockNumber, World), folder: PathBuf) -> Self {
        Self {
            world,
            checkpoints: VecDeque::from([rear]),
            pen: Pen {
                writer: None,
                folder,
            },
            reorgs: 0,
            abandoned: None,
        }
    }

    /// Keeps a world now and then, as far back as may be needed.
    fn keep_checkpoint(&mut self, head: BlockNumber) {
        let newest = self.checkpoints.back().map_or(0, |(number, _)| number.0);
        if head.0 < newest + CHECKPOINT_EVERY {
            return;
        }
        self.checkpoints.push_back((head, self.world.clone()));
        let needed = head.0.saturating_sub(REWIND_MAX);
        while self.checkpoints.get(1).is_some_and(|(n, _)| n.0 <= needed) {
            self.checkpoints.pop_front();
        }
    }
}

impl SimChain {
    /// Adds the next block of the same seeded sequence. Blocks.
    pub fn grow(&self) -> Result<BlockRef, SimError> {
        let mut growth = self.growing()?;
        let growth = &mut *growth;
        let top = Top::of(&self.placed(self.head_number())?);
        let fork = Fork::plain(growth.reorgs);
        let made = self.make(&mut growth.pen, &mut growth.world, top, fork)?;
        {
            let mut live = self.live.write();
            growth.world.update(Arc::make_mut(&mut live.contracts));
            self.adopt(&mut live, &made);
        }
        growth.keep_checkpoint(made.top.block.number);
        self.announce(made.top.block);
        Ok(made.top.block)
    }

    /// Grows while the next block's timestamp is at most `until`; answers how many were added.
    ///
    /// So a chain kept in a cache catches up with the clock after a restart,
    /// and stays the same chain. Reorganisations are not kept: after a restart
    /// the chain is that of the seed again.
    pub fn grow_until(&self, until: UnixSeconds) -> Result<u64, SimError> {
        let mut added = 0;
        loop {
            let head = self.placed(self.head_number())?.entry;
            if head.timestamp + self.summary.block_time_s.max(1) > until.0 {
                return Ok(added);
            }
            self.grow()?;
            added += 1;
        }
    }

    /// Replaces the last `depth` blocks by a branch of one block more. Blocks.
    ///
    /// What the branch holds follows from the seed and the number of
    /// reorganisations before. Its first block may have the transactions of the
    /// block that it replaces, in another order; one of its blocks may create a
    /// pool that no other branch has, or that another has at another height.
    /// The finalized block stays: `depth` is at most 63.
    pub fn reorg(&self, depth: u64) -> Result<Reorg, SimError> {
        let mut growth = self.growing()?;
        self.reorganise(&mut growth, depth, SPARING_FINAL, &[])
    }

    /// The same, down to 256 blocks: finalized blocks too, as no honest chain does.
    pub fn reorg_finalized(&self, depth: u64) -> Result<Reorg, SimError> {
        let mut growth = self.growing()?;
        self.reorganise(&mut growth, depth, REWIND_MAX, &[])
    }

    /// Brings back what the last reorganisation took away, with blocks on top
    /// until it is the longer branch. Blocks.
    pub fn reorg_back(&self) -> Result<Reorg, SimError> {
        let mut growth = self.growing()?;
        let (ancestor, known) = growth.abandoned.clone().ok_or(SimError::NoBranch)?;
        let depth = self.head_number().0 - ancestor.0;
        self.reorganise(&mut growth, depth, SPARING_FINAL, &known)
    }

    fn growing(&self) -> Result<MutexGuard<'_, Growth>, SimError> {
        Ok(self.growth.as_ref().ok_or(SimError::NothingToGrow)?.lock())
    }

    /// Replaces the last `depth` blocks by a branch that begins with the known ones.
    fn reorganise(
        &self,
        growth: &mut Growth,
        depth: u64,
        deepest: u64,
        known: &[Cell],
    ) -> Result<Reorg, SimError> {
        let head = self.head_number();
        let max = deepest.min(head.0 - self.summary.first);
        if !(1..=max).contains(&depth) {
            return Err(SimError::Reorg { depth, max });
        }
        let ancestor = BlockNumber(head.0 - depth);
        let base = Top::of(&self.placed(ancestor)?);
        let mut world = self.rewind(growth, ancestor)?;
        let branch = growth.reorgs + 1;
        let replaced = self.cell(ancestor.next())?;
        let mut made: Vec<Made> = Vec::with_capacity(depth as usize + 1);
        let forks = forks(world.seed(), branch, depth, replaced);
        for (n, fork) in forks.into_iter().enumerate() {
            let top = made.last().map_or(base, |made| made.top);
            made.push(match known.get(n) {
                Some(cell) => self.relive(&mut world, top, *cell)?,
                None => self.make(&mut growth.pen, &mut world, top, fork)?,
            });
        }
        let orphaned = (ancestor.0 + 1..=head.0)
            .map(|number| self.placed(BlockNumber(number)))
            .collect::<Result<Vec<_>, _>>()?;
        let cut = self.switch(&world, &orphaned, &made);
        growth.world = world;
        growth.reorgs = branch;
        growth.abandoned = Some((ancestor, cut));
        growth.checkpoints.retain(|(number, _)| *number <= ancestor);
        growth.keep_checkpoint(head.next());
        let adopted: Vec<_> = made.iter().map(|made| made.top.block).collect();
        adopted.iter().for_each(|block| self.announce(*block));
        Ok(Reorg {
            ancestor: base.block,
            orphaned: orphaned.iter().map(|block| Top::of(block).block).collect(),
            adopted,
        })
    }

    /// Puts one branch in the place of another, for all readers at once; answers what was cut off.
    fn switch(&self, world: &World, orphaned: &[Placed], made: &[Made]) -> Vec<Cell> {
        let mut live = self.live.write();
        let kept = live.branch.len() - orphaned.len() as u64;
        let cut = live.branch.cut(kept);
        for block in orphaned {
            live.swaps -= u64::from(block.entry.swap_count);
            live.logs -= u64::from(block.entry.log_count);
        }
        for made in made {
            self.adopt(&mut live, made);
        }
        live.contracts = Arc::new(world.contracts());
        cut
    }

    /// The world after a canonical block.
    fn rewind(&self, growth: &Growth, to: BlockNumber) -> Result<World, SimError> {
        let (from, world) = growth
            .checkpoints
            .iter()
            .rev()
            .find(|(number, _)| *number <= to)
            .ok_or_else(|| SimError::Broken(format!("no world is kept from before {to}")))?;
        let mut world = world.clone();
        for number in (from.0 + 1..=to.0).map(BlockNumber) {
            let cell = self.cell(number)?;
            let timestamp = self.read(number, cell)?.entry.timestamp;
            world.next(number, UnixSeconds(timestamp), cell.fork());
        }
        Ok(world)
    }

    /// Makes and writes a block upon another.
    fn make(
        &self,
        pen: &mut Pen,
        world: &mut World,
        top: Top,
        fork: Fork,
    ) -> Result<Made, SimError> {
        let writer = match &mut pen.writer {
            Some(writer) => writer,
            none => {
                let (writer, segment) = SegmentWriter::unnamed(&pen.folder)?;
                self.live.write().segment = Some(segment);
                none.insert(writer)
            }
        };
        let at = writer.block_count();
        if at >= GROWTH_MAX {
            return Err(SimError::Config {
                key: "growth (blocks)",
                value: at + 1,
                min: 0,
                max: GROWTH_MAX,
            });
        }
        let number = top.block.number.next();
        let timestamp = UnixSeconds(top.timestamp.0 + self.summary.block_time_s);
        let sealed = seal(world.next(number, timestamp, fork), top.block.hash);
        let entry = writer.append(&sealed)?;
        writer.flush()?;
        let hash = sealed.hash;
        Ok(Made {
            top: Top {
                block: BlockRef { number, hash },
                timestamp,
            },
            cell: Cell::Grown {
                at: at as u32,
                fork,
            },
            entry,
            hashes: [hash]
                .into_iter()
                .chain(sealed.txs.iter().map(|tx| tx.hash))
                .collect(),
        })
    }

    /// A block that was made before, once more.
    fn relive(&self, world: &mut World, top: Top, cell: Cell) -> Result<Made, SimError> {
        let placed = self.read(top.block.number.next(), cell)?;
        let top = Top::of(&placed);
        world.next(placed.number, top.timestamp, cell.fork());
        Ok(Made {
            top,
            cell,
            entry: placed.entry,
            hashes: Vec::new(),
        })
    }

    /// Puts a block on top of the chain.
    fn adopt(&self, live: &mut Live, made: &Made) {
        live.branch.push(made.cell);
        live.swaps += u64::from(made.entry.swap_count);
        live.logs += u64::from(made.entry.log_count);
        if let Cell::Grown { at, .. } = made.cell {
            let height = made.top.height(self) as u32;
            for hash in &made.hashes {
                live.lookup.add(hash, Spot { at, height });
            }
        }
    }
}

impl Top {
    fn of(placed: &Placed) -> Self {
        Self {
            block: BlockRef {
                number: placed.number,
                hash: placed.entry.hash,
            },
            timestamp: UnixSeconds(placed.entry.timestamp),
        }
    }

    /// Above the chain's first block.
    fn height(&self, chain: &SimChain) -> u64 {
        self.block.number.0 - chain.summary.first
    }
}

/// What the blocks of a branch are like that replaces `depth` blocks, of which `replaced` is the first.
fn forks(seed: u64, branch: u32, depth: u64, replaced: Cell) -> Vec<Fork> {
    let mut dice = Dice::of(&[b"branch", &seed.to_be_bytes()[..], &branch.to_be_bytes()].concat());
    let mut forks = vec![Fork::plain(branch); depth as usize + 1];
    if dice.one_in(2) {
        forks[0].repeats = Some(replaced.fork().source());
        forks[0].founds = replaced.fork().founds;
    }
    if dice.one_in(2) {
        forks[1 + dice.below(depth) as usize].founds = true;
    }
    forks
}
