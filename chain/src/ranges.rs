//! Which ranges to ask for: by density, under two ceilings, splitting what was too much.
//!
//! Pure: it is told what became of each range and says which to ask next. Every
//! block of the range is handed out until it is done; a range that failed is never
//! handed out again as it was.

use std::collections::BTreeMap;
use tidegauge_model::{BlockNumber, BlockRange};

/// Result counts at which providers cut an answer without saying so.
pub const KNOWN_CAPS: [u64; 3] = [10_000, 20_000, 50_000];

/// How ranges grow and shrink.
#[derive(Clone, Copy, Debug)]
pub struct RangeRules {
    /// Blocks of the first ranges, until the density is known.
    pub first_blocks: u64,
    /// Widest range.
    pub max_blocks: u64,
    /// Weight (logs, or bytes) that a range aims at.
    pub target_weight: u64,
}

/// Plans the ranges of one fetch.
#[derive(Debug)]
pub struct RangePlanner {
    rules: RangeRules,
    /// First block not yet handed out for the first time.
    frontier: Option<BlockNumber>,
    end: BlockNumber,
    /// Ranges to hand out again, by their first block.
    again: BTreeMap<BlockNumber, BlockRange>,
    /// The provider's block-range cap, once met.
    span_ceiling: u64,
    /// Width that was too much of late; recovers as ranges succeed.
    density_ceiling: u64,
    /// Running mean of weight per 1,024 blocks; `None` until a range was answered.
    density: Option<u64>,
}

/// What to do with a range that was too much.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TooMuch {
    /// Its parts will be handed out.
    Split,
    /// It is one block: ask for it in another way.
    SingleBlock,
}

impl RangePlanner {
    /// A planner for every block of `range`.
    pub fn new(range: BlockRange, rules: RangeRules) -> Self {
        Self {
            rules,
            frontier: Some(range.from),
            end: range.to,
            again: BTreeMap::new(),
            span_ceiling: rules.max_blocks.max(1),
            density_ceiling: rules.max_blocks.max(1),
            density: None,
        }
    }

    /// The next range to ask for: what failed first, then the frontier.
    pub fn next_range(&mut self) -> Option<BlockRange> {
        if let Some((_, range)) = self.again.pop_first() {
            return Some(range);
        }
        let from = self.frontier?;
        let width = self.width();
        let to = BlockNumber(from.0.saturating_add(width - 1).min(self.end.0));
        self.frontier = (to < self.end).then(|| to.next());
        Some(BlockRange { from, to })
    }

    /// First block of the next range, if any is left to hand out.
    pub fn peek(&self) -> Option<BlockNumber> {
        self.again.keys().next().copied().or(self.frontier)
    }

    /// A range was answered with so much weight.
    pub fn answered(&mut self, range: BlockRange, weight: u64) {
        let blocks = range.len_blocks();
        let density =
            u64::try_from(u128::from(weight) * 1024 / u128::from(blocks)).unwrap_or(u64::MAX);
        self.density = Some(match self.density {
            None => density,
            // Three parts old to one part new smooths busy and quiet hours.
            Some(old) => {
                u64::try_from((u128::from(old) * 3 + u128::from(density)) / 4).unwrap_or(u64::MAX)
            }
        });
        // The density ceiling was local: an eighth more with every success.
        self.density_ceiling = self
            .density_ceiling
            .saturating_add(self.density_ceiling / 8 + 1)
            .min(self.rules.max_blocks.max(1));
    }

    /// A range was wider than the provider allows; `limit` is the width it named.
    pub fn too_wide(&mut self, range: BlockRange, limit: Option<u64>) -> TooMuch {
        let width = self.narrower(range, limit);
        self.span_ceiling = self.span_ceiling.min(width);
        self.split(range, width)
    }

    /// A range held too much, or was suspected to; `width` is the width suggested.
    pub fn too_dense(&mut self, range: BlockRange, width: Option<u64>) -> TooMuch {
        let width = self.narrower(range, width);
        self.density_ceiling = self.density_ceiling.min(width);
        self.split(range, width)
    }

    /// Whether a range was answered yet, so that the next ones have the width that suits them.
    pub fn knows_density(&self) -> bool {
        self.density.is_some()
    }

    /// Weight expected in a range by the running density; `None` while it is unknown.
    pub fn expected(&self, range: BlockRange) -> Option<u64> {
        let expected = u128::from(self.density?) * u128::from(range.len_blocks()) / 1024;
        u64::try_from(expected).ok()
    }

    fn width(&self) -> u64 {
        let by_density = match self.density {
            None => self.rules.first_blocks,
            Some(density) => {
                let weight = u128::from(self.rules.target_weight) * 1024;
                u64::try_from(weight / u128::from(density.max(1))).unwrap_or(u64::MAX)
            }
        };
        by_density
            .min(self.rules.max_blocks)
            .min(self.span_ceiling)
            .min(self.density_ceiling)
            .max(1)
    }

    /// A suggestion counts as a width, and only if it is narrower than what failed.
    fn narrower(&self, range: BlockRange, suggested: Option<u64>) -> u64 {
        let blocks = range.len_blocks();
        suggested
            .filter(|width| (1..blocks).contains(width))
            .unwrap_or(blocks / 2)
            .max(1)
    }

    /// Most parts of one split; a narrower suggestion is reached by splitting again.
    const MAX_PARTS: u64 = 64;

    fn split(&mut self, range: BlockRange, width: u64) -> TooMuch {
        let blocks = range.len_blocks();
        if blocks == 1 {
            return TooMuch::SingleBlock;
        }
        let width = width.max(blocks.div_ceil(Self::MAX_PARTS)).min(blocks - 1);
        let mut from = range.from;
        loop {
            let to = BlockNumber(from.0.saturating_add(width - 1).min(range.to.0));
            self.again.insert(from, BlockRange { from, to });
            if to == range.to {
                return TooMuch::Split;
            }
            from = to.next();
        }
    }
}

/// Whether a count looks like a cut answer.
pub fn is_suspect(count: u64) -> bool {
    KNOWN_CAPS.contains(&count)
}
