//! Repairs: what is refused, what each kind of difference becomes, what mirrors are told.

use crate::commits::{assert_holds, assert_sound, open};
use crate::world::{Chain, START, World, accepted, pool_id, refused, sum, token, tokens_of};
use tidegauge_model::{
    Address, B256, BlockNumber, BlockRange, Coverage, Dispute, ErrorClass, Evidence, LogIndex,
    PoolId, PoolOrigin, PoolVerdict, Repair, Step, UnixSeconds,
};
use tidegauge_storage::{
    NoticeKind, RowChanges, Sequence, Store, StoreError, View, logical_digest,
};

fn range(from: u64, to: u64) -> BlockRange {
    BlockRange::new(BlockNumber(START + from), BlockNumber(START + to)).unwrap()
}

fn coverage(view: &View<'_>) -> Vec<(u64, u64, Evidence)> {
    view.coverage()
        .unwrap()
        .map(Result::unwrap)
        .map(|c| (c.range.from.0 - START, c.range.to.0 - START, c.evidence))
        .collect()
}

fn last_notice(view: &View<'_>) -> (NoticeKind, BlockRange) {
    let notice = view.notices(Sequence(0), 10_000).unwrap().pop().unwrap();
    assert_eq!(Some(notice.tip), view.tip().unwrap().map(|tip| tip.block));
    (notice.kind, notice.range)
}

/// A chain of 30 blocks with these levels of evidence, ten blocks each, final up to the 25th.
fn filled(store: &mut Store, world: &mut World, levels: [Evidence; 3]) -> Chain {
    let mut chain = Chain::default();
    for evidence in levels {
        let extend = chain.grow(world, 10, Some(START + 24), evidence);
        store.apply(&Step::Extend(extend)).unwrap();
    }
    chain
}

type Spoiler = (&'static str, fn(&mut Repair), ErrorClass, &'static str);

