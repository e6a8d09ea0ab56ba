//! The store against the chain: nothing missing, nothing too much, nothing different.

use super::Run;
use crate::support::{Program, store_holds};
use std::collections::BTreeMap;
use std::path::Path;
use tidegauge_chain::Method;
use tidegauge_model::{BlockNumber, BlockRange, LogIndex, Swap};
use tidegauge_storage::{
    Create, FAMILIES, NoticeKind, Store, StoreOptions, View, digest_of, verify,
};

/// Compares the store with the simulation's own truth, and with the store of a collector that nobody disturbed.
pub(super) fn compare(run: &Run) {
    let swaps = {
        let mut options = StoreOptions::new(run.chain.chain_id());
        options.create = Create::Never;
        let store = Store::open(&run.store, &options).expect("the store opens");
        let reader = store.reader();
        let view = reader.view().unwrap();
        let swaps = compare_swaps(run, &view);
        compare_blocks(run, &view);
        check_outbox(&view);
        let report = verify::all(&view, |_| {}).unwrap();
        assert!(report.is_clean(), "{:#?}", report.violations);
        swaps
    };
    store_holds(&run.store, &run.honest_url);
    println!("{swaps} swaps compared: 0 missing, 0 extra, 0 different");
    if run.method == Method::Receipts {
        let digest = digest(&run.store, &run.honest_url);
        let undisturbed = self::digest(&run.undisturbed, &run.honest_url);
        let differ = || differing_families(run);
        assert_eq!(digest, undisturbed, "{:?} differ: {run}", differ());
        println!("digest {digest}, as that of a collector that nobody disturbed");
    }
}

fn compare_swaps(run: &Run, view: &View<'_>) -> usize {
    type Place = (BlockNumber, LogIndex);
    let head = run.chain.head().unwrap();
    let whole = BlockRange::new(BlockNumber(0), head.number).unwrap();
    let truth = run.chain.expected();
    let place = |swap: &Swap| -> Place { (swap.block, swap.log_index) };
    let expected: BTreeMap<Place, Swap> = truth
        .swaps(whole)
        .map(Result::unwrap)
        .filter(|swap| truth.accepts(swap.pool))
        .map(|swap| (place(&swap), swap))
        .collect();
    let stored: BTreeMap<Place, Swap> = view
        .all_swaps()
        .unwrap()
        .map(Result::unwrap)
        .map(|swap| (place(&swap), swap))
        .collect();
    let missing = expected
        .keys()
        .filter(|at| !stored.contains_key(at))
        .count();
    let extra = stored
        .keys()
        .filter(|at| !expected.contains_key(at))
        .count();
    let different: Vec<_> = expected
        .iter()
        .filter_map(|(at, swap)| Some((swap, stored.get(at)?)))
        .filter(|(expected, stored)| {
            // Log pages do not tell who sent a transaction.
            let origin = stored.origin.and(expected.origin);
            Swap {
                origin,
                ..(*expected).clone()
            } != **stored
        })
        .take(3)
        .collect();
    assert!(
        missing == 0 && extra == 0 && different.is_empty(),
        "{missing} missing, {extra} extra, different: {different:#?}\n{run}"
    );
    assert!(expected.len() > 100, "too few swaps to mean anything");
    expected.len()
}

/// Every block is that of the canonical chain.
fn compare_blocks(run: &Run, view: &View<'_>) {
    let head = run.chain.head().unwrap();
    assert_eq!(view.tip().unwrap().map(|tip| tip.block), Some(head));
    let whole = BlockRange::new(BlockNumber(0), head.number).unwrap();
    let truth = run.chain.expected();
    let mut seen = 0;
    for record in view.blocks(whole).unwrap() {
        let (number, record) = record.unwrap();
        assert_eq!(
            record.hash,
            truth.header(number).unwrap().block.hash,
            "block {number}"
        );
        seen += 1;
    }
    if run.method == Method::Receipts {
        assert_eq!(seen, head.number.0 + 1, "a record for every block");
    }
}

/// Replaying the notices leads to the tip: what is unwound was committed before, and what is
/// committed follows on.
fn check_outbox(view: &View<'_>) {
    let mut tip: Option<BlockNumber> = None;
    let mut from = tidegauge_storage::Sequence(0);
    loop {
        let notices = view.notices(from, 1_000).unwrap();
        let Some(last) = notices.last() else { break };
        from = last.sequence.next();
        for notice in notices {
            if let Some(tip) = tip {
                match notice.kind {
                    NoticeKind::Committed => {
                        assert_eq!(notice.range.from, tip.next(), "{notice:?}")
                    }
                    NoticeKind::Unwound => assert_eq!(notice.range.to, tip, "{notice:?}"),
                    NoticeKind::Repaired => assert!(notice.range.to <= tip, "{notice:?}"),
                }
            }
            tip = Some(notice.tip.number);
        }
    }
    assert_eq!(tip, view.tip().unwrap().map(|tip| tip.block.number));
}

/// The families in which the store is not that of the undisturbed collector.
fn differing_families(run: &Run) -> Vec<&'static str> {
    let digests = |store: &Path| -> Vec<_> {
        let mut options = StoreOptions::new(run.chain.chain_id());
        options.create = Create::Never;
        let store = Store::open(store, &options).expect("the store opens");
        let reader = store.reader();
        let view = reader.view().unwrap();
        let names = FAMILIES.iter().map(|family| family.name);
        names
            .map(|name| (name, digest_of(&view, &[name]).unwrap()))
            .collect()
    };
    let ours = digests(&run.store);
    let theirs = digests(&run.undisturbed);
    let pairs = ours.into_iter().zip(theirs);
    pairs
        .filter_map(|(ours, theirs)| (ours != theirs).then_some(ours.0))
        .collect()
}

fn digest(store: &Path, url: &str) -> String {
    let status = Program::on(store, url, &["status", "--digest", "--json"]).succeed();
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    status["digest"].as_str().expect("a digest").to_owned()
}
