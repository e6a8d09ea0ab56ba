//! Random steps against a plain list of blocks: the store always holds exactly the list.

use crate::commits::{assert_holds, assert_sound, open};
use crate::world::{Chain, START, World, accepted, pool_id, pools_of, sum, tokens_of};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::Path;
use tidegauge_model::{
    Address, BlockNumber, BlockRange, Coverage, Dispute, Evidence, PoolId, Step,
};
use tidegauge_storage::{NoticeKind, Sequence, Store, View, logical_digest};

#[derive(Clone, Debug)]
enum Op {
    Extend {
        blocks: u64,
        evidence: usize,
        /// Spans below the range's end, each with a pool.
        disputes: Vec<(u64, u8)>,
    },
    Finalize {
        below_tip: u64,
    },
    Reorg {
        depth: usize,
        parts: [u64; 2],
    },
    /// A place among the final blocks, in thousandths.
    Repair {
        at: usize,
        blocks: usize,
        raise: usize,
    },
    Reopen,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (1u64..8, 0usize..3, proptest::collection::vec((0u64..12, 0u8..10), 0..3))
            .prop_map(|(blocks, evidence, disputes)| Op::Extend { blocks, evidence, disputes }),
        2 => (0u64..6).prop_map(|below_tip| Op::Finalize { below_tip }),
        3 => (0usize..9, 0u64..5, 0u64..5)
            .prop_map(|(depth, a, b)| Op::Reorg { depth, parts: [a, b] }),
        4 => (0usize..1_000, 1usize..9, 0usize..3)
            .prop_map(|(at, blocks, raise)| Op::Repair { at, blocks, raise }),
        1 => Just(Op::Reopen),
    ]
}

/// What the store should hold, kept the simple way.
#[derive(Default)]
struct Model {
    chain: Chain,
    /// Of each block of the chain.
    evidence: Vec<Evidence>,
    disputes: BTreeSet<Dispute>,
    /// Pools that final blocks have or had rows of: never forgotten.
    settled: BTreeSet<PoolId>,
}

impl Model {
    /// The final blocks.
    fn finals(&self, finalized: Option<BlockNumber>) -> usize {
        let blocks = self.chain.blocks.iter();
        blocks
            .take_while(|b| finalized.is_some_and(|f| b.number <= f))
            .count()
    }

    fn settle(&mut self, finalized: Option<BlockNumber>) {
        let finals = self.finals(finalized);
        let pools = self.chain.blocks[..finals].iter().flat_map(pools_of);
        self.settled.extend(pools);
    }

    fn pools(&self) -> BTreeSet<PoolId> {
        let met = self.chain.blocks.iter().flat_map(pools_of);
        met.chain(self.settled.iter().copied()).collect()
    }

    /// Disputes not wholly proven.
    fn forget_proven(&mut self) {
        let evidence = &self.evidence;
        self.disputes.retain(|d| {
            let (from, to) = (d.range.from.0 - START, d.range.to.0 - START);
            evidence[from as usize..=to as usize]
                .iter()
                .any(|e| *e < Evidence::Receipts)
        });
    }

    /// Runs of equal evidence.
    fn coverage(&self) -> Vec<Coverage> {
        let mut entries: Vec<Coverage> = Vec::new();
        let mut parent = Chain::default().tip().hash;
        for (block, evidence) in self.chain.blocks.iter().zip(&self.evidence) {
            match entries.last_mut() {
                Some(last) if last.evidence == *evidence => {
                    last.range.to = block.number;
                    last.end_hash = block.hash;
                    last.tally = last.tally.plus(block.tally);
                }
                _ => entries.push(Coverage {
                    range: BlockRange::one(block.number),
                    evidence: *evidence,
                    parent,
                    end_hash: block.hash,
                    tally: block.tally,
                }),
            }
            parent = block.hash;
        }
        entries
    }

