//! Ranges fetched to the evidence asked for: an endpoint's omissions and inventions are mended.

use crate::{
    mini_chain::{MiniChain, created_pool, older_pool},
    server::{Answer, Server},
};
use serde_json::{Value, json};
use std::sync::Arc;
use tidegauge_chain::{Chain, ChainConfig, PoolBook, PoolSelection};
use tidegauge_model::{B256, BlockData, BlockNumber, BlockRange, Evidence};

const LAST: u64 = 199;

/// A change to the logs of a page.
type Change = fn(&mut Vec<Value>);

async fn serve(change: Change) -> Server {
    let mini = MiniChain::new(LAST);
    Server::start(move |request| {
        let reply = |call: &Value| {
            let mut reply = mini.reply(call);
            if call["method"] == "eth_getLogs" {
                change(reply["result"].as_array_mut().unwrap());
            }
            reply
        };
        Answer::ok(match request {
            Value::Array(calls) => calls.iter().map(reply).collect(),
            call => reply(call),
        })
    })
    .await
}

async fn fetched(config: ChainConfig, asked: Evidence) -> Vec<BlockData> {
    let chain = Chain::connect(config).await.unwrap();
    let book = Arc::new(PoolBook::default());
    let range = BlockRange::new(BlockNumber(0), BlockNumber(LAST)).unwrap();
    let mut fetcher = chain.fetch_to(range, Some(B256::ZERO), asked, &book);
    let mut blocks = Vec::new();
    let mut next = range.from;
    while let Some(extend) = fetcher.next().await {
        let extend = extend.unwrap();
        assert!(extend.covered.evidence >= asked);
        assert_eq!(extend.covered.range.from, next);
        next = extend.covered.range.to.next();
        blocks.extend(extend.blocks);
    }
    assert_eq!(next, range.to.next());
    blocks
}

fn honest(_: &mut Vec<Value>) {}

/// The log in that place of that block, in a page that holds it.
fn find(logs: &mut [Value], block: u64, place: usize) -> Option<&mut Value> {
    let number = json!(format!("{block:#x}"));
    logs.iter_mut()
        .filter(|log| log["blockNumber"] == number)
        .nth(place)
}

fn drop_logs_of(logs: &mut Vec<Value>, block: u64) {
    let number = json!(format!("{block:#x}"));
    logs.retain(|log| log["blockNumber"] != number);
}

#[tokio::test]
async fn honest_pages_need_headers_and_few_receipts() {
    let server = serve(honest).await;
    let claimed = fetched(server.config(), Evidence::Claimed).await;
    let headers = server.asked("eth_getBlockByNumber");
    assert_eq!(server.asked("eth_getBlockReceipts"), 0);
    let raised = fetched(server.config(), Evidence::Bloom).await;
    assert_eq!(raised, claimed);
    let headers = server.asked("eth_getBlockByNumber") - headers;
    let receipts = server.asked("eth_getBlockReceipts");
    assert!(headers as u64 > LAST, "{headers} headers");
    assert!(receipts < 10, "{receipts} blocks by receipts");
    let proven = fetched(server.config(), Evidence::Receipts).await;
    let rows = |blocks: &[BlockData]| -> usize { blocks.iter().map(|b| b.swaps.len()).sum() };
    assert_eq!(rows(&proven), rows(&raised));
}

#[tokio::test]
async fn what_a_page_omits_or_invents_is_mended() {
    let cases: [(&str, Change); 7] = [
        ("the only log of a block is missing", |logs| {
            drop_logs_of(logs, 71)
        }),
        ("the first log of the range is missing", |logs| {
            drop_logs_of(logs, 1)
        }),
        ("the opening of a pool is missing", |logs| {
            logs.retain(|log| log["logIndex"] != "0x0" || log["blockNumber"] != "0x2");
        }),
        ("an emitter is another", |logs| {
            if let Some(log) = find(logs, 71, 0) {
                log["address"] = json!(created_pool());
            }
        }),
        ("a recipient is another", |logs| {
            if let Some(log) = find(logs, 71, 0) {
                log["topics"][2] = json!(B256::with_last_byte(9));
            }
        }),
        ("a log is of another block at that height", |logs| {
            if let Some(log) = find(logs, 71, 0) {
                log["blockHash"] = json!(B256::repeat_byte(9));
            }
        }),
        ("a log stands in an empty block", |logs| {
            if let Some(log) = find(logs, 71, 0) {
                let mut invented = log.clone();
                invented["blockNumber"] = json!("0x46");
                logs.push(invented);
            }
        }),
    ];
    let expected = fetched(serve(honest).await.config(), Evidence::Claimed).await;
    for (what, change) in cases {
        let server = serve(change).await;
        assert_ne!(
            fetched(server.config(), Evidence::Claimed).await,
            expected,
            "{what}: the change changes something"
        );
        assert_eq!(
            fetched(server.config(), Evidence::Bloom).await,
            expected,
            "{what}"
        );
    }
}

#[tokio::test]
async fn listed_pools_are_told_apart_by_emitter() {
    let both = |server: &Server| {
        let mut config = server.config();
        config.pools = PoolSelection::List(vec![created_pool(), older_pool()]);
        config
    };
    let expected = fetched(both(&serve(honest).await), Evidence::Claimed).await;
    // Block 72 holds a swap of each: the topic alone would not show that one is missing.
    for place in [0, 1] {
        let changes: [Change; 2] = [
            |logs| logs.retain(|log| log["blockNumber"] != "0x48" || log["logIndex"] != "0x0"),
            |logs| logs.retain(|log| log["blockNumber"] != "0x48" || log["logIndex"] != "0x1"),
        ];
        let server = serve(changes[place]).await;
        let claimed = fetched(both(&server), Evidence::Claimed).await;
        assert_ne!(claimed, expected);
        assert_eq!(fetched(both(&server), Evidence::Bloom).await, expected);
    }
}

#[tokio::test]
async fn times_come_from_the_headers() {
    let expected = fetched(serve(honest).await.config(), Evidence::Claimed).await;
    // Plausible, since between the page's ends, but wrong.
    let server = serve(|logs| {
        for log in logs.iter_mut() {
            let time = crate::mini_chain::quantity(log["blockTimestamp"].as_str().unwrap());
            log["blockTimestamp"] = json!(format!("{:#x}", time + 1));
        }
    })
    .await;
    assert_ne!(fetched(server.config(), Evidence::Claimed).await, expected);
    assert_eq!(fetched(server.config(), Evidence::Bloom).await, expected);
}
