//! The range planner, over random histories of answers.

use proptest::prelude::*;
use std::collections::HashSet;
use tidegauge_chain::ranges::{RangePlanner, RangeRules, TooMuch};
use tidegauge_model::{BlockNumber, BlockRange};

const RULES: RangeRules = RangeRules {
    first_blocks: 64,
    max_blocks: 5_000,
    target_weight: 1_000,
};

fn range(from: u64, to: u64) -> BlockRange {
    BlockRange::new(BlockNumber(from), BlockNumber(to)).unwrap()
}

/// A provider with a span cap and a result cap, some busy blocks, and bad advice.
#[derive(Clone, Debug)]
struct Provider {
    span: u64,
    cap: u64,
    busy_every: u64,
    busy_weight: u64,
    advice: Option<u64>,
}

impl Provider {
    fn weight(&self, range: BlockRange) -> u64 {
        let busy = range.to.0 / self.busy_every - range.from.0.saturating_sub(1) / self.busy_every;
        range.len_blocks() + busy * self.busy_weight
    }
}

proptest! {
    #[test]
    fn every_block_is_covered_once_and_it_ends(
        from in 0u64..1_000,
        blocks in 1u64..20_000,
        span in 1u64..6_000,
        cap in 1u64..3_000,
        busy_every in 1u64..500,
        busy_weight in 0u64..5_000,
        advice in prop::option::of(0u64..10_000),
        order in any::<u64>(),
    ) {
        let provider = Provider { span, cap, busy_every, busy_weight, advice };
        let whole = range(from, from + blocks - 1);
        let mut planner = RangePlanner::new(whole, RULES);
        let mut done: Vec<BlockRange> = Vec::new();
        let mut failed: HashSet<BlockRange> = HashSet::new();
        let mut flight: Vec<BlockRange> = Vec::new();
        let mut order = order;
        let mut steps = 0u64;
        loop {
            while flight.len() < 5 {
                let Some(next) = planner.next_range() else { break };
                prop_assert!(!failed.contains(&next), "asked again as it was: {next}");
                flight.push(next);
            }
            if flight.is_empty() {
                break;
            }
            // Answers arrive in any order.
            order = order.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let asked = flight.swap_remove((order >> 33) as usize % flight.len());
            let weight = provider.weight(asked);
            let outcome = if asked.len_blocks() > provider.span {
                planner.too_wide(asked, provider.advice)
            } else if weight > provider.cap {
                planner.too_dense(asked, provider.advice)
            } else {
                planner.answered(asked, weight);
                done.push(asked);
                continue;
            };
            match outcome {
                TooMuch::Split => { failed.insert(asked); }
                TooMuch::SingleBlock => {
                    prop_assert_eq!(asked.len_blocks(), 1);
                    done.push(asked);
                }
            }
            steps += 1;
            prop_assert!(steps < 200_000, "does not end");
        }
        done.sort_by_key(|range| range.from);
        let mut next = whole.from;
        for range in &done {
            prop_assert_eq!(range.from, next);
            next = range.to.next();
        }
        prop_assert_eq!(next, whole.to.next());
    }
}

#[test]
fn a_span_cap_is_remembered() {
    let mut planner = RangePlanner::new(range(0, 9_999), RULES);
    let first = planner.next_range().unwrap();
    assert_eq!(first, range(0, 63));
    assert_eq!(planner.too_wide(first, Some(10)), TooMuch::Split);
    assert_eq!(planner.next_range(), Some(range(0, 9)));
    while planner.peek().is_some_and(|at| at.0 < 64) {
        let asked = planner.next_range().unwrap();
        planner.answered(asked, 0);
    }
    for _ in 0..50 {
        let asked = planner.next_range().unwrap();
        assert!(asked.len_blocks() <= 10, "{asked}");
        planner.answered(asked, 0);
    }
}

#[test]
fn a_density_ceiling_decays() {
    let mut planner = RangePlanner::new(range(0, 1_000_000), RULES);
    let first = planner.next_range().unwrap();
    planner.too_dense(first, None);
    let mut widest = 0;
    for _ in 0..60 {
        let asked = planner.next_range().unwrap();
        widest = widest.max(asked.len_blocks());
        planner.answered(asked, 0);
    }
    assert_eq!(widest, RULES.max_blocks);
}

#[test]
fn bad_advice_does_not_loop() {
    // The suggested range equals the requested one: a client that trusts it asks for ever.
    let mut planner = RangePlanner::new(range(0, 63), RULES);
    let asked = planner.next_range().unwrap();
    assert_eq!(planner.too_dense(asked, Some(64)), TooMuch::Split);
    assert_eq!(planner.next_range(), Some(range(0, 31)));
    let one = range(5, 5);
    assert_eq!(planner.too_dense(one, Some(1)), TooMuch::SingleBlock);
}

#[test]
fn ranges_follow_the_density() {
    let mut planner = RangePlanner::new(range(0, 1_000_000), RULES);
    let first = planner.next_range().unwrap();
    // Ten a block: a hundred blocks hold the thousand that a range aims at.
    planner.answered(first, first.len_blocks() * 10);
    assert_eq!(planner.next_range().unwrap().len_blocks(), 100);
    assert_eq!(planner.expected(range(0, 99)), Some(1_000));
}
