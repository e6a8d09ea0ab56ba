//! JSON-RPC as nodes speak it, over HTTP and WebSocket.

use crate::support::{Served, generate, hex, small};
use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::sol;
use alloy::sol_types::{SolCall, SolValue};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tidegauge_model::{BlockNumber, Refusal};
use tidegauge_simchain::{FACTORY, Limits, MULTICALL3, REFERENCE_POOL, ServeOptions, SimChain};
use tokio_tungstenite::tungstenite::Message;

sol! {
    struct Call3 { address target; bool allowFailure; bytes callData; }
    struct CallResult { bool success; bytes returnData; }
    function aggregate3(Call3[] calls) external payable returns (CallResult[] results);
}

async fn served(options: ServeOptions) -> (Served, Arc<SimChain>, tempfile::TempDir) {
    let (chain, folder) = generate(&small(31));
    let chain = Arc::new(chain);
    (
        Served::new(Arc::clone(&chain), options).await,
        chain,
        folder,
    )
}

#[tokio::test]
async fn names_numbers_and_tags() {
    let (node, chain, _folder) = served(ServeOptions::default()).await;
    assert_eq!(node.result("eth_chainId", json!([])).await, "0x539");
    assert_eq!(node.result("net_version", json!([])).await, "1337");
    assert_eq!(node.result("eth_syncing", json!([])).await, false);
    assert_eq!(node.result("eth_blockNumber", json!([])).await, "0x258");
    let version = node.result("web3_clientVersion", json!([])).await;
    assert!(version.as_str().unwrap().starts_with("tidegauge-simchain/"));
    for (tag, number) in [
        ("latest", 600),
        ("safe", 568),
        ("finalized", 536),
        ("earliest", 0),
        ("0x10", 16),
    ] {
        let block = node
            .result("eth_getBlockByNumber", json!([tag, false]))
            .await;
        assert_eq!(hex(&block["number"]), number, "{tag}");
        let header = chain.expected().header(BlockNumber(number)).unwrap();
        assert_eq!(block["hash"], json!(header.block.hash));
        let by_hash = node
            .result("eth_getBlockByHash", json!([block["hash"], false]))
            .await;
        assert_eq!(by_hash, block);
        let by_number = node.result("eth_getBlockReceipts", json!([tag])).await;
        assert_eq!(
            node.result("eth_getBlockReceipts", json!([block["hash"]]))
                .await,
            by_number
        );
        for receipt in by_number.as_array().unwrap() {
            let one = node
                .result(
                    "eth_getTransactionReceipt",
                    json!([receipt["transactionHash"]]),
                )
                .await;
            assert_eq!(&one, receipt);
        }
    }
    for (method, params) in [
        ("eth_getBlockByNumber", json!(["0x259", false])),
        ("eth_getBlockByHash", json!([B256::ZERO, false])),
        ("eth_getBlockReceipts", json!(["0x259"])),
        ("eth_getBlockReceipts", json!([B256::ZERO])),
        ("eth_getTransactionReceipt", json!([B256::ZERO])),
    ] {
        assert_eq!(node.result(method, params).await, Value::Null, "{method}");
    }
}

