//! Chains with several endpoints, one of which is ill.

use crate::{
    mini_chain::{MiniChain, created_pool, older_pool},
    server::{Answer, Server},
};
use serde_json::{Value, json};
use std::sync::Arc;
use tidegauge_chain::{Chain, ChainConfig, ChainError, EndpointState, Method, PoolBook};
use tidegauge_model::{B256, BlockNumber, BlockRange, ChainId};

const LAST: u64 = 99;

async fn honest() -> Server {
    let mini = MiniChain::new(LAST);
    Server::start(move |request| Answer::ok(mini.answer(request))).await
}

/// Serves the same chain with each reply passed through a change.
async fn changed(change: impl Fn(&Value, &mut Value) + Send + Sync + 'static) -> Server {
    let mini = MiniChain::new(LAST);
    Server::start(move |request| {
        let reply = |call: &Value| {
            let mut reply = mini.reply(call);
            change(call, &mut reply);
            reply
        };
        Answer::ok(match request {
            Value::Array(calls) => calls.iter().map(reply).collect(),
            call => reply(call),
        })
    })
    .await
}

fn config(servers: &[&Server]) -> ChainConfig {
    let mut config = servers[0].config();
    config.rpc_urls = servers
        .iter()
        .flat_map(|server| server.config().rpc_urls)
        .collect();
    config
}

/// Swaps of a whole fetch.
async fn swaps(chain: &Chain, method: Method) -> Result<usize, ChainError> {
    let range = BlockRange::new(BlockNumber(0), BlockNumber(LAST)).unwrap();
    let book = Arc::new(PoolBook::default());
    let mut fetcher = chain.fetch(range, Some(B256::ZERO), method, &book);
    let mut swaps = 0;
    while let Some(extend) = fetcher.next().await {
        let blocks = extend?.blocks;
        swaps += blocks.iter().map(|block| block.swaps.len()).sum::<usize>();
    }
    Ok(swaps)
}

#[tokio::test]
async fn what_one_endpoint_cannot_give_another_does() {
    let expected = MiniChain::new(LAST).swaps(0..=LAST, &[created_pool(), older_pool()]);
    let busy = || async {
        Server::start(|_| Answer {
            headers: vec![("retry-after", "60")],
            ..Answer::with_status(429, "")
        })
        .await
    };
    let failing = || async { Server::start(|_| Answer::with_status(503, "down")).await };
    let without_a_log = || async {
        changed(|call, reply| {
            if call["method"] == "eth_getBlockReceipts"
                && let Some(receipt) = reply["result"].get_mut(0)
            {
                receipt["logs"].as_array_mut().map(Vec::pop);
            }
        })
        .await
    };
    let without_receipts = || async {
        changed(|call, reply| {
            if call["method"] == "eth_getBlockReceipts" {
                *reply = json!({"jsonrpc": "2.0", "id": call["id"],
                    "error": {"code": -32601, "message": "method not found"}});
            }
        })
        .await
    };
    let narrow = || async {
        changed(|call, reply| {
            let filter = &call["params"][0];
            let at = |key: &str| crate::mini_chain::quantity(filter[key].as_str().unwrap());
            if call["method"] == "eth_getLogs" && at("toBlock") - at("fromBlock") >= 3 {
                *reply = json!({"jsonrpc": "2.0", "id": call["id"],
                    "error": {"code": 35, "message": "ranges over 3 blocks are not supported"}});
            }
        })
        .await
    };
    let cases = [
        ("busy", busy().await),
        ("failing", failing().await),
        ("a log kept back", without_a_log().await),
        ("no receipts", without_receipts().await),
        ("narrow", narrow().await),
    ];
    for (name, ill) in cases {
        for method in [Method::Receipts, Method::Logs] {
            let well = honest().await;
            let chain = Chain::connect(config(&[&ill, &well])).await.unwrap();
            assert_eq!(swaps(&chain, method).await.unwrap(), expected, "{name}");
            let report = chain.report();
            assert!(report[1].contradictions.is_empty(), "{name} {method}");
            if (name, method) == ("a log kept back", Method::Receipts) {
                let held = &report[0].contradictions[0];
                assert_eq!(held.kind, "evidence", "{held:?}");
                assert_eq!(report[0].state, EndpointState::Probation);
            }
            if (name, method) == ("narrow", Method::Logs) {
                // The other may have been quick enough to give everything.
                let was_asked = ill.asked("eth_getLogs") > 0;
                assert_eq!(report[0].span_cap_blocks, was_asked.then_some(3));
                let pages = well.asked("eth_getLogs");
                assert!(pages < 10, "{pages} pages, as narrow as the other's cap");
            }
        }
    }
}

#[tokio::test]
async fn one_right_chain_is_enough_to_connect() {
    let other = changed(|call, reply| {
        if call["method"] == "eth_chainId" {
            reply["result"] = json!("0x5");
        }
    })
    .await;
    let ours = honest().await;
    let mut mixed = config(&[&other, &ours]);
    mixed.chain_id = Some(ChainId(1337));
    let chain = Chain::connect(mixed).await.unwrap();
    assert_eq!(chain.id(), ChainId(1337));
    assert!(swaps(&chain, Method::Receipts).await.unwrap() > 0);
    assert_eq!(other.requests(), 1, "its chain id, and nothing else");
    assert_eq!(chain.report()[0].state, EndpointState::Quarantined);

    let mut wrong = config(&[&other, &other]);
    wrong.chain_id = Some(ChainId(1337));
    let Err(error) = Chain::connect(wrong).await else {
        panic!("connected");
    };
    assert!(matches!(error, ChainError::WrongChain { .. }), "{error}");
}
