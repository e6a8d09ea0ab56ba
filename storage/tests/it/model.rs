//! Random steps against a plain list of blocks: the store always holds exactly the list.

use crate::commits::{assert_holds, assert_sound, open};
use crate::world::{Chain, START, World};
use proptest::prelude::*;
use tidegauge_model::{Evidence, Step};
use tidegauge_storage::logical_digest;

#[derive(Clone, Copy, Debug)]
enum Op {
    Extend { blocks: u64, evidence: usize },
    Finalize { below_tip: u64 },
    Reorg { depth: usize, parts: [u64; 2] },
    Reopen,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (1u64..8, 0usize..3).prop_map(|(blocks, evidence)| Op::Extend { blocks, evidence }),
        1 => (0u64..6).prop_map(|below_tip| Op::Finalize { below_tip }),
        3 => (0usize..9, 0u64..5, 0u64..5)
            .prop_map(|(depth, a, b)| Op::Reorg { depth, parts: [a, b] }),
        1 => Just(Op::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn the_store_is_its_chain(seed: u64, ops in proptest::collection::vec(op(), 1..16)) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        let mut world = World::new(seed, 10, 5);
        let mut chain = Chain::default();
        let mut finalized: Option<u64> = None;
        for op in ops {
            match op {
                Op::Extend { blocks, evidence } => {
                    let extend =
                        chain.grow(&mut world, blocks, finalized, Evidence::ALL[evidence]);
                    store.apply(&Step::Extend(extend)).unwrap();
                }
                Op::Finalize { below_tip } => {
                    let height = (START - 1 + chain.blocks.len() as u64).saturating_sub(below_tip);
                    finalized = finalized.max(Some(height));
                }
                Op::Reorg { depth, parts } => {
                    // The store knows a finalized height once a range brought it.
                    let known = store.reader().view().unwrap().finalized();
                    let unwindable = chain
                        .blocks
                        .iter()
                        .rev()
                        .take_while(|b| known.is_none_or(|f| b.number > f))
                        .count();
                    if chain.blocks.is_empty() {
                        continue;
                    }
                    let depth = depth.min(unwindable);
                    let to = chain.back(depth);
                    chain.blocks.truncate(chain.blocks.len() - depth);
                    let then = parts
                        .into_iter()
                        .filter(|n| *n > 0)
                        .map(|n| {
                            let finalized = known.map(|f| f.0);
                            chain.grow(&mut world, n, finalized, Evidence::Receipts)
                        })
                        .collect();
                    let applied = store.apply(&Step::Unwind { to, then }).unwrap();
                    prop_assert_eq!(applied.blocks_unwound, depth as u64);
                }
                Op::Reopen => {
                    drop(store);
                    store = open(dir.path());
                }
            }
            let reader = store.reader();
            assert_holds(&reader.view().unwrap(), &chain);
            assert_sound(&reader.view().unwrap());
        }
        // A store that only ever saw the final chain has the same digest.
        let other = tempfile::tempdir().unwrap();
        let mut fresh = open(other.path());
        if !chain.blocks.is_empty() {
            let whole = chain.extend_from(0, None, Evidence::Receipts);
            fresh.apply(&Step::Extend(whole)).unwrap();
        }
        prop_assert_eq!(
            logical_digest(&store.reader().view().unwrap()).unwrap(),
            logical_digest(&fresh.reader().view().unwrap()).unwrap()
        );
    }
}
