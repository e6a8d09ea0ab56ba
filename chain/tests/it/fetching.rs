//! Ranges fetched both ways, from honest and from difficult endpoints.

use crate::{
    mini_chain::{
        BLOCK_TIME, FORK, MiniChain, SPOOF, START_TIME, USDC, WETH, created_pool, odd_pool,
        older_pool, quantity,
    },
    server::{Answer, Server},
};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tidegauge_chain::{Chain, ChainConfig, ChainError, Method, PoolBook, PoolSelection};
use tidegauge_model::{
    B256, BlockData, BlockNumber, BlockRange, Day, Evidence, Extend, LogIndex, PoolId, PoolOrigin,
    PoolVerdict, Refusal, Tally, UnixSeconds,
};

const LAST: u64 = 199;

fn whole() -> BlockRange {
    BlockRange::new(BlockNumber(0), BlockNumber(LAST)).unwrap()
}

async fn serve(chain: MiniChain) -> Server {
    Server::start(move |request| Answer::ok(chain.answer(request))).await
}

/// Serves a chain, with each reply to a method passed through a change.
async fn serve_changed(
    chain: MiniChain,
    change: impl Fn(&Value, Value) -> Value + Send + Sync + 'static,
) -> Server {
    Server::start(move |request| {
        let reply = |call: &Value| change(call, chain.reply(call));
        Answer::ok(match request {
            Value::Array(calls) => calls.iter().map(reply).collect(),
            call => reply(call),
        })
    })
    .await
}

async fn fetch(config: ChainConfig, method: Method) -> Result<Vec<Extend>, ChainError> {
    let chain = Chain::connect(config).await?;
    let book = Arc::new(PoolBook::default());
    let mut fetcher = chain.fetch(whole(), Some(B256::ZERO), method, &book);
    let mut extends = Vec::new();
    while let Some(extend) = fetcher.next().await {
        extends.push(extend?);
    }
    assert!(fetcher.next().await.is_none());
    check_order(&extends);
    Ok(extends)
}

fn check_order(extends: &[Extend]) {
    let mut next = BlockNumber(0);
    let mut before = B256::ZERO;
    let mut tally = Tally::default();
    for extend in extends {
        assert_eq!(extend.covered.range.from, next);
        assert_eq!(extend.covered.parent, before);
        assert!(extend.covered.tally.balances());
        next = extend.covered.range.to.next();
        before = extend.covered.end_hash;
        tally = tally.plus(extend.covered.tally);
        for block in &extend.blocks {
            assert!(extend.covered.range.contains(block.number));
        }
        assert!(extend.blocks.is_sorted_by_key(|block| block.number));
    }
    assert_eq!(next, BlockNumber(LAST + 1));
    let blocks = blocks(extends);
    let sum = blocks
        .iter()
        .fold(Tally::default(), |sum, block| sum.plus(block.tally));
    assert_eq!(sum, tally);
}

fn blocks(extends: &[Extend]) -> Vec<BlockData> {
    extends
        .iter()
        .flat_map(|extend| extend.blocks.clone())
        .collect()
}

fn swaps(extends: &[Extend]) -> usize {
    extends.iter().map(Extend::swap_count).sum()
}

/// Small pages and extends, so that there are many of them.
fn small(mut config: ChainConfig) -> ChainConfig {
    config.limits.first_page_blocks = 7;
    config.limits.max_page_blocks = 16;
    config.limits.max_batch_blocks = 6;
    config.limits.extend_target_rows = 9;
    config.limits.extend_max_blocks = 20;
    config
}

fn expected_verdicts() -> Vec<PoolVerdict> {
    let factory = crate::mini_chain::factory().address;
    let pool = |id, fee_pips, tick_spacing, origin| {
        PoolVerdict::Accepted(tidegauge_model::Pool {
            id: PoolId(id),
            factory,
            token0: USDC,
            token1: WETH,
            fee_pips,
            tick_spacing,
            origin,
        })
    };
    let refused = |id, refusal| PoolVerdict::Refused {
        id: PoolId(id),
        refusal,
    };
    let created = PoolOrigin::Created {
        block: BlockNumber(2),
        log_index: LogIndex(0),
    };
    vec![
        pool(older_pool(), 3_000, 60, PoolOrigin::Create2),
        pool(created_pool(), 500, 10, created),
        refused(FORK, Refusal::ForeignFactory),
        refused(SPOOF, Refusal::NotAPool),
        refused(odd_pool(), Refusal::DecimalsMissing),
    ]
}

