//! Which block stands at which height.

use crate::world::Fork;

/// Where a block lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cell {
    /// In the history, whose offsets are heights.
    History(u64),
    /// Among the blocks that were added since.
    Grown {
        /// Its offset there.
        at: u32,
        /// What makes it this block and no other.
        fork: Fork,
    },
}

impl Cell {
    /// What makes it this block and no other.
    pub(super) fn fork(self) -> Fork {
        match self {
            Self::History(_) => Fork::default(),
            Self::Grown { fork, .. } => fork,
        }
    }
}

/// Consecutive heights whose blocks lie together in one segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Run {
    pub(super) is_history: bool,
    /// Offset of its first block in the segment.
    pub(super) offset: u64,
    pub(super) blocks: u64,
}

/// The canonical chain, by height above its first block: a beginning of the
/// history, and added blocks upon it.
pub(super) struct Branch {
    kept: u64,
    grown: Vec<Cell>,
}

impl Branch {
    /// The history, whole and alone.
    pub(super) fn of_history(blocks: u64) -> Self {
        Self {
            kept: blocks,
            grown: Vec::new(),
        }
    }

    /// Number of blocks.
    pub(super) fn len(&self) -> u64 {
        self.kept + self.grown.len() as u64
    }

    /// The block at a height.
    pub(super) fn cell(&self, height: u64) -> Option<Cell> {
        if height < self.kept {
            return Some(Cell::History(height));
        }
        self.grown.get((height - self.kept) as usize).copied()
    }

    /// Whether the block at a height is the added one at `at`.
    pub(super) fn has_grown(&self, height: u64, at: u32) -> bool {
        matches!(self.cell(height), Some(Cell::Grown { at: here, .. }) if here == at)
    }

    /// Adds a block on top.
    pub(super) fn push(&mut self, cell: Cell) {
        match cell {
            Cell::History(height) => {
                assert!(
                    self.grown.is_empty() && height == self.kept,
                    "a block of the history stands at its own height, upon the history"
                );
                self.kept += 1;
            }
            Cell::Grown { .. } => self.grown.push(cell),
        }
    }

    /// Takes away all blocks from a height on; answers them.
    pub(super) fn cut(&mut self, height: u64) -> Vec<Cell> {
        if height >= self.kept {
            return self.grown.split_off((height - self.kept) as usize);
        }
        let mut cut: Vec<_> = (height..self.kept).map(Cell::History).collect();
        cut.append(&mut self.grown);
        self.kept = height;
        cut
    }

    /// The blocks at existing heights, in pieces that lie together.
    pub(super) fn runs(&self, height: u64, blocks: u64) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        let end = height + blocks;
        if height < self.kept {
            runs.push(Run {
                is_history: true,
                offset: height,
                blocks: end.min(self.kept) - height,
            });
        }
        for next in height.max(self.kept)..end {
            let Some(Cell::Grown { at, .. }) = self.cell(next) else {
                break;
            };
            match runs.last_mut() {
                Some(run) if !run.is_history && run.offset + run.blocks == u64::from(at) => {
                    run.blocks += 1;
                }
                _ => runs.push(Run {
                    is_history: false,
                    offset: at.into(),
                    blocks: 1,
                }),
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grown(at: u32) -> Cell {
        Cell::Grown {
            at,
            fork: Fork::default(),
        }
    }

    #[test]
    fn what_is_cut_can_be_put_back() {
        for height in 0..9 {
            let mut branch = Branch::of_history(5);
            for at in [0, 1, 7, 8] {
                branch.push(grown(at));
            }
            let before: Vec<_> = (0..9).map(|h| branch.cell(h)).collect();
            let cut = branch.cut(height);
            assert_eq!(branch.len(), height);
            assert_eq!(cut.len() as u64, 9 - height);
            cut.into_iter().for_each(|cell| branch.push(cell));
            let after: Vec<_> = (0..9).map(|h| branch.cell(h)).collect();
            assert_eq!(after, before);
        }
    }

    #[test]
    fn runs_lie_together() {
        let mut branch = Branch::of_history(5);
        for at in [0, 1, 7, 8] {
            branch.push(grown(at));
        }
        let runs = |height, blocks| -> Vec<_> {
            let runs = branch.runs(height, blocks).into_iter();
            runs.map(|r| (r.is_history, r.offset, r.blocks)).collect()
        };
        assert_eq!(runs(0, 9), [(true, 0, 5), (false, 0, 2), (false, 7, 2)]);
        assert_eq!(runs(3, 2), [(true, 3, 2)]);
        assert_eq!(runs(6, 2), [(false, 1, 1), (false, 7, 1)]);
        assert!(branch.has_grown(7, 7) && !branch.has_grown(7, 1));
    }
}
