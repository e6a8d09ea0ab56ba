//! Branches: what they hold, what is served of them, and that the rest stays.

use crate::economy::continues;
use crate::honesty::check_block;
use crate::support::{Served, generate, hex, small};
use alloy::primitives::{Address, B256};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use tidegauge_model::{BlockNumber, BlockRange, BlockRef, LogIndex, PoolId, Swap};
use tidegauge_simchain::{Reorg, ServeOptions, SimChain};

/// Grows and reorganises by a fixed script; answers all that was orphaned.
fn disturb(chain: &SimChain, steps: u64) -> Vec<BlockRef> {
    let mut orphaned = Vec::new();
    for n in 0..steps {
        let done = match n % 7 {
            0 | 3 => Some(chain.reorg(1 + n * 11 % 40).unwrap()),
            5 => Some(chain.reorg_back().unwrap()),
            _ => None,
        };
        match done {
            Some(Reorg { orphaned: gone, .. }) => orphaned.extend(gone),
            None => drop(chain.grow().unwrap()),
        }
    }
    orphaned
}

fn by_hash(hash: B256) -> Value {
    json!([hash, false])
}

#[test]
fn a_branch_is_one_block_longer_than_what_it_replaces() {
    let (chain, _folder) = generate(&small(41));
    for depth in [1, 5, 63, 2, 63] {
        let (head, finalized) = (chain.head().unwrap(), chain.finalized());
        let before: Vec<_> = (head.number.0 - depth..=head.number.0)
            .map(|n| chain.expected().header(BlockNumber(n)).unwrap().block)
            .collect();
        let reorg = chain.reorg(depth).unwrap();
        assert_eq!(reorg.ancestor, before[0]);
        assert_eq!(reorg.orphaned, before[1..]);
        assert_eq!(reorg.adopted.len() as u64, depth + 1);
        assert_eq!(chain.head().unwrap(), *reorg.adopted.last().unwrap());
        assert_eq!(chain.head().unwrap().number, head.number.next());
        assert_eq!(chain.finalized(), finalized.next());
        let mut parent = reorg.ancestor;
        for block in &reorg.adopted {
            let header = chain.expected().header(block.number).unwrap();
            assert_eq!((header.block, header.parent), (*block, parent.hash));
            assert!(!reorg.orphaned.contains(block));
            parent = *block;
        }
    }
}

#[test]
fn the_finalized_block_stays_unless_forced() {
    let (chain, _folder) = generate(&small(42));
    let head = chain.head().unwrap();
    for depth in [0, 64, 65, 600, u64::MAX] {
        let error = chain.reorg(depth).unwrap_err().to_string();
        assert!(error.contains("from 1 to 63"), "{depth}: {error}");
    }
    for depth in [0, 257, 601] {
        let error = chain.reorg_finalized(depth).unwrap_err().to_string();
        assert!(error.contains("from 1 to 256"), "{depth}: {error}");
    }
    let error = chain.reorg_back().unwrap_err().to_string();
    assert!(error.contains("no branch was abandoned"), "{error}");
    assert_eq!(chain.head().unwrap(), head);

    let finalized = chain.finalized();
    let was = chain.expected().header(finalized).unwrap().block;
    for depth in [100, 256] {
        chain.reorg_finalized(depth).unwrap();
        assert!(chain.finalized() > finalized);
        assert_ne!(chain.expected().header(finalized).unwrap().block, was);
    }
    // What was replaced so deeply cannot come back by the way that spares the finalized block.
    assert!(chain.reorg_back().is_err());
    let (short, _folder) = generate(&tidegauge_simchain::SimConfig {
        history_blocks: Some(10),
        ..small(42)
    });
    assert!(short.reorg(11).is_err());
    assert_eq!(short.reorg(10).unwrap().ancestor.number, BlockNumber(0));
}

#[test]
fn branches_follow_from_the_seed_and_the_reorganisations_before() {
    let run = |seed: u64, depths: &[u64]| {
        let (chain, _folder) = generate(&small(seed));
        for depth in depths {
            chain.reorg(*depth).unwrap();
            chain.grow().unwrap();
        }
        (chain.head().unwrap(), chain.swap_count())
    };
    assert_eq!(run(43, &[3, 9, 4]), run(43, &[3, 9, 4]));
    assert_ne!(run(43, &[3, 9, 4]).0, run(43, &[3, 9, 5]).0);
    assert_ne!(run(43, &[3, 9, 4]).0.hash, run(44, &[3, 9, 4]).0.hash);
}