#[tokio::test]
async fn receipts_prove_every_block() {
    let mini = MiniChain::new(LAST);
    let server = serve(mini.clone()).await;
    let extends = fetch(small(server.config()), Method::Receipts)
        .await
        .unwrap();
    assert!(extends.len() > 9);
    assert_eq!(
        swaps(&extends),
        mini.swaps(0..=LAST, &[created_pool(), older_pool()])
    );
    assert_eq!(blocks(&extends).len(), LAST as usize + 1);
    for (block, truth) in blocks(&extends).iter().zip(&mini.blocks) {
        assert_eq!(
            (block.hash, block.parent),
            (truth.hash, Some(truth.header.parent_hash))
        );
        assert_eq!(block.timestamp, UnixSeconds(truth.header.timestamp));
        assert!(block.swaps.iter().all(|swap| swap.origin.is_some()));
    }
    assert!(
        extends
            .iter()
            .all(|e| e.covered.evidence == Evidence::Receipts)
    );
    assert!(extends.iter().all(|e| e.finalized == Some(BlockNumber(0))));
    let verdicts: Vec<PoolVerdict> = extends.iter().flat_map(|e| e.verdicts.clone()).collect();
    assert_eq!(verdicts, expected_verdicts());
    let mut symbols: Vec<_> = extends
        .iter()
        .flat_map(|e| &e.tokens)
        .map(|token| (token.symbol.as_deref(), token.decimals))
        .collect();
    symbols.sort_unstable();
    assert_eq!(symbols, [(Some("USDC"), 6), (Some("WETH"), 18)]);
}

#[tokio::test]
async fn log_pages_hold_the_same_rows_however_they_are_cut() {
    let mini = MiniChain::new(LAST);
    let proven = fetch(serve(mini.clone()).await.config(), Method::Receipts).await;
    let server = serve(mini).await;
    let wide = fetch(server.config(), Method::Logs).await.unwrap();
    let narrow = fetch(small(server.config()), Method::Logs).await.unwrap();
    assert!(narrow.len() > wide.len());
    assert_eq!(blocks(&wide), blocks(&narrow));
    assert!(wide.iter().all(|e| e.covered.evidence == Evidence::Claimed));
    let verdicts = |extends: &[Extend]| -> Vec<PoolVerdict> {
        extends.iter().flat_map(|e| e.verdicts.clone()).collect()
    };
    assert_eq!(verdicts(&wide), expected_verdicts());
    assert_eq!(verdicts(&narrow), expected_verdicts());
    let rows_of_receipts: Vec<BlockData> = blocks(&proven.unwrap())
        .into_iter()
        .filter(|block| block.tally.received > 0)
        .map(|mut block| {
            block.parent = None;
            for swap in &mut block.swaps {
                swap.origin = None;
            }
            for change in &mut block.liquidity {
                change.origin = None;
            }
            block
        })
        .collect();
    assert_eq!(blocks(&wide), rows_of_receipts);
}

#[tokio::test]
async fn timestamps_come_from_headers_where_logs_have_none_or_lie() {
    let honest = serve(MiniChain::new(LAST)).await;
    let expected = blocks(&fetch(honest.config(), Method::Logs).await.unwrap());
    let mut untimed = MiniChain::new(LAST);
    untimed.has_log_times = false;
    let server = serve(untimed).await;
    assert_eq!(
        blocks(&fetch(server.config(), Method::Logs).await.unwrap()),
        expected
    );
    for implausible in ["0x0", "0x1", "0xffffffff"] {
        let server = serve_changed(MiniChain::new(LAST), move |call, mut reply| {
            if call["method"] == "eth_getLogs" {
                for log in reply["result"].as_array_mut().unwrap() {
                    log["blockTimestamp"] = json!(implausible);
                }
            }
            reply
        })
        .await;
        let found = blocks(&fetch(server.config(), Method::Logs).await.unwrap());
        assert_eq!(found, expected, "{implausible}");
    }
}

#[tokio::test]
async fn contracts_are_asked_one_by_one_without_a_multicall() {
    let mut mini = MiniChain::new(LAST);
    mini.has_multicall = false;
    let server = serve(mini).await;
    let extends = fetch(server.config(), Method::Logs).await.unwrap();
    let verdicts: Vec<PoolVerdict> = extends.into_iter().flat_map(|e| e.verdicts).collect();
    assert_eq!(verdicts, expected_verdicts());
    assert!(server.asked("eth_call") > 20);
}

#[tokio::test]
async fn a_list_leaves_other_pools_out() {
    let mini = MiniChain::new(LAST);
    let server = serve(mini.clone()).await;
    for method in [Method::Logs, Method::Receipts] {
        let mut config = server.config();
        config.pools = PoolSelection::List(vec![created_pool()]);
        let extends = fetch(config, method).await.unwrap();
        assert_eq!(swaps(&extends), mini.swaps(0..=LAST, &[created_pool()]));
        let verdicts: Vec<PoolVerdict> = extends.into_iter().flat_map(|e| e.verdicts).collect();
        assert_eq!(verdicts.len(), 1);
        assert_eq!(verdicts[0].id(), PoolId(created_pool()));
    }
}

