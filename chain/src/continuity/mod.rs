//! Continuity: an omission detector that needs nothing but the events themselves.
//!
//! Within a pool each swap begins where the one before ended, in price, tick and liquidity,
//! and the arithmetic of Uniswap V3 leaves hardly a unit of choice in its amounts. So an event
//! that was left out, altered, doubled or moved leaves a gap that the next one shows. Pure and
//! in memory: what cannot be known is [`Outcome::Unknowable`], never guessed. It holds for the
//! pools of Uniswap v3-core 1.0.1, whose fee never changes.

mod outcome;
mod path;
mod profile;
mod read;
mod seed;
mod track;

pub use outcome::{Contradiction, Outcome, Place, Unknown};
pub use path::PoolTerms;
pub use seed::Seed;

use std::collections::HashMap;
use tidegauge_model::{
    BlockNumber, BlockRange, Dispute, Extend, LiquidityChange, LiquidityEvent, Pool, PoolId,
    PoolVerdict, Swap, v3::FEE_DENOMINATOR,
};
use track::{Change, Track};

/// Most pools followed, some 200 bytes each; mainnet has some 6,000 that trade in a month.
const MAX_POOLS: usize = 32_768;

/// Most segments of all pools together, some 80 bytes each.
const MAX_SEGMENTS: usize = 1 << 18;

/// Follows every pool from event to event.
#[derive(Clone, Default)]
pub struct Continuity {
    pools: HashMap<PoolId, Track>,
    /// Segments of all tracks.
    segments: usize,
    counts: Counts,
}

/// How many events were judged, by outcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// They follow from the events before them.
    pub continues: u64,
    /// Nothing could be said, or not enough.
    pub unknowable: u64,
    /// They cannot follow.
    pub breaks: u64,
}

impl From<&Pool> for PoolTerms {
    fn from(pool: &Pool) -> Self {
        Self {
            fee_pips: pool.fee_pips,
            tick_spacing: pool.tick_spacing,
        }
    }
}

impl Continuity {
    /// Follows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Judges a swap; swaps and other events of a pool must come in the order of the chain.
    pub fn observe_swap(&mut self, swap: &Swap, terms: PoolTerms) -> Outcome {
        let outcome = match self.pools.get_mut(&swap.pool) {
            Some(track) => {
                let before = track.segments();
                let outcome = track.swap(swap);
                self.segments = self.segments - before + track.segments();
                self.shed();
                outcome
            }
            None => {
                self.insert(swap.pool, Track::from_swap(swap, terms));
                Outcome::Unknowable(Unknown::NoState)
            }
        };
        self.count(outcome)
    }

    /// Judges any other event of a pool; those that move neither price nor liquidity continue.
    pub fn observe_liquidity(&mut self, event: &LiquidityEvent, terms: PoolTerms) -> Outcome {
        let at = Place {
            block: event.block,
            log_index: event.log_index,
        };
        let change = match event.change {
            LiquidityChange::Initialize { sqrt_price, tick } => {
                let opened = Track::opened(at, sqrt_price, tick, terms);
                return self.open(event.pool, at, opened);
            }
            LiquidityChange::Mint {
                tick_lower,
                tick_upper,
                amount,
                amount0,
                amount1,
                ..
            } => Change {
                is_mint: true,
                tick_lower,
                tick_upper,
                liquidity: amount,
                amount0,
                amount1,
            },
            LiquidityChange::Burn {
                tick_lower,
                tick_upper,
                amount,
                amount0,
                amount1,
                ..
            } => Change {
                is_mint: false,
                tick_lower,
                tick_upper,
                liquidity: amount,
                amount0,
                amount1,
            },
            LiquidityChange::Collect { .. }
            | LiquidityChange::Flash { .. }
            | LiquidityChange::SetFeeProtocol { .. }
            | LiquidityChange::CollectProtocol { .. } => return self.count(Outcome::Continues),
        };
        let outcome = match self.pools.get_mut(&event.pool) {
            Some(track) => {
                let before = track.segments();
                let outcome = track.change(change, at);
                self.segments = self.segments - before + track.segments();
                self.shed();
                outcome
            }
            None => Outcome::Unknowable(Unknown::NoState),
        };
        let is_order = |what| matches!(what, Contradiction::Order);
        if matches!(outcome, Outcome::Breaks { what, .. } if !is_order(what)) {
            // It tells no price to go on from.
            self.forget(event.pool);
        }
        self.count(outcome)
    }

    /// Judges all events of the next blocks, in order. `lookup` names the terms of accepted
    /// pools whose verdict is not in the extend itself; of others nothing is said.
    pub fn judge(
        &mut self,
        extend: &Extend,
        lookup: impl Fn(PoolId) -> Option<PoolTerms>,
    ) -> Vec<Dispute> {
        let fresh: HashMap<PoolId, PoolTerms> = extend
            .verdicts
            .iter()
            .filter_map(|verdict| match verdict {
                PoolVerdict::Accepted(pool) => Some((pool.id, PoolTerms::from(pool))),
                PoolVerdict::Refused { .. } => None,
            })
            .collect();
        let mut disputes = Vec::new();
        for block in &extend.blocks {
            let terms = |pool| fresh.get(&pool).copied().or_else(|| lookup(pool));
            disputes.extend(self.observe(&block.swaps, &block.liquidity, terms));
        }
        disputes
    }

