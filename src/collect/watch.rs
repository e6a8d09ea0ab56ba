//! Watching that each pool's events follow from each other, across steps and restarts.

use crate::error::Error;
use std::collections::HashMap;
use tidegauge_chain::Chain;
use tidegauge_chain::continuity::{Continuity, PoolTerms};
use tidegauge_model::{BlockNumber, BlockRange, Extend, PoolId, PoolVerdict, Step};
use tidegauge_storage::Reader;

/// Stored blocks observed before the first new one, some 14 hours of mainnet: a pool that was
/// silent for longer is judged from its second event on.
const WARM_UP_BLOCKS: u64 = 4_096;

/// Pools seeded from the chain at the start of a store; each takes some tens of calls.
const MAX_SEEDS: usize = 32;

/// Judges steps before they are committed.
pub(crate) struct Watch {
    continuity: Continuity,
    terms: HashMap<PoolId, PoolTerms>,
}

impl Watch {
    /// Observes the end of what is stored.
    ///
    /// # Errors
    /// What the store says of damaged rows.
    pub(crate) fn new(reader: &Reader) -> Result<Self, Error> {
        let mut watch = Self {
            continuity: Continuity::new(),
            terms: HashMap::new(),
        };
        let view = reader.view()?;
        for verdict in view.pools()? {
            watch.learn(&verdict?);
        }
        if let Some(tip) = view.tip()? {
            let to = tip.block.number;
            let from = BlockNumber(to.0.saturating_sub(WARM_UP_BLOCKS));
            let from = view.start().map_or(from, |start| from.max(start));
            if let Some(range) = BlockRange::new(from, to) {
                for block in view.walk(range)? {
                    let block = block?;
                    let terms = |pool| watch.terms.get(&pool).copied();
                    watch
                        .continuity
                        .observe(&block.swaps, &block.liquidity, terms);
                }
            }
        }
        Ok(watch)
    }

    /// Pools of a first range are seeded with what the chain says of them before it, as far as
    /// an endpoint still knows: without it, a pool's first swap cannot be judged.
    ///
    /// # Errors
    /// No usable answer; an endpoint without that history is none.
    pub(crate) async fn seed(&mut self, chain: &Chain, first: &Extend) -> Result<(), Error> {
        let Some(before) = first.covered.range.from.prev() else {
            return Ok(());
        };
        let accepted = first.verdicts.iter().filter_map(|verdict| match verdict {
            PoolVerdict::Accepted(pool) => Some(pool),
            PoolVerdict::Refused { .. } => None,
        });
        for pool in accepted.take(MAX_SEEDS) {
            if let Some(seed) = chain.pool_seed(pool, before).await? {
                self.continuity
                    .rebase(pool.id, &seed, PoolTerms::from(pool));
            }
        }
        Ok(())
    }

    /// Enters what these blocks put in doubt, the blocks before them included.
    pub(crate) fn judge(&mut self, step: &mut Step) {
        match step {
            Step::Extend(extend) => self.judge_range(extend),
            Step::Unwind { to, then } => {
                self.continuity.unwind(to.number);
                then.iter_mut().for_each(|extend| self.judge_range(extend));
            }
            Step::Repair(_) => {}
        }
    }

    fn judge_range(&mut self, extend: &mut Extend) {
        for verdict in &extend.verdicts {
            self.learn(verdict);
        }
        let terms = |pool| self.terms.get(&pool).copied();
        let found = self.continuity.judge(extend, terms);
        for dispute in &found {
            tracing::warn!(
                "pool {}: something is missing, or too much, in blocks {}; what receipts do not prove of them is fetched again",
                dispute.pool,
                dispute.range
            );
        }
        extend.disputes = found;
    }

    fn learn(&mut self, verdict: &PoolVerdict) {
        if let PoolVerdict::Accepted(pool) = verdict {
            self.terms.insert(pool.id, PoolTerms::from(pool));
        }
    }
}