#[tokio::test]
async fn empty_pages_are_confirmed_and_omissions_mended() {
    let mini = MiniChain::new(LAST);
    // The endpoint answers [] whatever is asked, as a node without that history does.
    let server = serve_changed(mini.clone(), |call, mut reply| {
        if call["method"] == "eth_getLogs" {
            reply["result"] = json!([]);
        }
        reply
    })
    .await;
    let extends = fetch(small(server.config()), Method::Logs).await.unwrap();
    assert!(
        extends
            .iter()
            .all(|e| e.covered.evidence == Evidence::Bloom)
    );
    assert_eq!(
        swaps(&extends),
        mini.swaps(0..=LAST, &[created_pool(), older_pool()])
    );
    // A contract that never emits: all its pages are empty, and truly so.
    let server = serve(mini).await;
    let mut config = server.config();
    config.pools = PoolSelection::List(vec![USDC]);
    config.support = Some(vec![]);
    let extends = fetch(config, Method::Logs).await.unwrap();
    assert!(
        extends
            .iter()
            .all(|e| e.covered.evidence == Evidence::Bloom)
    );
    assert_eq!(swaps(&extends), 0);
}

#[tokio::test]
async fn limits_of_endpoints_are_met_and_nothing_is_lost() {
    let honest = serve(MiniChain::new(LAST)).await;
    let expected = blocks(&fetch(honest.config(), Method::Logs).await.unwrap());
    let limited = |most_blocks: u64, most_logs: usize, message: &'static str| {
        serve_changed(MiniChain::new(LAST), move |call, reply| {
            if call["method"] != "eth_getLogs" {
                return reply;
            }
            let filter = &call["params"][0];
            let at = |key: &str| quantity(filter[key].as_str().unwrap());
            let blocks = at("toBlock") - at("fromBlock") + 1;
            let logs = reply["result"].as_array().unwrap().len();
            if blocks <= most_blocks && logs <= most_logs {
                return reply;
            }
            json!({"jsonrpc": "2.0", "id": call["id"],
                "error": {"code": -32005, "message": message}})
        })
    };
    for (most_blocks, most_logs, message) in [
        (
            10,
            usize::MAX,
            "you can make eth_getLogs requests with up to a 10 block range",
        ),
        (
            3,
            usize::MAX,
            "block range too large, range: 100, max: 1000",
        ),
        (
            u64::MAX,
            5,
            "query returned more than 10000 results. Try with this block range [0x0, 0xc7].",
        ),
        (
            u64::MAX,
            0,
            "query exceeds max results 20000, retry with the range 0-199",
        ),
        (7, 3, "limit exceeded"),
    ] {
        let server = limited(most_blocks, most_logs, message).await;
        let extends = fetch(server.config(), Method::Logs).await.unwrap();
        assert_eq!(blocks(&extends), expected, "{message}");
    }
}

#[tokio::test]
async fn oversized_bodies_are_asked_for_in_parts() {
    let server = serve(MiniChain::new(LAST)).await;
    let mut config = server.config();
    config.limits.max_body_bytes = 8_000;
    let extends = fetch(config.clone(), Method::Receipts).await.unwrap();
    assert_eq!(blocks(&extends).len(), LAST as usize + 1);
    config.limits.max_body_bytes = 2_000;
    let error = fetch(config, Method::Receipts)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("2000 bytes"), "{error}");
}

#[tokio::test]
async fn endpoints_without_batches_are_asked_one_by_one() {
    let mini = MiniChain::new(LAST);
    let server = Server::start(move |request| {
        Answer::ok(match request {
            Value::Array(_) => json!({"jsonrpc": "2.0", "id": null,
                "error": {"code": -32600, "message": "batch requests are not supported"}}),
            call => mini.reply(call),
        })
    })
    .await;
    let extends = fetch(server.config(), Method::Receipts).await.unwrap();
    assert_eq!(blocks(&extends).len(), LAST as usize + 1);
}

#[tokio::test]
async fn another_branch_than_ours_is_a_seam() {
    let server = serve(MiniChain::new(LAST)).await;
    let chain = Chain::connect(server.config()).await.unwrap();
    let book = Arc::new(PoolBook::default());
    let range = BlockRange::new(BlockNumber(5), BlockNumber(9)).unwrap();
    let ours = Some(B256::repeat_byte(1));
    for method in [Method::Logs, Method::Receipts] {
        let mut fetcher = chain.fetch(range, ours, method, &book);
        let error = fetcher.next().await.unwrap().unwrap_err();
        assert!(
            matches!(
                error,
                ChainError::Seam {
                    at: BlockNumber(5),
                    ..
                }
            ),
            "{error}"
        );
        assert!(fetcher.next().await.is_none());
    }
}