#[tokio::test]
async fn log_pages_hold_what_receipts_hold() {
    let (node, _, _folder) = served(ServeOptions::default()).await;
    let mut all = Vec::new();
    for n in 0..=600 {
        let receipts = node
            .result("eth_getBlockReceipts", json!([format!("{n:#x}")]))
            .await;
        for receipt in receipts.as_array().unwrap() {
            all.extend(receipt["logs"].as_array().unwrap().clone());
        }
    }
    let logs = |filter: Value| node.result("eth_getLogs", json!([filter]));
    let range = |from: u64, to: u64| json!({"fromBlock": format!("{from:#x}"), "toBlock": format!("{to:#x}")});
    let swap = json!(keccak256(
        "Swap(address,address,int256,int256,uint160,uint128,int24)"
    ));
    let transfer = json!(keccak256("Transfer(address,address,uint256)"));
    let pool = json!(REFERENCE_POOL);
    let within = |from: u64, to: u64, wanted: &dyn Fn(&Value) -> bool| -> Value {
        all.iter()
            .filter(|log| (from..=to).contains(&hex(&log["blockNumber"])) && wanted(log))
            .cloned()
            .collect()
    };
    assert_eq!(logs(range(0, 600)).await, within(0, 600, &|_| true));
    assert_eq!(logs(range(77, 200)).await, within(77, 200, &|_| true));

    let mut filter = range(10, 500);
    filter["topics"] = json!([[swap]]);
    assert_eq!(
        logs(filter.clone()).await,
        within(10, 500, &|log| log["topics"][0] == swap)
    );
    filter["topics"] = json!([[swap, transfer]]);
    let both = within(10, 500, &|log| {
        [&swap, &transfer].contains(&&log["topics"][0])
    });
    assert_eq!(logs(filter.clone()).await, both);
    filter["topics"] = json!([swap]);
    filter["address"] = pool.clone();
    let ours = within(10, 500, &|log| {
        log["topics"][0] == swap && log["address"] == json!(format!("{REFERENCE_POOL:#x}"))
    });
    assert!(ours.as_array().unwrap().len() > 100);
    assert_eq!(logs(filter.clone()).await, ours);
    let sender = ours[0]["topics"][1].clone();
    filter["topics"] = json!([swap, [sender]]);
    let of_sender: Value = ours
        .as_array()
        .unwrap()
        .iter()
        .filter(|log| log["topics"][1] == sender)
        .cloned()
        .collect();
    assert_eq!(logs(filter).await, of_sender);

    let block = node
        .result("eth_getBlockByNumber", json!(["0x64", false]))
        .await;
    assert_eq!(
        logs(json!({"blockHash": block["hash"]})).await,
        within(100, 100, &|_| true)
    );
    assert_eq!(
        logs(json!({"fromBlock": "0x0", "toBlock": "earliest"})).await,
        json!([])
    );
}

#[tokio::test]
async fn errors_are_worded_as_nodes_word_them() {
    let (node, _, _folder) = served(ServeOptions::default()).await;
    for (method, params, code, words) in [
        (
            "eth_sendMoney",
            json!([]),
            -32601,
            "eth_sendMoney does not exist",
        ),
        (
            "eth_getLogs",
            json!([{"fromBlock": "0x5", "toBlock": "0x4"}]),
            -32602,
            "invalid block range",
        ),
        (
            "eth_getLogs",
            json!([{"fromBlock": "0x5", "toBlock": "0x259"}]),
            -32602,
            "beyond current head",
        ),
        (
            "eth_getLogs",
            json!([{"blockHash": B256::ZERO}]),
            -32000,
            "unknown block",
        ),
        (
            "eth_getLogs",
            json!([{"blockHash": B256::ZERO, "toBlock": "0x1"}]),
            -32602,
            "cannot specify both",
        ),
        ("eth_getLogs", json!([]), -32602, "missing value"),
        (
            "eth_getLogs",
            json!([{"address": "0x12"}]),
            -32602,
            "invalid argument",
        ),
        (
            "eth_getBlockByNumber",
            json!(["0x01", false]),
            -32602,
            "invalid block number",
        ),
        (
            "eth_getBlockByNumber",
            json!(["newest", false]),
            -32602,
            "invalid block number",
        ),
        (
            "eth_getBlockByNumber",
            json!(["0x1", true]),
            -32602,
            "not kept",
        ),
        (
            "eth_subscribe",
            json!(["newHeads"]),
            -32601,
            "notifications not supported",
        ),
        (
            "eth_call",
            json!([{"to": MULTICALL3, "data": "0x1234"}, "latest"]),
            3,
            "reverted",
        ),
    ] {
        let (got, message) = node.error(method, params.clone()).await;
        assert!(
            got == code && message.contains(words),
            "{method} {params}: {got} {message}"
        );
    }
    for (body, code) in [
        ("", -32700),
        ("{\"jsonrpc\":", -32700),
        ("[]", -32600),
        ("{\"id\":1}", -32600),
        ("3", -32600),
    ] {
        assert_eq!(
            node.post(body.into()).await["error"]["code"],
            code,
            "{body}"
        );
    }
    let many: Vec<Value> = (0..1_001)
        .map(|id| json!({"id": id, "method": "eth_chainId"}))
        .collect();
    assert_eq!(
        node.post(json!(many).to_string()).await["error"]["code"],
        -32600
    );
}

