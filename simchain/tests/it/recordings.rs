//! Recorded main-network logs, replayed.

use crate::economy::continues;
use crate::honesty::check_block;
use crate::support::{Served, hex, shared};
use alloy::primitives::{Address, B256, address, keccak256};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use tempfile::TempDir;
use tidegauge_model::{BlockNumber, BlockRange, Day, PoolId, Swap, U256};
use tidegauge_simchain::{Replay, ReplayFiles, ServeOptions, SimChain};

const DAY: &str = "logs/mainnet-2024-01-05-usdc-weth";
const BLOCKS: &str = "logs/mainnet-18426253-18426303-all";
const POOL_500: Address = address!("88e6a0c2ddd26feeb64f039a2c41296fcb3f5640");
const POOL_3000: Address = address!("8ad599c3a0ff1de082011efddc58f1908eb6e6d8");

fn load(name: &str) -> Option<(Arc<SimChain>, TempDir)> {
    let folder = tempfile::tempdir().unwrap();
    let files = ReplayFiles {
        logs: shared(&format!("{name}.jsonl.gz"))?,
        pools: shared(&format!("{name}.pools.json"))?,
        cache_dir: folder.path().to_owned(),
    };
    let chain = Replay::load(&files, &mut |_| ()).unwrap();
    let again = Replay::load(&files, &mut |_| panic!("it is cached")).unwrap();
    assert_eq!(again.head().unwrap(), chain.head().unwrap());
    assert!(chain.grow().is_err());
    Some((Arc::new(chain), folder))
}