#[test]
fn an_abandoned_branch_comes_back_hash_for_hash() {
    let (chain, _folder) = generate(&small(45));
    chain.grow().unwrap();
    let mut reorg = chain.reorg(5).unwrap();
    for _ in 0..4 {
        chain.grow().unwrap();
        let back = chain.reorg_back().unwrap();
        assert_eq!(back.ancestor, reorg.ancestor);
        assert_eq!(back.adopted[..reorg.orphaned.len()], reorg.orphaned);
        assert_eq!(back.adopted.len(), back.orphaned.len() + 1);
        assert!(back.orphaned.starts_with(&reorg.adopted));
        reorg = back;
    }
}

#[tokio::test]
async fn after_many_reorganisations_every_answer_is_of_the_canonical_branch() {
    let (chain, _folder) = generate(&small(46));
    let chain = Arc::new(chain);
    let orphaned = disturb(&chain, 120);
    let node = Served::new(Arc::clone(&chain), ServeOptions::default()).await;
    let head = chain.range().to.0;
    assert_eq!(head, 720);
    let (mut parent, mut logs, mut swaps) = (None, Vec::new(), 0);
    for number in 0..=head {
        let tag = json!([format!("{number:#x}"), false]);
        let block = node.result("eth_getBlockByNumber", tag.clone()).await;
        let receipts = node.result("eth_getBlockReceipts", tag).await;
        let hash = check_block(&block, &receipts, parent);
        let truth = chain.expected().header(BlockNumber(number)).unwrap();
        assert_eq!((truth.block.hash, hex(&block["number"])), (hash, number));
        assert_eq!(
            node.result("eth_getBlockByHash", by_hash(hash)).await,
            block
        );
        assert_eq!(
            node.result("eth_getBlockReceipts", json!([hash])).await,
            receipts
        );
        if let Some(receipt) = receipts.as_array().unwrap().last() {
            let hash = &receipt["transactionHash"];
            let found = node
                .result("eth_getTransactionReceipt", json!([hash]))
                .await;
            assert_eq!(&found, receipt);
        }
        for receipt in receipts.as_array().unwrap() {
            logs.extend(receipt["logs"].as_array().unwrap().iter().cloned());
        }
        let block = BlockRange::one(BlockNumber(number));
        swaps += chain.expected().swaps(block).count() as u64;
        parent = Some(hash);
    }
    assert_eq!(chain.swap_count(), swaps);
    assert_eq!(chain.log_count(), logs.len() as u64);
    for (from, to) in [(0, head), (550, head), (head - 60, head - 7), (head, head)] {
        let filter = json!([{"fromBlock": format!("{from:#x}"), "toBlock": format!("{to:#x}")}]);
        let page = node.result("eth_getLogs", filter).await;
        let wanted: Value = logs
            .iter()
            .filter(|log| (from..=to).contains(&hex(&log["blockNumber"])))
            .cloned()
            .collect();
        assert_eq!(page, wanted, "{from}..={to}");
    }

    // Orphans are whole while they are young, and gone afterwards.
    let (mut young, mut old) = (0, 0);
    for block in orphaned {
        let seen = node.result("eth_getBlockByHash", by_hash(block.hash)).await;
        if chain.expected().header(block.number).unwrap().block == block {
            // It came back, to stay.
            assert_eq!(seen["hash"], json!(block.hash));
        } else if block.number > chain.finalized() {
            young += 1;
            let receipts = node
                .result("eth_getBlockReceipts", json!([block.hash]))
                .await;
            assert_eq!(check_block(&seen, &receipts, None), block.hash);
            let filter = json!([{"blockHash": block.hash}]);
            let lists = receipts.as_array().unwrap().iter();
            let logs: Value = lists
                .flat_map(|r| r["logs"].as_array().unwrap().clone())
                .collect();
            assert_eq!(node.result("eth_getLogs", filter).await, logs);
        } else {
            old += 1;
            assert_eq!(seen, Value::Null);
            let filter = json!([{"blockHash": block.hash}]);
            assert_eq!(node.error("eth_getLogs", filter).await.0, -32000);
        }
    }
    assert!(young > 50 && old > 50, "{young} young, {old} old");
}