#[test]
fn repairs_that_do_not_fit_change_nothing() {
    use Evidence::{Bloom, Claimed, Receipts};
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut world = World::new(20, 5, 6);
    let chain = filled(&mut store, &mut world, [Claimed, Bloom, Receipts]);
    let reader = store.reader();
    let state = |view: &View<'_>| {
        let coverage: Vec<_> = view.coverage().unwrap().map(Result::unwrap).collect();
        let notices = view.notices(Sequence(0), 10_000).unwrap().len();
        (
            logical_digest(view).unwrap(),
            view.counters(),
            coverage,
            notices,
        )
    };
    let before = state(&reader.view().unwrap());
    // Blocks 12 to 15, of which the store has evidence `bloom`.
    let good = chain.repair(12, chain.blocks[12..16].to_vec(), Bloom);
    let spoilers: &[Spoiler] = &[
        (
            "above the final block",
            |r| r.covered.range.to = BlockNumber(START + 25),
            ErrorClass::Refused,
            "only blocks up to the final one, 1024",
        ),
        (
            "above the tip",
            |r| r.covered.range.to = BlockNumber(START + 30),
            ErrorClass::Refused,
            "collected are repaired, and these are 1000..=1029",
        ),
        (
            "below the start",
            |r| r.covered.range.from = BlockNumber(START - 1),
            ErrorClass::Refused,
            "collected are repaired, and these are 1000..=1029",
        ),
        (
            "weaker evidence",
            |r| r.covered.evidence = Claimed,
            ErrorClass::Refused,
            "evidence `bloom`, and evidence never falls",
        ),
        (
            "another parent",
            |r| {
                r.covered.parent = B256::ZERO;
                r.blocks[0].parent = None;
            },
            ErrorClass::Transient,
            "block 1011 is 0x",
        ),
        (
            "another end",
            |r| {
                r.covered.end_hash = B256::ZERO;
                r.blocks[3].hash = B256::ZERO;
            },
            ErrorClass::Transient,
            "block 1015 is 0x",
        ),
        (
            "another end, not read",
            |r| {
                r.covered.end_hash = B256::ZERO;
                r.blocks.pop();
                r.covered.tally = sum(&r.blocks);
            },
            ErrorClass::Transient,
            "block 1015 is 0x",
        ),
        (
            "no link to a parent that is known",
            |r| {
                r.blocks[1].hash = B256::ZERO;
                r.blocks[2].parent = None;
            },
            ErrorClass::Refused,
            "block 1014 does not link",
        ),
        (
            "older than the block before",
            |r| {
                for block in &mut r.blocks {
                    block.timestamp = UnixSeconds(1_600_000_000);
                    block.swaps.clear();
                    block.liquidity.clear();
                    block.tally = Default::default();
                }
                r.covered.tally = Default::default();
            },
            ErrorClass::Refused,
            "timestamp of block 1012 lies before",
        ),
        (
            "younger than the block after",
            |r| {
                let last = &mut r.blocks[3];
                last.timestamp = UnixSeconds(1_800_000_000);
                last.swaps.clear();
                last.liquidity.clear();
                last.tally = Default::default();
                r.covered.tally = sum(&r.blocks);
            },
            ErrorClass::Refused,
            "timestamp of block 1016 lies before",
        ),
        (
            "tally",
            |r| r.covered.tally.received += 1,
            ErrorClass::Refused,
            "not the sum",
        ),
        (
            "a pool nobody judged",
            |r| {
                let block = r.blocks.iter_mut().find(|b| !b.swaps.is_empty()).unwrap();
                block.swaps[0].pool = pool_id(77);
            },
            ErrorClass::Refused,
            "not accepted",
        ),
        (
            "a token nobody described",
            |r| {
                if let PoolVerdict::Accepted(mut pool) = accepted(pool_id(78)) {
                    pool.token0 = Address::repeat_byte(0x77);
                    r.verdicts.push(PoolVerdict::Accepted(pool));
                }
            },
            ErrorClass::Refused,
            "is not described",
        ),
        (
            "a pool refused",
            |r| {
                let id = r.verdicts[0].id();
                r.verdicts = vec![refused(id.0[0])];
            },
            ErrorClass::Refused,
            "judged before",
        ),
    ];
    for (name, spoil, class, says) in spoilers {
        let mut bad = good.clone();
        spoil(&mut bad);
        let Err(error) = store.apply(&Step::Repair(bad)) else {
            panic!("{name}: it was taken");
        };
        let text = error.to_string();
        assert!(matches!(error, StoreError::StepRefused { .. }), "{text}");
        assert!(text.contains(says), "{name}: `{text}` lacks `{says}`");
        assert_eq!(error.class(), *class, "{name}: {text}");
        assert_eq!(state(&reader.view().unwrap()), before, "{name}");
    }
    let over = chain.repair(12, chain.blocks[12..22].to_vec(), Bloom);
    let text = store.apply(&Step::Repair(over)).unwrap_err().to_string();
    assert!(
        text.contains("1020..=1029 are stored with evidence `receipts`"),
        "{text}"
    );
    assert_eq!(state(&reader.view().unwrap()), before);
    store.apply(&Step::Repair(good)).unwrap();
    let mut empty = open(&dir.path().join("empty"));
    let first = chain.repair(0, chain.blocks[..1].to_vec(), Receipts);
    let text = empty.apply(&Step::Repair(first)).unwrap_err().to_string();
    assert!(text.contains("these are none"), "{text}");
}

/// From, to, evidence, evidence before, and the ledger afterwards.
type Part = (
    usize,
    usize,
    Evidence,
    Evidence,
    &'static [(u64, u64, Evidence)],
);

#[test]
fn the_same_again_changes_nothing_but_evidence() {
    use Evidence::{Bloom, Claimed, Receipts};
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut world = World::new(21, 5, 6);
    let chain = filled(&mut store, &mut world, [Claimed, Bloom, Receipts]);
    let reader = store.reader();
    let digest = logical_digest(&reader.view().unwrap()).unwrap();
    let notices = reader.view().unwrap().notices(Sequence(0), 100).unwrap();
    let parts: &[Part] = &[
        (
            3,
            5,
            Claimed,
            Claimed,
            &[(0, 9, Claimed), (10, 19, Bloom), (20, 29, Receipts)],
        ),
        (
            3,
            5,
            Receipts,
            Claimed,
            &[
                (0, 2, Claimed),
                (3, 5, Receipts),
                (6, 9, Claimed),
                (10, 19, Bloom),
                (20, 29, Receipts),
            ],
        ),
        // What is left joins its neighbours.
        (
            6,
            9,
            Bloom,
            Claimed,
            &[
                (0, 2, Claimed),
                (3, 5, Receipts),
                (6, 19, Bloom),
                (20, 29, Receipts),
            ],
        ),
        (
            0,
            2,
            Receipts,
            Claimed,
            &[(0, 5, Receipts), (6, 19, Bloom), (20, 29, Receipts)],
        ),
        (4, 24, Receipts, Bloom, &[(0, 29, Receipts)]),
    ];
    for (from, to, evidence, evidence_before, expected) in parts {
        let repair = chain.repair(*from, chain.blocks[*from..=*to].to_vec(), *evidence);
        let done = store.apply(&Step::Repair(repair)).unwrap();
        assert_eq!(done.tip, Some(chain.tip()));
        assert_eq!((done.blocks_covered, done.swaps), (0, 0));
        let done = done.repaired.unwrap();
        assert_eq!(done.evidence_before, *evidence_before);
        assert_eq!(done.range, range(*from as u64, *to as u64));
        assert_eq!((done.blocks_changed, done.records_changed), (0, 0));
        assert!(!done.found_errors());
        let view = reader.view().unwrap();
        assert_eq!(coverage(&view), *expected);
        assert_sound(&view);
        assert_eq!(view.notices(Sequence(0), 100).unwrap(), notices);
    }
    assert_eq!(logical_digest(&reader.view().unwrap()).unwrap(), digest);
}

