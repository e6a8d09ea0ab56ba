//! Watching that each pool's events follow from each other, across steps and restarts.

use crate::error::Error;
use std::collections::HashMap;
use tidegauge_chain::continuity::{Continuity, PoolTerms};
use tidegauge_model::{BlockNumber, BlockRange, Evidence, Extend, PoolId, PoolVerdict, Step};
use tidegauge_storage::Reader;

/// Stored blocks observed before the first new one, some 14 hours of mainnet: a pool that was
/// silent for longer is judged from its second event on.
const WARM_UP_BLOCKS: u64 = 4_096;

/// Judges steps before they are committed.
pub(crate) struct Watch {
    continuity: Continuity,
    terms: HashMap<PoolId, PoolTerms>,
    reader: Reader,
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
            reader: reader.clone(),
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

    /// Enters what these blocks put in doubt, the blocks before them included.
    ///
    /// # Errors
    /// What the store says of damaged rows.
    pub(crate) fn judge(&mut self, step: &mut Step) -> Result<(), Error> {
        match step {
            Step::Extend(extend) => self.judge_range(extend),
            Step::Unwind { to, then } => {
                self.continuity.unwind(to.number);
                then.iter_mut()
                    .try_for_each(|extend| self.judge_range(extend))
            }
            Step::Repair(_) => Ok(()),
        }
    }

    fn judge_range(&mut self, extend: &mut Extend) -> Result<(), Error> {
        for verdict in &extend.verdicts {
            self.learn(verdict);
        }
        let terms = |pool| self.terms.get(&pool).copied();
        let found = self.continuity.judge(extend, terms);
        for dispute in found {
            // What is proven is complete: then it is our reading of it that is in doubt.
            if self.is_proven(dispute.range, extend)? {
                tracing::error!(
                    "pool {}: blocks {} are proven by receipts, and yet its events do not follow from each other",
                    dispute.pool,
                    dispute.range
                );
                continue;
            }
            tracing::warn!(
                "pool {}: something is missing, or too much, in blocks {}: they are disputed, and will be fetched again by receipts",
                dispute.pool,
                dispute.range
            );
            extend.disputes.push(dispute);
        }
        Ok(())
    }

    fn is_proven(&self, range: BlockRange, extend: &Extend) -> Result<bool, Error> {
        let covered = extend.covered;
        if covered.evidence < Evidence::Receipts {
            return Ok(false);
        }
        let before = covered.range.from.prev();
        Ok(
            match before.and_then(|before| BlockRange::new(range.from, before)) {
                Some(stored) => {
                    self.reader.view()?.weakest_evidence(stored)? == Some(Evidence::Receipts)
                }
                None => true,
            },
        )
    }

    fn learn(&mut self, verdict: &PoolVerdict) {
        if let PoolVerdict::Accepted(pool) = verdict {
            self.terms.insert(pool.id, PoolTerms::from(pool));
        }
    }
}