#[tokio::test]
async fn limits_are_those_of_providers() {
    let limits = Limits {
        max_logs: Some(100),
        max_range_blocks: Some(50),
        first_kept: Some(BlockNumber(0x20)),
    };
    let (node, _, _folder) = served(ServeOptions {
        limits,
        ..ServeOptions::default()
    })
    .await;
    let (code, message) = node
        .error(
            "eth_getLogs",
            json!([{"fromBlock": "0x0", "toBlock": "0x40"}]),
        )
        .await;
    assert!(
        code == -32600
            && message.contains("up to a 50 block range")
            && message.contains("[0x0, 0x31]"),
        "{message}"
    );
    let filter = json!([{"fromBlock": "0x80", "toBlock": "0xb0"}]);
    let answer = node.request("eth_getLogs", filter).await;
    assert_eq!(answer["error"]["code"], -32005);
    let data = &answer["error"]["data"];
    assert_eq!(data["limit"], 100);
    let smaller = json!([{"fromBlock": data["from"], "toBlock": data["to"]}]);
    assert!(
        node.result("eth_getLogs", smaller)
            .await
            .as_array()
            .unwrap()
            .len()
            <= 100
    );

    // What was pruned: logs and receipts, not headers.
    for (method, params) in [
        (
            "eth_getLogs",
            json!([{"fromBlock": "0x1f", "toBlock": "0x30"}]),
        ),
        ("eth_getBlockReceipts", json!(["0x1f"])),
    ] {
        let (code, message) = node.error(method, params).await;
        assert!(code == 4444 && message.contains("pruned"), "{message}");
    }
    let header = node.result("eth_getBlockByNumber", json!(["0x1f", false]));
    assert_eq!(header.await["number"], "0x1f");
    let kept = node.result("eth_getBlockReceipts", json!(["0x20"])).await;
    assert!(kept.is_array());
}

fn call(signature: &str) -> Bytes {
    Bytes::copy_from_slice(&keccak256(signature)[..4])
}

#[tokio::test]
async fn contracts_answer_calls() {
    let (node, chain, _folder) = served(ServeOptions::default()).await;
    let eth_call = |to: Address, data: Bytes| {
        node.request("eth_call", json!([{"to": to, "data": data}, "latest"]))
    };
    let pools = chain.expected().pools();
    for pool in &pools {
        for (signature, word) in [
            ("token0()", pool.token0.into_word()),
            ("token1()", pool.token1.into_word()),
            ("factory()", pool.factory.into_word()),
            ("fee()", U256::from(pool.fee_pips).into()),
            ("tickSpacing()", U256::from(pool.tick_spacing).into()),
        ] {
            let answer = eth_call(pool.id.0, call(signature)).await;
            assert_eq!(answer["result"], json!(word), "{signature}");
        }
        let mut data = call("getPool(address,address,uint24)").to_vec();
        data.extend((pool.token1, pool.token0, U256::from(pool.fee_pips)).abi_encode_params());
        let found = eth_call(pool.factory, data.into()).await;
        assert_eq!(found["result"], json!(pool.id.0.into_word()));
    }
    let last = chain
        .expected()
        .swaps(chain.range())
        .map(Result::unwrap)
        .filter(|s| s.pool.0 == REFERENCE_POOL)
        .last()
        .unwrap();
    let slot0 = eth_call(REFERENCE_POOL, call("slot0()")).await["result"]
        .as_str()
        .unwrap()
        .to_owned();
    let word = |n: usize| U256::from_str_radix(&slot0[2 + 64 * n..66 + 64 * n], 16).unwrap();
    assert_eq!(word(0), last.sqrt_price.0);
    assert_eq!(slot0.len(), 2 + 7 * 64);

    let fine: Address = pools.iter().find(|p| p.refusal.is_none()).unwrap().token0;
    let bare_pool = pools
        .iter()
        .find(|p| p.refusal == Some(Refusal::DecimalsMissing))
        .unwrap();
    let tokens: Vec<Address> = chain
        .expected()
        .tokens()
        .iter()
        .map(|t| t.address)
        .collect();
    let bare = if tokens.contains(&bare_pool.token0) {
        bare_pool.token1
    } else {
        bare_pool.token0
    };
    let calls = [fine, bare, Address::ZERO].map(|target| Call3 {
        target,
        allowFailure: true,
        callData: call("decimals()"),
    });
    let data = aggregate3Call {
        calls: calls.to_vec(),
    }
    .abi_encode();
    let answer = eth_call(MULTICALL3, data.into()).await;
    let bytes: Bytes = serde_json::from_value(answer["result"].clone()).unwrap();
    let results = aggregate3Call::abi_decode_returns(&bytes).unwrap();
    let seen: Vec<(bool, usize)> = results
        .iter()
        .map(|r| (r.success, r.returnData.len()))
        .collect();
    assert_eq!(seen, [(true, 32), (false, 0), (true, 0)]);

    let symbols: Vec<String> = chain
        .expected()
        .tokens()
        .iter()
        .filter_map(|t| t.symbol.clone())
        .collect();
    assert!(symbols.iter().any(|s| !s.is_ascii()));
    assert_eq!(
        eth_call(Address::ZERO, call("symbol()")).await["result"],
        "0x"
    );
    assert_eq!(eth_call(bare, call("decimals()")).await["error"]["code"], 3);
    for (address, code) in [
        (FACTORY, "0x00"),
        (REFERENCE_POOL, "0x00"),
        (Address::ZERO, "0x"),
    ] {
        assert_eq!(
            node.result("eth_getCode", json!([address, "latest"])).await,
            code
        );
    }
    // Before its creation a pool is not there.
    let early = node
        .request(
            "eth_call",
            json!([{"to": REFERENCE_POOL, "input": call("token0()")}, "0x0"]),
        )
        .await;
    assert_eq!(early["result"], "0x");
    let past = node
        .error(
            "eth_call",
            json!([{"to": REFERENCE_POOL, "data": call("slot0()")}, "0x100"]),
        )
        .await;
    assert!(past.1.contains("missing trie node"));
}