/// As log pages give a chain: no parents, no origins, no blocks without our logs.
fn paged(chain: &Chain, evidence: Evidence) -> tidegauge_model::Extend {
    let mut extend = chain.extend_from(0, Some(START + 1_000), evidence);
    extend.blocks.retain(|b| b.tally.received > 0);
    for block in &mut extend.blocks {
        block.parent = None;
        for swap in &mut block.swaps {
            swap.origin = None;
        }
    }
    extend
}

#[test]
fn receipts_make_whole_what_pages_knew() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut world = World::new(22, 5, 3);
    let mut chain = Chain::default();
    chain.grow(&mut world, 40, None, Evidence::Receipts);
    let mut pages = paged(&chain, Evidence::Claimed);
    // The endpoint lost a swap, made one up, and changed one.
    let places: Vec<_> = (0..pages.blocks.len())
        .filter(|i| pages.blocks[*i].swaps.len() > 1)
        .collect();
    let [lost, invented, changed] = [places[1], places[3], places[4]];
    pages.blocks[lost].swaps.remove(0);
    let mut extra = pages.blocks[invented].swaps[1].clone();
    extra.log_index = LogIndex(extra.log_index.0 + 50);
    pages.blocks[invented].swaps.push(extra);
    pages.blocks[changed].swaps[0].tick += 1;
    for (place, by) in [(lost, -1), (invented, 1)] {
        let tally = &mut pages.blocks[place].tally;
        tally.decoded = tally.decoded.checked_add_signed(by).unwrap();
        tally.received = tally.decoded;
    }
    pages.covered.tally = sum(&pages.blocks);
    let [first, last] = [lost, changed].map(|place| pages.blocks[place].number);
    let told_of: u64 = pages.blocks.iter().map(|b| b.swaps.len() as u64).sum();
    let read = pages.blocks.len() as u64;
    store.apply(&Step::Extend(pages)).unwrap();

    // The pages again, right this time: what was wrong is corrected, the rest is left alone.
    let right = paged(&chain, Evidence::Claimed);
    let done = store
        .apply(&Step::Repair(Repair {
            covered: right.covered,
            blocks: right.blocks,
            verdicts: vec![],
            tokens: vec![],
        }))
        .unwrap()
        .repaired
        .unwrap();
    assert_eq!(
        done.swaps,
        RowChanges {
            added: 1,
            removed: 1,
            corrected: 1,
            enriched: 0
        }
    );
    assert_eq!((done.blocks_changed, done.records_changed), (3, 3));
    assert!(done.found_errors());
    let reader = store.reader();
    assert_eq!(
        last_notice(&reader.view().unwrap()),
        (NoticeKind::Repaired, BlockRange::new(first, last).unwrap())
    );

    // Receipts: origins, parents and the blocks without logs.
    let origins = chain.blocks.iter().flat_map(|b| &b.swaps);
    let origins = origins.filter(|s| s.origin.is_some()).count() as u64;
    let whole = chain.repair(0, chain.blocks.clone(), Evidence::Receipts);
    let done = store.apply(&Step::Repair(whole)).unwrap().repaired.unwrap();
    assert_eq!(
        done.swaps,
        RowChanges {
            enriched: origins,
            ..RowChanges::default()
        }
    );
    assert!(!done.found_errors());
    assert_eq!(done.records_changed, 40);
    assert!(read < 40 && told_of > origins && done.blocks_changed < 40);
    let view = reader.view().unwrap();
    assert_holds(&view, &chain);
    assert_sound(&view);
    assert_eq!(coverage(&view), [(0, 39, Evidence::Receipts)]);
    let fresh = tempfile::tempdir().unwrap();
    let mut fresh = open(fresh.path());
    let from_the_start = chain.extend_from(0, None, Evidence::Receipts);
    fresh.apply(&Step::Extend(from_the_start)).unwrap();
    assert_eq!(
        logical_digest(&view).unwrap(),
        logical_digest(&fresh.reader().view().unwrap()).unwrap()
    );
    // Pages, being weaker, take nothing back.
    let again = paged(&chain, Evidence::Claimed);
    let error = store.apply(&Step::Repair(Repair {
        covered: again.covered,
        blocks: again.blocks,
        verdicts: vec![],
        tokens: vec![],
    }));
    assert!(error.is_err());
}

