//! Each bad answer gives one clear error: what, on what, why, what to do; no key in it.

use crate::{
    mini_chain::MiniChain,
    server::{Answer, Server, config},
};
use serde_json::{Value, json};
use std::sync::Arc;
use tidegauge_chain::{Chain, ChainError, Method, PoolBook};
use tidegauge_model::{BlockNumber, BlockRange, ChainId, ErrorClass};
use tokio::{io::AsyncWriteExt, net::TcpListener};

async fn connect(
    answer: impl Fn(&Value) -> Answer + Send + Sync + 'static,
) -> (ChainError, Server) {
    let server = Server::start(answer).await;
    let Err(error) = Chain::connect(server.config()).await else {
        panic!("connected");
    };
    let text = format!("{error} {error:?}");
    assert!(!text.contains("canary"), "{text}");
    assert!(text.contains("127.0.0.1"), "it names the endpoint: {text}");
    (error, server)
}

#[tokio::test]
async fn bad_answers_are_named_and_tried_as_their_cause_says() {
    let error = |code: i64, message: &str| json!({"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": message}});
    // Answer, words of the error, its class, requests sent.
    let cases: Vec<(Answer, &[&str], ErrorClass, usize)> = vec![
        (
            Answer::with_status(401, "no key"),
            &["HTTP 401", "key"],
            ErrorClass::Refused,
            1,
        ),
        (
            Answer::with_status(403, error(-32000, "forbidden for canary-key-123")),
            &["HTTP 403", "***", "key"],
            ErrorClass::Refused,
            1,
        ),
        (
            Answer::with_status(429, ""),
            &["HTTP 429", "rate"],
            ErrorClass::Transient,
            3,
        ),
        (
            Answer::with_status(500, "oops"),
            &["HTTP 500", "oops"],
            ErrorClass::Transient,
            3,
        ),
        (
            Answer::with_status(503, "<html>busy"),
            &["HTTP 503"],
            ErrorClass::Transient,
            3,
        ),
        (
            Answer::with_status(302, ""),
            &["HTTP 302"],
            ErrorClass::Transient,
            3,
        ),
        (
            Answer::with_status(404, "not here"),
            &["HTTP 404", "chain.rpc_urls"],
            ErrorClass::Refused,
            1,
        ),
        (
            Answer::ok("<html>hello"),
            &["HTML instead of JSON", "hello"],
            ErrorClass::Transient,
            3,
        ),
        (
            Answer::ok("{\"jsonrpc\":\"2.0\",\"id\":1,\"res"),
            &["truncated JSON"],
            ErrorClass::Transient,
            3,
        ),
        (
            Answer::ok("{\"id\":1,}"),
            &["invalid JSON"],
            ErrorClass::Transient,
            3,
        ),
        (Answer::ok(""), &["empty body"], ErrorClass::Transient, 3),
        (
            Answer::ok("hello"),
            &["no JSON-RPC reply"],
            ErrorClass::Transient,
            3,
        ),
        (
            Answer::ok("[]"),
            &["no JSON-RPC reply"],
            ErrorClass::Transient,
            3,
        ),
        (
            Answer::ok("{}"),
            &["neither result nor error"],
            ErrorClass::Transient,
            3,
        ),
        (
            Answer::ok(json!({"jsonrpc": "2.0", "id": 99, "result": "0x539"})),
            &["id of no question"],
            ErrorClass::Transient,
            3,
        ),
        (
            Answer::ok(json!({"jsonrpc": "2.0", "id": 1, "result": null})),
            &["eth_chainId"],
            ErrorClass::Transient,
            1,
        ),
        (
            Answer::ok(error(-32601, "Method not found")),
            &["-32601", "eth_chainId"],
            ErrorClass::Refused,
            1,
        ),
    ];
    for (answer, words, class, requests) in cases {
        let body = answer.body.clone();
        let (error, server) = connect(move |request| {
            let mut answer = answer.clone();
            // Replies to later tries carry the id of the try.
            answer.body = answer
                .body
                .replace("\"id\":1,", &format!("\"id\":{},", request["id"]));
            answer
        })
        .await;
        let text = error.to_string();
        for word in words {
            assert!(text.contains(word), "{body}: {text} lacks `{word}`");
        }
        assert_eq!(error.class(), class, "{text}");
        if requests > 1 || class == ErrorClass::Refused {
            assert_eq!(server.requests(), requests, "{text}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_reached_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let config = config(&format!("http://127.0.0.1:{port}/canary-key"));
    let Err(error) = Chain::connect(config).await else {
        panic!("connected");
    };
    let text = error.to_string();
    assert!(
        text.contains("could not connect") && text.contains("3 tries"),
        "{text}"
    );
    assert!(!format!("{error:?}").contains("canary"));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"jsonrpc\"";
            socket.write_all(half).await.unwrap();
            socket.shutdown().await.unwrap();
        }
    });
    let Err(error) = Chain::connect(config(&format!("http://127.0.0.1:{port}"))).await else {
        panic!("connected");
    };
    assert_eq!(error.class(), ErrorClass::Transient, "{error}");
    server.abort();
}

