//! A stretch of the chain as a whole: what the oracle and a recompute in memory start from.

use crate::{FeatureSet, Horizon, PoolInfo};
use std::collections::BTreeMap;
use tidegauge_model::{Day, LiquidityEvent, PoolId, Swap, UnixSeconds};

/// Between which times everything is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Covered {
    /// Timestamp of the block before the first; `None` if there is none: the chain began here.
    pub after: Option<UnixSeconds>,
    /// Every block with a timestamp below this is known.
    pub until: UnixSeconds,
}

impl Covered {
    /// Where it begins.
    pub fn horizon(&self) -> Horizon {
        Horizon { after: self.after }
    }

    /// The last day of which every block is known; `None` if there is none.
    pub fn last_whole_day(&self) -> Option<Day> {
        let last = Day::of(self.until).number().checked_sub(1)?;
        let last = Day::of(UnixSeconds(0)).plus_days(last);
        (last >= self.horizon().first_whole_day()).then_some(last)
    }
}

/// Everything that the features of a stretch of the chain rest on.
#[derive(Clone, Debug)]
pub struct History {
    /// By which definitions.
    pub set: FeatureSet,
    /// Accepted pools.
    pub pools: BTreeMap<PoolId, PoolInfo>,
    /// Swaps, by block and log index.
    pub swaps: Vec<Swap>,
    /// Other pool events, by block and log index.
    pub liquidity: Vec<LiquidityEvent>,
    /// What is covered.
    pub covered: Covered,
}