#[test]
fn what_final_blocks_need_outlives_the_blocks_that_met_it_first() {
    let new_pool = pool_id(200);
    for says_it in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        let mut world = World::new(23, 4, 5);
        let mut chain = filled(&mut store, &mut world, [Evidence::Receipts; 3]);
        // A block that is not final meets a pool first.
        let mut block = world.full_block(START + 30, chain.tip().hash, 2);
        block.swaps[0].pool = new_pool;
        chain.blocks.push(block);
        let extend = chain.extend_from(30, Some(START + 24), Evidence::Receipts);
        assert!(extend.verdicts.iter().any(|v| v.id() == new_pool));
        store.apply(&Step::Extend(extend)).unwrap();
        // Then a final block turns out to hold a swap of it, too.
        let mut final_block = chain.blocks[10].clone();
        let mut swap = chain.blocks[30].swaps[0].clone();
        swap.block = final_block.number;
        swap.timestamp = final_block.timestamp;
        swap.log_index = LogIndex(1_000);
        final_block.swaps.push(swap);
        final_block.tally.received += 1;
        final_block.tally.decoded += 1;
        let mut repair = chain.repair(10, vec![final_block.clone()], Evidence::Receipts);
        if !says_it {
            repair.verdicts.clear();
            repair.tokens.clear();
        }
        let done = store.apply(&Step::Repair(repair)).unwrap();
        assert_eq!(done.repaired.unwrap().swaps.added, 1);
        chain.repaired(10, &[final_block]);
        let reader = store.reader();
        assert_holds(&reader.view().unwrap(), &chain);
        assert_sound(&reader.view().unwrap());
        let to = chain.back(6);
        chain.blocks.truncate(25);
        store.apply(&Step::Unwind { to, then: vec![] }).unwrap();
        let view = reader.view().unwrap();
        assert_holds(&view, &chain);
        assert_sound(&view);
        assert!(view.pool(new_pool).unwrap().is_some());
        for address in tokens_of(new_pool) {
            assert!(view.token(address).unwrap().is_some());
        }
    }
}

#[test]
fn where_a_pool_was_made_stays_known() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut world = World::new(24, 1, 3);
    let mut chain = Chain::default();
    let mut extend = chain.grow(&mut world, 20, Some(START + 30), Evidence::Receipts);
    let pool: PoolId = extend.verdicts[0].id();
    let made_at = |block: u64| {
        let PoolVerdict::Accepted(mut verdict) = accepted(pool) else {
            panic!("accepted");
        };
        verdict.origin = PoolOrigin::Created {
            block: BlockNumber(START + block),
            log_index: LogIndex(0),
        };
        PoolVerdict::Accepted(verdict)
    };
    extend.verdicts = vec![made_at(2)];
    store.apply(&Step::Extend(extend)).unwrap();
    let reader = store.reader();
    // Outside of the range it is not in question; inside, what was fetched decides.
    for (at, given, expected) in [
        (5, accepted(pool), made_at(2)),
        (5, made_at(3), made_at(3)),
        (2, accepted(pool), accepted(pool)),
        (5, made_at(2), made_at(2)),
    ] {
        let stored = reader.view().unwrap().pool(pool).unwrap();
        let mut repair = chain.repair(at, chain.blocks[at..at + 2].to_vec(), Evidence::Receipts);
        repair.verdicts = vec![given.clone()];
        store.apply(&Step::Repair(repair)).unwrap();
        let found = reader.view().unwrap().pool(pool).unwrap().unwrap();
        assert_eq!(found, expected, "at {at}, {stored:?}, {given:?}");
        assert_sound(&reader.view().unwrap());
    }
}