#[tokio::test]
async fn another_chain_is_refused() {
    let mini = MiniChain::new(3);
    let server = Server::start(move |request| Answer::ok(mini.answer(request))).await;
    let mut config = server.config();
    config.chain_id = Some(ChainId(1));
    let Err(error) = Chain::connect(config).await else {
        panic!("connected");
    };
    assert!(
        matches!(
            error,
            ChainError::WrongChain {
                found: ChainId(1337),
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(error.class(), ErrorClass::Refused);
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn an_unknown_chain_needs_its_factory() {
    let (error, _) = {
        let server = Server::start(|request| {
            Answer::ok(json!({"jsonrpc": "2.0", "id": request["id"], "result": "0x7"}))
        })
        .await;
        (Chain::connect(server.config()).await.err().unwrap(), server)
    };
    assert!(error.to_string().contains("chain.factories"), "{error}");
}

#[tokio::test]
async fn a_wait_that_the_endpoint_asks_for_is_obeyed_up_to_the_cap() {
    let server = Server::start(|_| Answer {
        headers: vec![("retry-after", "86400")],
        ..Answer::with_status(429, "")
    })
    .await;
    let mut config = server.config();
    config.limits.backoff_cap = std::time::Duration::from_millis(60);
    let start = std::time::Instant::now();
    assert!(Chain::connect(config).await.is_err());
    let waited = start.elapsed();
    assert!(
        waited >= std::time::Duration::from_millis(120),
        "{waited:?}"
    );
    assert!(waited < std::time::Duration::from_secs(10), "{waited:?}");
}

/// A change of a call's result.
type Change = Box<dyn Fn(&mut Value) + Send + Sync>;

/// Fetches blocks 1 to 12 with the reply to `method` changed.
async fn fetch_changed(
    fetch: Method,
    method: &'static str,
    change: impl Fn(&mut Value) + Send + Sync + 'static,
) -> ChainError {
    let mini = MiniChain::new(20);
    let server = Server::start(move |request| {
        let reply = |call: &Value| {
            let mut reply = mini.reply(call);
            if call["method"] == method {
                change(&mut reply["result"]);
            }
            reply
        };
        Answer::ok(match request {
            Value::Array(calls) => calls.iter().map(reply).collect(),
            call => reply(call),
        })
    })
    .await;
    let chain = Chain::connect(server.config()).await.unwrap();
    let range = BlockRange::new(BlockNumber(1), BlockNumber(12)).unwrap();
    let mut fetcher = chain.fetch(range, None, fetch, &Arc::new(PoolBook::default()));
    let error = loop {
        match fetcher.next().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => break error,
            None => panic!("a bad {method} went through"),
        }
    };
    assert!(fetcher.next().await.is_none());
    assert!(!error.to_string().contains("canary"));
    error
}

/// A change of the log in that place.
fn log(place: usize, key: &'static str, value: Value) -> impl Fn(&mut Value) + Send + Sync {
    move |logs| logs[place][key] = value.clone()
}

#[tokio::test]
async fn bad_logs_are_named() {
    let page = |change: Change| async move {
        fetch_changed(Method::Logs, "eth_getLogs", change)
            .await
            .to_string()
    };
    let word = format!("0x{}", "ff".repeat(160));
    let cases: Vec<(Change, &str)> = vec![
        (
            Box::new(log(1, "blockNumber", json!("0x63"))),
            "block 99, outside blocks 1..=12",
        ),
        (
            Box::new(log(1, "topics", json!([format!("0x{}", "11".repeat(32))]))),
            "outside the topic filter",
        ),
        (
            Box::new(|logs| {
                let first = logs[0].clone();
                logs.as_array_mut().unwrap().push(first);
            }),
            "twice",
        ),
        (
            Box::new(log(0, "data", json!("0x00"))),
            "log 1 of block 1 of pool",
        ),
        (Box::new(log(0, "data", json!(word))), "cannot be decoded"),
        (Box::new(log(0, "data", json!("zz"))), "`data` is malformed"),
        (
            Box::new(log(0, "blockHash", json!(format!("0x{}", "11".repeat(32))))),
            "another block at that height",
        ),
        (Box::new(log(0, "removed", json!(true))), "removed"),
        (Box::new(log(0, "logIndex", Value::Null)), "logIndex"),
        (
            Box::new(|logs| *logs = Value::Null),
            "the logs of blocks 1..=12",
        ),
        (
            Box::new(|logs| *logs = json!({"no": "array"})),
            "the logs of blocks 1..=12",
        ),
    ];
    for (change, words) in cases {
        let error = page(change).await;
        assert!(error.contains(words), "{error} lacks `{words}`");
    }
}

/// Changes the first receipt of blocks that have one.
fn first(change: impl Fn(&mut Value) + Send + Sync) -> impl Fn(&mut Value) + Send + Sync {
    move |list| {
        if let Some(receipt) = list.get_mut(0) {
            change(receipt);
        }
    }
}

#[tokio::test]
async fn bad_blocks_and_receipts_are_named() {
    let cases: Vec<(&'static str, Change, &str)> = vec![
        (
            "eth_getBlockByNumber",
            Box::new(|block| *block = Value::Null),
            "has no block",
        ),
        (
            "eth_getBlockByNumber",
            Box::new(|block| block["timestamp"] = json!("0x1")),
            "hashes to",
        ),
        (
            "eth_getBlockByNumber",
            Box::new(|block| block["gasUsed"] = json!("many")),
            "`gasUsed`",
        ),
        (
            "eth_getBlockReceipts",
            Box::new(|list| *list = Value::Null),
            "has no block",
        ),
        (
            "eth_getBlockReceipts",
            Box::new(|list| *list = json!([])),
            "0 receipts of",
        ),
        (
            "eth_getBlockReceipts",
            Box::new(first(|receipt| receipt["cumulativeGasUsed"] = json!("0x9"))),
            "receipts root",
        ),
        (
            "eth_getBlockReceipts",
            Box::new(first(|receipt| {
                receipt["logs"].as_array_mut().map(Vec::pop);
            })),
            "receipts",
        ),
        (
            "eth_getBlockReceipts",
            Box::new(first(|receipt| {
                receipt["transactionHash"] = json!(format!("0x{}", "11".repeat(32)))
            })),
            "receipts",
        ),
    ];
    for (method, change, words) in cases {
        let error = fetch_changed(Method::Receipts, method, change).await;
        let text = error.to_string();
        assert!(text.contains(words), "{text} lacks `{words}`");
        assert_eq!(error.class(), ErrorClass::Transient, "{text}");
    }
}