    fn assert_is(&self, view: &View<'_>) {
        assert_holds(view, &self.chain);
        assert_sound(view);
        let coverage: Vec<_> = view.coverage().unwrap().map(Result::unwrap).collect();
        assert_eq!(coverage, self.coverage());
        let disputes: BTreeSet<_> = view.disputes().unwrap().map(Result::unwrap).collect();
        assert_eq!(disputes, self.disputes);
        let pools: BTreeSet<_> = view.pools().unwrap().map(|v| v.unwrap().id()).collect();
        assert_eq!(pools, self.pools());
        let tokens: BTreeSet<Address> = pools.iter().flat_map(|p| tokens_of(*p)).collect();
        assert_eq!(view.counters().tokens, tokens.len() as u64);
        assert_eq!(view.counters().logs, sum(&self.chain.blocks));
    }

    /// A store that was given the right data from the beginning has the same digest.
    fn assert_digest(&self, view: &View<'_>) {
        let dir = tempfile::tempdir().unwrap();
        let mut fresh = open(dir.path());
        if !self.chain.blocks.is_empty() {
            let mut whole = self.chain.extend_from(0, None, Evidence::Receipts);
            whole.verdicts = self.pools().into_iter().map(accepted).collect();
            let tokens: BTreeSet<_> = self.pools().into_iter().flat_map(tokens_of).collect();
            whole.tokens = tokens.into_iter().map(crate::world::token).collect();
            fresh.apply(&Step::Extend(whole)).unwrap();
        }
        assert_eq!(
            logical_digest(view).unwrap(),
            logical_digest(&fresh.reader().view().unwrap()).unwrap()
        );
    }
}

/// The store's steps beside the model's.
struct Pair<'a> {
    path: &'a Path,
    store: Option<Store>,
    model: Model,
    world: World,
    finalized: Option<u64>,
}