/// The logs of the file itself, as JSON.
fn recorded(name: &str) -> Vec<Value> {
    let file = std::fs::File::open(shared(&format!("{name}.jsonl.gz")).unwrap()).unwrap();
    let text = std::io::read_to_string(flate2::read::MultiGzDecoder::new(file)).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Whether a served log says all that was recorded.
fn agrees(served: &Value, recorded: &Value) {
    for (key, value) in recorded.as_object().unwrap() {
        assert_eq!(&served[key], value, "{key} of {recorded}");
    }
}

#[tokio::test]
async fn the_recorded_day_is_served_as_recorded() {
    let Some((chain, _folder)) = load(DAY) else {
        return;
    };
    assert_eq!(chain.chain_id().0, 1);
    assert_eq!(chain.swap_count(), 6_046 + 267);
    let mut sums: BTreeMap<PoolId, (u64, U256, U256)> = BTreeMap::new();
    for swap in chain.expected().swaps(chain.range()) {
        let swap = swap.unwrap();
        assert_eq!(swap.origin, None);
        let sum = sums.entry(swap.pool).or_default();
        sum.0 += 1;
        sum.1 += swap.amount0.0.unsigned_abs();
        sum.2 += swap.amount1.0.unsigned_abs();
    }
    let n = |text: &str| U256::from_str_radix(text, 10).unwrap();
    assert_eq!(
        sums[&PoolId(POOL_500)],
        (6_046, n("246966136903766"), n("110106227894665936356241"))
    );
    assert_eq!(
        sums[&PoolId(POOL_3000)],
        (267, n("18565272047490"), n("8262957675797334431887"))
    );

    // The day and its end lie in finalized blocks, with blocks before.
    let day: Day = "2024-01-05".parse().unwrap();
    let at = |n: BlockNumber| chain.expected().header(n).unwrap().timestamp;
    assert!(at(chain.finalized()) >= day.end());
    assert!(at(chain.range().from) < at(BlockNumber(0x120_f626)));
    let mut before = None;
    for number in chain.range().iter() {
        let time = at(number);
        assert!(before.is_none_or(|b| time > b), "time moves on at {number}");
        before = Some(time);
    }

    let lines = recorded(DAY);
    let node = Served::new(Arc::clone(&chain), ServeOptions::default()).await;
    let pools = json!([POOL_500, POOL_3000]);
    let mut served = Vec::new();
    for from in (chain.range().from.0..=chain.range().to.0).step_by(1_000) {
        let to = (from + 999).min(chain.range().to.0);
        let filter = json!([{"fromBlock": format!("{from:#x}"), "toBlock": format!("{to:#x}"), "address": pools}]);
        let page = node.result("eth_getLogs", filter).await;
        served.extend(page.as_array().unwrap().clone());
    }
    let place = |log: &Value| (hex(&log["blockNumber"]), hex(&log["logIndex"]));
    let mut lines_by_place: BTreeMap<_, _> = lines.iter().map(|log| (place(log), log)).collect();
    assert_eq!(served.len(), lines.len());
    for log in &served {
        agrees(log, lines_by_place.remove(&place(log)).unwrap());
    }
    assert!(lines_by_place.is_empty());
    for number in [
        0x120_f626_u64,
        0x120_f626 + 1,
        0x121_11e0,
        chain.range().to.0,
    ] {
        let tag = format!("{number:#x}");
        let block = node
            .result("eth_getBlockByNumber", json!([tag, false]))
            .await;
        let receipts = node.result("eth_getBlockReceipts", json!([tag])).await;
        check_block(&block, &receipts, None);
        assert!(
            receipts
                .as_array()
                .unwrap()
                .iter()
                .all(|r| r["from"].is_null())
        );
    }
}

#[test]
fn recorded_swaps_continue_from_the_price_before() {
    let Some((chain, _folder)) = load(DAY) else {
        return;
    };
    let fees = BTreeMap::from([(PoolId(POOL_500), 500), (PoolId(POOL_3000), 3_000)]);
    let mut last: BTreeMap<PoolId, Swap> = BTreeMap::new();
    let (mut checked, mut others) = (0, Vec::new());
    for swap in chain.expected().swaps(chain.range()) {
        let swap = swap.unwrap();
        let spacing = if fees[&swap.pool] == 500 { 10 } else { 60 };
        if let Some(before) = last.get(&swap.pool) {
            let same_range = before.tick.div_euclid(spacing) == swap.tick.div_euclid(spacing);
            if same_range && before.liquidity == swap.liquidity {
                match continues(before.sqrt_price.0, &swap, fees[&swap.pool]) {
                    Ok(()) => checked += 1,
                    Err(error) => others.push(error),
                }
            }
        }
        last.insert(swap.pool, swap);
    }
    println!(
        "{checked} swaps that cross no tick continue exactly; {} do not",
        others.len()
    );
    assert!(checked > 4_000, "{checked}");
    assert!(others.is_empty(), "{} of them: {}", others.len(), others[0]);
}

#[tokio::test]
async fn all_logs_of_51_blocks_are_served_as_recorded() {
    let Some((chain, _folder)) = load(BLOCKS) else {
        return;
    };
    assert_eq!((chain.log_count(), chain.swap_count()), (17_096, 432));
    let recorded_range = BlockRange::new(BlockNumber(18_426_253), BlockNumber(18_426_303)).unwrap();
    let expected = chain.expected();
    let swaps: Vec<Swap> = expected.swaps(recorded_range).map(Result::unwrap).collect();
    assert_eq!(swaps.len(), 432);
    assert_eq!(
        swaps.iter().filter(|s| expected.accepts(s.pool)).count(),
        254
    );
    assert_eq!(
        expected
            .pools()
            .iter()
            .filter(|p| p.refusal.is_none())
            .count(),
        96
    );

    let node = Served::new(Arc::clone(&chain), ServeOptions::default()).await;
    let lines = recorded(BLOCKS);
    let filter = json!([{"fromBlock": "0x119298d", "toBlock": "0x11929bf"}]);
    let served = node.result("eth_getLogs", filter).await;
    let served = served.as_array().unwrap();
    assert_eq!(served.len(), 17_096);
    for (log, line) in served.iter().zip(&lines) {
        agrees(log, line);
    }
    let mut parent: Option<B256> = None;
    for number in recorded_range.iter() {
        let tag = format!("{:#x}", number.0);
        let block = node
            .result("eth_getBlockByNumber", json!([tag, false]))
            .await;
        let receipts = node.result("eth_getBlockReceipts", json!([tag])).await;
        parent = Some(check_block(&block, &receipts, parent));
    }
    let unknown = swaps.iter().find(|s| !expected.accepts(s.pool)).unwrap();
    let token0 = format!("0x{}", alloy::hex::encode(&keccak256("token0()")[..4]));
    let answer = node
        .result(
            "eth_call",
            json!([{"to": unknown.pool.0, "data": token0}, "latest"]),
        )
        .await;
    assert_eq!(answer, "0x");
}

#[test]
fn contradictions_are_refused_by_line() {
    let Some(side) = shared(&format!("{DAY}.pools.json")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let log = |block: u64, tx: u64, index: u64, hash: u8, time: u64| {
        json!({
            "address": POOL_500, "topics": [], "data": "0x", "blockNumber": format!("{block:#x}"),
            "blockTimestamp": format!("{time:#x}"), "transactionHash": B256::repeat_byte(hash),
            "transactionIndex": format!("{tx:#x}"), "logIndex": format!("{index:#x}"),
        })
        .to_string()
    };
    for (lines, words) in [
        (vec![], "holds no logs"),
        (vec!["{".into()], "line 1"),
        (
            vec![log(100, 0, 0, 1, 5_000), log(100, 0, 0, 1, 5_000)],
            "(line 2): its log index is taken",
        ),
        (
            vec![log(100, 3, 0, 1, 5_000), log(100, 2, 1, 2, 5_000)],
            "(line 2): its transaction index",
        ),
        (
            vec![log(100, 3, 0, 1, 5_000), log(100, 3, 1, 2, 5_000)],
            "(line 2): its transaction hash",
        ),
        (
            vec![log(100, 3, 0, 1, 5_000), log(100, 3, 1, 1, 5_001)],
            "(line 2): its timestamp",
        ),
        (
            vec![log(100, 0, 0, 1, 5_000), log(200, 0, 0, 2, 5_050)],
            "need a second each",
        ),
        (
            vec![log(100, 0, 90_000, 1, 5_000)],
            "(line 1): an index is beyond",
        ),
    ] {
        let logs = folder.path().join("logs.jsonl");
        std::fs::write(&logs, lines.join("\n")).unwrap();
        let files = ReplayFiles {
            logs,
            pools: side.clone(),
            cache_dir: folder.path().to_owned(),
        };
        let error = Replay::load(&files, &mut |_| ()).err().unwrap().to_string();
        assert!(error.contains(words), "{error}");
    }
}