#[tokio::test]
async fn a_lying_endpoint_is_left_for_another() {
    let mini = MiniChain::new(LAST);
    let liar = serve_changed(mini.clone(), |call, mut reply| {
        if call["method"] == "eth_getBlockReceipts"
            && let Some(receipts) = reply["result"].as_array_mut()
        {
            receipts.pop();
        }
        reply
    })
    .await;
    let honest = serve(mini).await;
    let mut config = liar.config();
    config.rpc_urls.extend(honest.config().rpc_urls);
    let chain = Chain::connect(config).await.unwrap();
    let book = Arc::new(PoolBook::default());
    let mut fetcher = chain.fetch(whole(), None, Method::Receipts, &book);
    let mut count = 0;
    while let Some(extend) = fetcher.next().await {
        count += extend.unwrap().blocks.len();
    }
    assert_eq!(count, LAST as usize + 1);
    let report = chain.report();
    assert!(
        report[0].disputed > 0 && report[0].retries > 0,
        "{report:?}"
    );
    assert_eq!(report[1].disputed, 0);
}

#[tokio::test]
async fn blocks_are_found_by_time() {
    let mini = MiniChain::new(LAST);
    let server = serve(mini).await;
    let chain = Chain::connect(server.config()).await.unwrap();
    for (at, expected) in [
        (0, Some(0)),
        (START_TIME, Some(0)),
        (START_TIME + 1, Some(1)),
        (START_TIME + 50 * BLOCK_TIME, Some(50)),
        (START_TIME + LAST * BLOCK_TIME, Some(LAST)),
        (START_TIME + LAST * BLOCK_TIME + 1, None),
    ] {
        let found = chain.first_block_at(UnixSeconds(at)).await.unwrap();
        assert_eq!(found, expected.map(BlockNumber), "{at}");
    }
    let day: Day = "2024-01-05".parse().unwrap();
    let range = chain.range_of_days(day, day).await.unwrap();
    assert_eq!(range, Some(whole()));
    let later = chain
        .range_of_days(day.plus_days(1), day.plus_days(1))
        .await
        .unwrap();
    assert_eq!(later, None);
}

#[tokio::test]
async fn a_plan_counts_what_it_samples() {
    let mini = MiniChain::new(LAST);
    let server = serve(mini).await;
    let chain = Chain::connect(server.config()).await.unwrap();
    let plan = chain.plan(whole()).await.unwrap();
    assert_eq!(plan.bills.len(), 4);
    assert!(plan.sampled_logs > 0 && plan.expected_logs > plan.sampled_logs);
    assert!(plan.receipt_bytes_per_block > 0);
    let one = BlockRange::one(BlockNumber(3));
    assert_eq!(chain.plan(one).await.unwrap().sampled_blocks, 1);
}

/// An endpoint that has gone to another branch between two requests says of a contract that it
/// does not exist, and truly so: of that branch.
#[tokio::test]
async fn another_branch_is_no_word_on_a_contract() {
    const TIMES: usize = 4;
    let mut mini = MiniChain::new(LAST);
    // Then every answer is one that a refusal rests on.
    mini.has_multicall = false;
    let other = mini.fork(0, LAST, 1);
    let elsewhere = AtomicUsize::new(0);
    let is_call = |call: &Value| call["method"] == "eth_call";
    let truth = mini.clone();
    let server = Server::start(move |request| {
        let calls = request.as_array().map(Vec::as_slice).unwrap_or_default();
        let is_elsewhere =
            calls.iter().any(is_call) && elsewhere.fetch_add(1, Ordering::Relaxed) < TIMES;
        let reply = |call: &Value| {
            if is_elsewhere && is_call(call) {
                return json!({"jsonrpc": "2.0", "id": call["id"], "error": {"code": 3, "message": "execution reverted"}});
            }
            if is_elsewhere { other.reply(call) } else { truth.reply(call) }
        };
        Answer::ok(match request {
            Value::Array(calls) => calls.iter().map(reply).collect(),
            call => reply(call),
        })
    })
    .await;
    let extends = loop {
        match fetch(small(server.config()), Method::Receipts).await {
            Ok(extends) => break extends,
            // Asked again by whoever fetches, until the endpoint is back.
            Err(error) => assert!(matches!(error, ChainError::NoBlock { .. }), "{error}"),
        }
    };
    assert!(server.asked("eth_call") > TIMES);
    let verdicts: Vec<PoolVerdict> = extends.iter().flat_map(|e| e.verdicts.clone()).collect();
    assert_eq!(verdicts, expected_verdicts());
    assert_eq!(
        swaps(&extends),
        mini.swaps(0..=LAST, &[created_pool(), older_pool()])
    );
}
