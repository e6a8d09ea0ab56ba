//! A stretch of the chain as a whole: what the oracle and a recompute in memory start from.

use crate::{FeatureSet, PoolInfo};
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
    /// The first day of which every block is known.
    pub fn first_whole_day(&self) -> Day {
        match self.after {
            None => Day::of(UnixSeconds(0)),
            Some(after) => Day::of(after).plus_days(1),
        }
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