#[test]
fn disputes_end_where_receipts_prove_all_of_them() {
    use Evidence::{Claimed, Receipts};
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut world = World::new(25, 2, 6);
    let mut chain = Chain::default();
    let pool = pool_id(0);
    let dispute = |from, to| Dispute {
        range: range(from, to),
        pool,
    };
    let open_now = |store: &Store| -> Vec<_> {
        let reader = store.reader();
        let view = reader.view().unwrap();
        assert_sound(&view);
        view.disputes().unwrap().map(Result::unwrap).collect()
    };
    let mut first = chain.grow(&mut world, 10, Some(START + 14), Claimed);
    first.disputes = vec![dispute(7, 9), dispute(2, 9), dispute(2, 9)];
    assert!(first.verdicts.iter().any(|v| v.id() == pool));
    assert_eq!(
        store.apply(&Step::Extend(first)).unwrap().disputes_opened,
        2
    );
    // Some end above what is final; receipts refute one at once.
    let mut second = chain.grow(&mut world, 10, Some(START + 14), Receipts);
    second.disputes = vec![dispute(9, 18), dispute(12, 18), dispute(5, 19)];
    assert_eq!(
        store.apply(&Step::Extend(second)).unwrap().disputes_opened,
        2
    );
    let all = [dispute(2, 9), dispute(5, 19), dispute(7, 9), dispute(9, 18)];
    assert_eq!(open_now(&store), all);
    for (wrong, from, to) in [("ends elsewhere", 11, 12), ("ends later", 20, 25)] {
        let mut longer = chain.clone();
        let mut extend = longer.grow(&mut world, 1, Some(START + 14), Receipts);
        extend.disputes = vec![dispute(from, to)];
        let error = store.apply(&Step::Extend(extend)).unwrap_err();
        assert!(
            error.to_string().contains("does not end in them"),
            "{wrong}: {error}"
        );
    }
    let repair = |store: &mut Store, from: usize, to: usize, evidence| {
        let repair = chain.repair(from, chain.blocks[from..=to].to_vec(), evidence);
        store
            .apply(&Step::Repair(repair))
            .unwrap()
            .repaired
            .unwrap()
    };
    assert_eq!(repair(&mut store, 0, 9, Claimed).disputes_settled, 0);
    // With the receipts behind it, block 9 is all that one lacks.
    assert_eq!(repair(&mut store, 9, 9, Receipts).disputes_settled, 1);
    assert_eq!(
        open_now(&store),
        [dispute(2, 9), dispute(5, 19), dispute(7, 9)]
    );
    assert_eq!(repair(&mut store, 7, 8, Receipts).disputes_settled, 1);
    assert_eq!(open_now(&store), [dispute(2, 9), dispute(5, 19)]);
    // What ends above goes with the blocks above; what was settled does not come back.
    let to = chain.back(5);
    store.apply(&Step::Unwind { to, then: vec![] }).unwrap();
    assert_eq!(open_now(&store), [dispute(2, 9)]);
    assert_eq!(repair(&mut store, 2, 6, Receipts).disputes_settled, 1);
    assert_eq!(open_now(&store), []);
}

