//! Cutting a range into stretches that can be taken back one by one.
//!
//! An unwind goes to a block by height and hash, so a stretch ends where a
//! hash is known: at each block that was read, and at the range's end. What is
//! final already makes one stretch without a journal.

use std::collections::HashMap;
use std::ops::Range;
use tidegauge_model::{
    Address, B256, BlockNumber, BlockRange, Extend, PoolId, PoolOrigin, PoolVerdict, Token,
};

/// Part of a range, committed and unwound as a whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stretch {
    pub(crate) range: BlockRange,
    /// Hash of its last block.
    pub(crate) end_hash: B256,
    /// Its blocks among the range's.
    pub(crate) blocks: Range<usize>,
    /// Whether the journal keeps the way back.
    pub(crate) journaled: bool,
}

/// The stretches of a range, in order.
pub(crate) fn stretches(extend: &Extend, finalized: Option<BlockNumber>) -> Vec<Stretch> {
    let range = extend.covered.range;
    let is_final = |number| finalized.is_some_and(|f| number <= f);
    let mut all = Vec::new();
    let (mut from, mut first) = (range.from, 0);
    let mut cut = |number: BlockNumber, end_hash, next: usize, journaled| {
        if let Some(range) = BlockRange::new(from, number) {
            all.push(Stretch {
                range,
                end_hash,
                blocks: first..next,
                journaled,
            });
        }
        (from, first) = (number.next(), next);
    };
    if !is_final(range.to) {
        let finals = extend.blocks.partition_point(|b| is_final(b.number));
        if let Some(last) = finals.checked_sub(1).map(|i| &extend.blocks[i]) {
            cut(last.number, last.hash, finals, false);
        }
        for (index, block) in extend.blocks.iter().enumerate().skip(finals) {
            if block.number < range.to {
                cut(block.number, block.hash, index + 1, true);
            }
        }
    }
    cut(
        range.to,
        extend.covered.end_hash,
        extend.blocks.len(),
        !is_final(range.to),
    );
    all
}

/// The stretch to which each verdict and token belongs, so that it goes and comes with it.
pub(crate) struct Homes {
    verdicts: Vec<usize>,
    tokens: Vec<usize>,
}

impl Homes {
    pub(crate) fn verdicts<'e>(
        &'e self,
        extend: &'e Extend,
    ) -> impl Iterator<Item = (&'e PoolVerdict, usize)> {
        extend.verdicts.iter().zip(self.verdicts.iter().copied())
    }

    pub(crate) fn tokens<'e>(
        &'e self,
        extend: &'e Extend,
    ) -> impl Iterator<Item = (&'e Token, usize)> {
        extend.tokens.iter().zip(self.tokens.iter().copied())
    }
}

/// A verdict belongs where its pool is first met: its creation or its first row; a
/// token where its first pool is. What names no block belongs to the first stretch.
pub(crate) fn home_of(extend: &Extend, stretches: &[Stretch]) -> Homes {
    if stretches.len() == 1 {
        return Homes {
            verdicts: vec![0; extend.verdicts.len()],
            tokens: vec![0; extend.tokens.len()],
        };
    }
    let met = first_met(extend);
    let stretch_of = |number: BlockNumber| stretches.partition_point(|s| s.range.to < number);
    let mut token_homes: HashMap<Address, usize> = HashMap::new();
    let mut verdicts = Vec::with_capacity(extend.verdicts.len());
    for verdict in &extend.verdicts {
        let mut home = None;
        if let PoolVerdict::Accepted(pool) = verdict {
            let created = match pool.origin {
                PoolOrigin::Created { block, .. } if extend.covered.range.contains(block) => {
                    Some(block)
                }
                PoolOrigin::Created { .. } | PoolOrigin::Create2 => None,
            };
            let first = [created, met.get(&pool.id).copied()]
                .into_iter()
                .flatten()
                .min();
            home = first.map(stretch_of);
            for token in [pool.token0, pool.token1] {
                let token_home = token_homes.entry(token).or_insert(usize::MAX);
                *token_home = (*token_home).min(home.unwrap_or(0));
            }
        }
        verdicts.push(home.unwrap_or(0));
    }
    let tokens = extend
        .tokens
        .iter()
        .map(|t| token_homes.get(&t.address).copied().unwrap_or(0))
        .collect();
    Homes { verdicts, tokens }
}

fn first_met(extend: &Extend) -> HashMap<PoolId, BlockNumber> {
    let mut met = HashMap::new();
    for block in &extend.blocks {
        let pools = block.swaps.iter().map(|s| s.pool);
        for pool in pools.chain(block.liquidity.iter().map(|e| e.pool)) {
            met.entry(pool).or_insert(block.number);
        }
    }
    met
}