#[test]
fn pools_continue_from_the_ancestor_not_from_what_was_orphaned() {
    let (chain, _folder) = generate(&small(47));
    disturb(&chain, 160);
    let expected = chain.expected();
    let pools = expected.pools();
    let fees: BTreeMap<PoolId, u32> = pools.iter().map(|p| (p.id, p.fee_pips)).collect();
    // (continue, do not) before and after the first reorganisation.
    let mut counts = [(0_u32, 0_u32); 2];
    let mut last: HashMap<PoolId, Swap> = HashMap::new();
    for swap in expected.swaps(chain.range()) {
        let swap = swap.unwrap();
        if let Some(before) = last.get(&swap.pool)
            && before.liquidity == swap.liquidity
            && before.tick.abs_diff(swap.tick) < 10
        {
            let count = &mut counts[usize::from(swap.block.0 > 600)];
            match continues(before.sqrt_price.0, &swap, fees[&swap.pool]) {
                Ok(()) => count.0 += 1,
                Err(_) => count.1 += 1,
            }
        }
        last.insert(swap.pool, swap);
    }
    println!("undisturbed {:?}, disturbed {:?}", counts[0], counts[1]);
    let [(_, _), (good, bad)] = counts;
    assert!(
        good > 500 && bad * 100 < good,
        "{good} continue, {bad} do not"
    );
}

#[tokio::test]
async fn branches_differ_as_real_ones_do() {
    let (chain, _folder) = generate(&small(48));
    let chain = Arc::new(chain);
    let node = Served::new(Arc::clone(&chain), ServeOptions::default()).await;
    let (mut reordered, mut vanished, mut moved) = (0, 0, 0);
    type Created = BTreeMap<PoolId, Option<(BlockNumber, LogIndex)>>;
    let created = || -> Created {
        let pools = chain.expected().pools().into_iter();
        pools.map(|pool| (pool.id, pool.created)).collect()
    };
    for n in 0..60 {
        let before = created();
        let reorg = chain.reorg(4 + n % 5).unwrap();
        let after = created();
        let mut txs = Vec::new();
        for block in [reorg.orphaned[0], reorg.adopted[0]] {
            let block = node.result("eth_getBlockByHash", by_hash(block.hash)).await;
            let list: Vec<B256> = serde_json::from_value(block["transactions"].clone()).unwrap();
            txs.push(list);
        }
        let sets: Vec<BTreeSet<_>> = txs.iter().map(|list| list.iter().collect()).collect();
        reordered += u32::from(sets[0] == sets[1] && txs[0] != txs[1]);
        vanished += before.keys().filter(|id| !after.contains_key(id)).count();
        moved += before
            .iter()
            .filter(|(id, at)| after.get(id).is_some_and(|now| now != *at))
            .count();
        // Calls know the pools of the canonical branch, and no others.
        for id in before.keys().chain(after.keys()) {
            let code = node.result("eth_getCode", json!([id.0, "latest"])).await;
            assert_eq!(code == "0x00", after.contains_key(id));
        }
    }
    println!("{reordered} reordered, {vanished} pools vanished, {moved} moved");
    assert!(reordered > 5 && vanished > 5 && moved > 0);
    let addresses: BTreeSet<Address> = created().keys().map(|id| id.0).collect();
    assert!(addresses.len() <= 16 + 64, "{}", addresses.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_of_one_branch_while_branches_change() {
    let (chain, _folder) = generate(&small(49));
    let chain = Arc::new(chain);
    let node = Served::new(Arc::clone(&chain), ServeOptions::default()).await;
    let disturbing = {
        let chain = Arc::clone(&chain);
        tokio::task::spawn_blocking(move || disturb(&chain, 150))
    };
    let mut asked = 0;
    while !disturbing.is_finished() || asked < 20 {
        asked += 1;
        let filter = json!([{"fromBlock": "0x250", "toBlock": "latest"}]);
        let logs = node.result("eth_getLogs", filter).await;
        let mut hashes: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
        for log in logs.as_array().unwrap() {
            let hash = log["blockHash"].as_str().unwrap().to_owned();
            hashes
                .entry(hex(&log["blockNumber"]))
                .or_default()
                .insert(hash);
        }
        assert!(hashes.values().all(|of_one| of_one.len() == 1));
        let latest = json!(["latest", false]);
        let block = node.result("eth_getBlockByNumber", latest).await;
        let receipts = node
            .result("eth_getBlockReceipts", json!([block["hash"]]))
            .await;
        check_block(&block, &receipts, None);
    }
    disturbing.await.unwrap();
}