#[test]
fn certificates_say_what_is_known_and_how() {
    use Evidence::{Bloom, Claimed, Receipts};
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut world = World::new(26, 4, 6);
    let mut chain = Chain::default();
    let reader = store.reader();
    assert_eq!(
        reader.view().unwrap().certificate(range(0, 3)).unwrap(),
        None
    );
    let mut pages = chain.grow(&mut world, 10, Some(START + 30), Claimed);
    // Only its hash says that the last block is known.
    pages.blocks.retain(|b| b.number.0 % 3 == 0);
    for block in &mut pages.blocks {
        block.parent = None;
    }
    pages.covered.tally = sum(&pages.blocks);
    pages.disputes = vec![Dispute {
        range: range(6, 9),
        pool: pages
            .blocks
            .iter()
            .find_map(|b| b.swaps.first())
            .unwrap()
            .pool,
    }];
    let kept: Vec<_> = pages.blocks.clone();
    store.apply(&Step::Extend(pages)).unwrap();
    for evidence in [Bloom, Receipts] {
        let extend = chain.grow(&mut world, 10, Some(START + 30), evidence);
        store.apply(&Step::Extend(extend)).unwrap();
    }
    let view = reader.view().unwrap();
    assert_sound(&view);
    let totals = view.evidence_totals().unwrap();
    assert_eq!(totals.map(|t| t.evidence), Evidence::ALL);
    assert_eq!(totals.map(|t| (t.ranges, t.blocks)), [(1, 10); 3]);
    assert_eq!(totals[0].logs, sum(&kept));
    assert_eq!(totals[1].logs, sum(&chain.blocks[10..20]));
    for (from, to, weakest) in [
        (0, 29, Some(Claimed)),
        (9, 10, Some(Claimed)),
        (10, 29, Some(Bloom)),
        (20, 29, Some(Receipts)),
        (20, 30, None),
    ] {
        assert_eq!(view.weakest_evidence(range(from, to)).unwrap(), weakest);
    }
    let hash = |n: u64| chain.blocks[n as usize].hash;
    let unknown = (0..10)
        .filter(|n| kept.iter().all(|b| b.number.0 != START + n) && *n != 9)
        .collect::<Vec<_>>();
    for n in 0..30 {
        let expected = (!unknown.contains(&n)).then(|| hash(n));
        assert_eq!(
            view.header_hash(BlockNumber(START + n)).unwrap(),
            expected,
            "{n}"
        );
    }
    let before_start = BlockNumber(START - 1);
    assert_eq!(
        view.header_hash(before_start).unwrap(),
        Some(Chain::default().tip().hash)
    );
    let asked = range(8, 24);
    let certificate = view.certificate(asked).unwrap().unwrap();
    assert_eq!((certificate.range, certificate.evidence), (asked, Claimed));
    assert_eq!(certificate.end_hash, Some(hash(24)));
    let entries: Vec<_> = certificate
        .entries
        .iter()
        .map(|e| (e.range, e.evidence, e.end_hash))
        .collect();
    assert_eq!(
        entries,
        [
            (range(8, 9), Claimed, Some(hash(9))),
            (range(10, 19), Bloom, Some(hash(19))),
            (range(20, 24), Receipts, Some(hash(24))),
        ]
    );
    let blocks: Vec<_> = kept
        .iter()
        .chain(&chain.blocks[10..])
        .filter(|b| asked.contains(b.number))
        .cloned()
        .collect();
    let swaps: usize = blocks.iter().map(|b| b.swaps.len()).sum();
    let liquidity: usize = blocks.iter().map(|b| b.liquidity.len()).sum();
    assert_eq!(certificate.blocks, blocks.len() as u64);
    assert_eq!(certificate.swaps, swaps as u64);
    assert_eq!(certificate.liquidity, liquidity as u64);
    assert_eq!(certificate.logs, sum(&blocks));
    assert_eq!(certificate.disputes, 1);
    let of = view.coverage_of(asked).unwrap();
    let all: Vec<Coverage> = view.coverage().unwrap().map(Result::unwrap).collect();
    assert_eq!(of, all);
}

/// A token described anew is refined, as everywhere.
#[test]
fn tokens_and_pools_come_with_a_repair() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut world = World::new(27, 2, 4);
    let chain = filled(&mut store, &mut world, [Evidence::Claimed; 3]);
    let new_pool = pool_id(90);
    let mut block = chain.blocks[4].clone();
    let mut swap = chain
        .blocks
        .iter()
        .find_map(|b| b.swaps.first())
        .unwrap()
        .clone();
    (swap.block, swap.timestamp) = (block.number, block.timestamp);
    (swap.pool, swap.log_index) = (new_pool, LogIndex(500));
    block.swaps.push(swap);
    block.tally.decoded += 1;
    block.tally.received += 1;
    let mut repair = chain.repair(4, vec![block], Evidence::Bloom);
    let mut described = token(tokens_of(new_pool)[0]);
    described.symbol = Some("NEW".to_owned());
    repair.tokens.retain(|t| t.address != described.address);
    repair.tokens.push(described.clone());
    let done = store.apply(&Step::Repair(repair)).unwrap();
    let done = done.repaired.unwrap();
    assert_eq!((done.pools_added, done.swaps.added), (1, 1));
    let reader = store.reader();
    let view = reader.view().unwrap();
    assert_sound(&view);
    assert_eq!(view.token(described.address).unwrap(), Some(described));
    assert_eq!(view.pool(new_pool).unwrap(), Some(accepted(new_pool)));
}