impl Pair<'_> {
    fn store(&mut self) -> &mut Store {
        self.store.as_mut().unwrap()
    }

    /// The store knows a finalized height once a range brought it.
    fn known_final(&mut self) -> Option<BlockNumber> {
        self.store().reader().view().unwrap().finalized()
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Extend {
                blocks,
                evidence,
                disputes,
            } => self.extend(blocks, Evidence::ALL[evidence], disputes),
            Op::Finalize { below_tip } => {
                let blocks = self.model.chain.blocks.len() as u64;
                let height = (START - 1 + blocks).saturating_sub(below_tip);
                self.finalized = self.finalized.max(Some(height));
            }
            Op::Reorg { depth, parts } => self.reorg(depth, parts),
            Op::Repair { at, blocks, raise } => self.repair(at, blocks, raise),
            Op::Reopen => {
                self.store = None;
                self.store = Some(open(self.path));
            }
        }
        let finalized = self.known_final();
        self.model.settle(finalized);
        let reader = self.store().reader();
        self.model.assert_is(&reader.view().unwrap());
    }

    fn extend(&mut self, blocks: u64, evidence: Evidence, disputes: Vec<(u64, u8)>) {
        let model = &mut self.model;
        let mut extend = model
            .chain
            .grow(&mut self.world, blocks, self.finalized, evidence);
        // By log pages, parents are not known.
        if evidence == Evidence::Claimed {
            let grown = model.chain.blocks.iter_mut().rev().take(blocks as usize);
            for block in grown.chain(&mut extend.blocks) {
                block.parent = None;
            }
        }
        model.evidence.resize(model.chain.blocks.len(), evidence);
        let pools = model.pools();
        for (span, pool) in disputes {
            let to = extend.covered.range.to;
            let from = BlockNumber((to.0 - span.min(to.0)).max(START));
            let range = BlockRange::new(from, to).unwrap();
            let pool = pool_id(pool);
            if pools.contains(&pool) {
                extend.disputes.push(Dispute { range, pool });
            }
        }
        model.disputes.extend(&extend.disputes);
        model.forget_proven();
        self.store().apply(&Step::Extend(extend)).unwrap();
    }

    fn reorg(&mut self, depth: usize, parts: [u64; 2]) {
        let known = self.known_final();
        let model = &mut self.model;
        let blocks = model.chain.blocks.len();
        if blocks == 0 {
            return;
        }
        let depth = depth.min(blocks - model.finals(known));
        let to = model.chain.back(depth);
        model.chain.blocks.truncate(blocks - depth);
        model.evidence.truncate(blocks - depth);
        model.disputes.retain(|d| d.range.to <= to.number);
        let mut then = Vec::new();
        for part in parts.into_iter().filter(|n| *n > 0) {
            let finalized = known.map(|f| f.0);
            let extend = model
                .chain
                .grow(&mut self.world, part, finalized, Evidence::Receipts);
            then.push(extend);
        }
        let grown = model.chain.blocks.len();
        model.evidence.resize(grown, Evidence::Receipts);
        let applied = self.store().apply(&Step::Unwind { to, then }).unwrap();
        assert_eq!(applied.blocks_unwound, depth as u64);
    }

    fn repair(&mut self, at: usize, blocks: usize, raise: usize) {
        let known = self.known_final();
        let model = &mut self.model;
        let finals = model.finals(known);
        if finals == 0 {
            return;
        }
        let at = finals * at / 1_000;
        let blocks = at..finals.min(at + blocks);
        let stored = *model.evidence[blocks.clone()].iter().max().unwrap();
        let evidence = Evidence::ALL[(stored as usize + raise).min(2)];
        let mut fetched: Vec<_> = model.chain.blocks[blocks.clone()]
            .iter()
            .map(|block| self.world.vary(block))
            .collect();
        // Receipts know every parent; pages know none.
        let mut parent = model.chain.clone();
        parent.blocks.truncate(at);
        let mut parent = parent.tip().hash;
        for block in &mut fetched {
            block.parent = (evidence != Evidence::Claimed).then_some(parent);
            parent = block.hash;
        }
        let mut repair = model.chain.repair(at, fetched, evidence);
        // What the store knows need not be said again.
        if raise == 0 {
            let known = model.pools();
            let tokens: BTreeSet<_> = known.iter().flat_map(|p| tokens_of(*p)).collect();
            repair.verdicts.retain(|v| !known.contains(&v.id()));
            repair.tokens.retain(|t| !tokens.contains(&t.address));
        }
        let old = model.chain.blocks[blocks.clone()].to_vec();
        model.chain.repaired(at, &repair.blocks);
        let new = model.chain.blocks[blocks.clone()].to_vec();
        let changed: Vec<_> = old
            .iter()
            .zip(&new)
            .filter(|(old, new)| (&old.swaps, &old.liquidity) != (&new.swaps, &new.liquidity))
            .map(|(_, new)| new.number)
            .collect();
        model.evidence[blocks].fill(evidence);
        if evidence == Evidence::Receipts {
            model.forget_proven();
        }
        model.settled.extend(new.iter().flat_map(pools_of));
        let before = self.store().reader().view().unwrap().counters();
        let done = self.store().apply(&Step::Repair(repair)).unwrap();
        let reader = self.store().reader();
        let view = reader.view().unwrap();
        let done = done.repaired.unwrap();
        assert_eq!(done.blocks_changed, changed.len() as u64);
        assert_eq!(
            before.swaps + done.swaps.added - done.swaps.removed,
            view.counters().swaps
        );
        assert_eq!(
            before.disputes - done.disputes_settled,
            view.counters().disputes
        );
        let last = view.notices(Sequence(0), usize::MAX).unwrap().pop();
        let told = last
            .filter(|n| n.kind == NoticeKind::Repaired)
            .map(|n| n.range);
        if let (Some(first), Some(last)) = (changed.first(), changed.last()) {
            assert_eq!(told, BlockRange::new(*first, *last));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_store_is_its_chain(
        seed: u64,
        seconds in prop_oneof![Just(12u64), Just(1_500), Just(20_000)],
        ops in proptest::collection::vec(op(), 1..24),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut pair = Pair {
            path: dir.path(),
            store: Some(open(dir.path())),
            model: Model::default(),
            world: World::new(seed, 10, 5).every(seconds),
            finalized: None,
        };
        for op in ops {
            pair.apply(op);
        }
        let reader = pair.store().reader();
        pair.model.assert_digest(&reader.view().unwrap());
        // All the way back: what a repair did beneath stays, all else goes.
        let known = pair.known_final();
        let depth = pair.model.chain.blocks.len() - pair.model.finals(known);
        pair.apply(Op::Reorg { depth, parts: [0, 0] });
        pair.model.assert_digest(&reader.view().unwrap());
    }
}