    /// Judges the events of one block, each kind in the order of its log indexes.
    pub fn observe(
        &mut self,
        swaps: &[Swap],
        changes: &[LiquidityEvent],
        lookup: impl Fn(PoolId) -> Option<PoolTerms>,
    ) -> Vec<Dispute> {
        let mut disputes = Vec::new();
        let mut swaps = swaps.iter().peekable();
        let mut changes = changes.iter().peekable();
        loop {
            let is_swap = match (swaps.peek(), changes.peek()) {
                (None, None) => return disputes,
                (Some(swap), Some(change)) => swap.log_index < change.log_index,
                (swap, _) => swap.is_some(),
            };
            let judged = if is_swap {
                swaps.next().and_then(|swap| {
                    let terms = self.terms(swap.pool, &lookup)?;
                    Some((swap.pool, swap.block, self.observe_swap(swap, terms)))
                })
            } else {
                changes.next().and_then(|change| {
                    let terms = self.terms(change.pool, &lookup)?;
                    Some((
                        change.pool,
                        change.block,
                        self.observe_liquidity(change, terms),
                    ))
                })
            };
            if let Some((pool, block, Outcome::Breaks { after, what })) = judged {
                tracing::debug!(%pool, block = block.0, ?after, ?what, "a pool's events contradict each other");
                disputes.push(Dispute {
                    range: BlockRange {
                        from: after.block.min(block),
                        to: block,
                    },
                    pool,
                });
            }
        }
    }

    fn terms(
        &self,
        pool: PoolId,
        lookup: impl Fn(PoolId) -> Option<PoolTerms>,
    ) -> Option<PoolTerms> {
        match self.pools.get(&pool) {
            Some(track) => Some(track.terms),
            None => lookup(pool),
        }
    }

    /// Goes on from a state that is known otherwise; `false`, and the pool forgotten, if the
    /// seed contradicts itself.
    pub fn rebase(&mut self, pool: PoolId, seed: &Seed, terms: PoolTerms) -> bool {
        self.forget(pool);
        let track = is_sound(terms).then(|| seed.track(terms)).flatten();
        let is_known = track.is_some();
        if let Some(track) = track {
            self.insert(pool, track);
        }
        is_known
    }

    /// Forgets a pool: its next event is unknowable.
    pub fn forget(&mut self, pool: PoolId) {
        if let Some(track) = self.pools.remove(&pool) {
            self.segments -= track.segments();
        }
    }

    /// Forgets every pool with an event above this block: they are observed again, or rebased.
    pub fn unwind(&mut self, to: BlockNumber) {
        self.pools.retain(|_, track| track.last.block <= to);
        self.segments = self.pools.values().map(Track::segments).sum();
    }

    /// What was judged so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn open(&mut self, pool: PoolId, at: Place, opened: Option<Track>) -> Outcome {
        let breaks = |after, what| Outcome::Breaks { after, what };
        let outcome = match (self.pools.get(&pool), &opened) {
            (Some(track), _) => breaks(track.last, Contradiction::Reopened),
            (None, None) => breaks(at, Contradiction::Tick),
            (None, Some(_)) => Outcome::Continues,
        };
        self.forget(pool);
        if let (Outcome::Continues, Some(track)) = (outcome, opened) {
            self.insert(pool, track);
        }
        self.count(outcome)
    }

    fn insert(&mut self, pool: PoolId, track: Track) {
        if is_sound(track.terms) {
            self.segments += track.segments();
            self.pools.insert(pool, track);
            self.shed();
        }
    }

    /// Keeps the limits: the quarter whose last events are oldest is forgotten.
    fn shed(&mut self) {
        while self.pools.len() > MAX_POOLS || self.segments > MAX_SEGMENTS {
            let mut lasts: Vec<Place> = self.pools.values().map(|track| track.last).collect();
            let oldest = lasts.len() / 4;
            let bound = *lasts.select_nth_unstable(oldest).1;
            self.pools.retain(|_, track| track.last > bound);
            self.segments = self.pools.values().map(Track::segments).sum();
        }
    }

    fn count(&mut self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Continues => self.counts.continues += 1,
            Outcome::Unknowable(_) => self.counts.unknowable += 1,
            Outcome::Breaks { .. } => self.counts.breaks += 1,
        }
        outcome
    }
}

/// Whether a pool can have such terms; a factory enables no others.
fn is_sound(terms: PoolTerms) -> bool {
    /// `UniswapV3Factory.enableFeeAmount`.
    const MAX_TICK_SPACING: i32 = 16_384;
    terms.fee_pips < FEE_DENOMINATOR && (1..MAX_TICK_SPACING).contains(&terms.tick_spacing)
}