#[tokio::test]
async fn new_heads_are_announced() {
    let (chain, _folder) = generate(&small(32));
    let chain = Arc::new(chain);
    let options = ServeOptions {
        live_interval: Some(Duration::from_millis(20)),
        ..ServeOptions::default()
    };
    let node = Served::new(Arc::clone(&chain), options).await;
    let (mut socket, _) = tokio_tungstenite::connect_async(node.handle.ws_url())
        .await
        .unwrap();
    let ask = |id: u32, method: &str, params: Value| {
        Message::text(
            json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string(),
        )
    };
    socket
        .send(ask(1, "eth_subscribe", json!(["newHeads"])))
        .await
        .unwrap();
    socket.send(ask(2, "eth_chainId", json!([]))).await.unwrap();
    let (mut heads, mut id, mut chain_id) = (Vec::new(), Value::Null, Value::Null);
    while heads.len() < 5 || chain_id.is_null() {
        let message = tokio::time::timeout(Duration::from_secs(20), socket.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        let seen: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
        match seen["id"].as_u64() {
            Some(1) => id = seen["result"].clone(),
            Some(2) => chain_id = seen["result"].clone(),
            _ => {
                assert_eq!(seen["method"], "eth_subscription");
                heads.push(seen["params"]["result"].clone());
            }
        }
    }
    assert_eq!(chain_id, "0x539");
    for pair in heads.windows(2) {
        assert_eq!(pair[1]["parentHash"], pair[0]["hash"]);
    }
    let block = node
        .result("eth_getBlockByHash", json!([heads[0]["hash"], false]))
        .await;
    assert_eq!(block["number"], heads[0]["number"]);
    let header: alloy::rpc::types::Header = serde_json::from_value(heads[0].clone()).unwrap();
    assert_eq!(header.inner.hash_slow(), header.hash);
    socket
        .send(ask(3, "eth_unsubscribe", json!([id])))
        .await
        .unwrap();
    loop {
        let message = socket.next().await.unwrap().unwrap();
        let seen: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
        if seen["id"] == 3 {
            assert_eq!(seen["result"], true);
            break;
        }
    }
    // Stopping closes the connection and ends the server.
    drop(node.stop);
    let handle = node.handle;
    tokio::time::timeout(Duration::from_secs(20), async {
        while let Some(Ok(message)) = socket.next().await {
            assert!(message.is_close(), "{message}");
        }
        handle.stopped().await;
    })
    .await
    .unwrap();
}
