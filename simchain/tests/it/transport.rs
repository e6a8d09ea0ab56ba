//! Mischief below JSON-RPC, subscriptions, and several listeners on one chain.

use crate::mischief::{always, hostile};
use crate::support::{Served, generate, small};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tidegauge_model::BlockRef;
use tidegauge_simchain::{Hostility, Mode, Rate, ServeOptions, SimChain};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Anything that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);

fn chain(seed: u64) -> (Arc<SimChain>, tempfile::TempDir) {
    let (chain, folder) = generate(&small(seed));
    (Arc::new(chain), folder)
}

async fn ask(node: &Served) -> reqwest::Response {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber", "params": ["latest", false]});
    let client = reqwest::Client::new();
    let post = client.post(node.handle.url()).body(body.to_string());
    post.send().await.unwrap()
}

async fn whole(answer: reqwest::Response) -> Value {
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_storm_refuses_some_posts_with_or_without_a_time() {
    let (chain, _folder) = chain(71);
    let node = Served::new(chain, hostile(always(Mode::RateLimit))).await;
    let mut told = Vec::new();
    for _ in 0..60 {
        let refused = ask(&node).await;
        assert_eq!(refused.status(), 429);
        told.push(
            refused
                .headers()
                .get("retry-after")
                .map(|v| v.to_str().unwrap().to_owned()),
        );
        let body: Value = whole(refused).await;
        assert_eq!(body["error"]["code"], 429);
    }
    assert_eq!(node.handle.mischief().of(Mode::RateLimit), 12);
    let storms: Vec<_> = told.chunks(5).collect();
    assert!(
        storms
            .iter()
            .all(|storm| storm.iter().all(|t| *t == storm[0]))
    );
    assert!(storms.iter().any(|storm| storm[0].is_none()));
    assert!(storms.iter().any(|storm| storm[0].as_deref() == Some("1")));
}

#[tokio::test]
async fn a_late_answer_is_late_and_true() {
    let (chain, _folder) = chain(72);
    let late = Hostility {
        latency: Duration::from_millis(120),
        ..always(Mode::Latency)
    };
    let node = Served::new(Arc::clone(&chain), hostile(late)).await;
    let begun = Instant::now();
    let answer: Value = whole(ask(&node).await).await;
    assert!(begun.elapsed() >= late.latency);
    assert_eq!(answer["result"]["hash"], json!(chain.head().unwrap().hash));
    assert_eq!(node.handle.mischief().of(Mode::Latency), 1);
}

#[tokio::test]
async fn a_slow_body_comes_byte_by_byte() {
    let (chain, _folder) = chain(73);
    let node = Served::new(chain, hostile(always(Mode::SlowBody))).await;
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}).to_string();
    let client = reqwest::Client::new();
    let mut answer = client
        .post(node.handle.url())
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let length = answer.content_length().unwrap();
    let (mut bytes, mut parts) = (Vec::new(), 0);
    while let Some(part) = answer.chunk().await.unwrap() {
        parts += 1;
        bytes.extend_from_slice(&part);
    }
    assert_eq!(bytes.len() as u64, length);
    assert!(parts > 5, "{parts}");
    let answer: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(answer["result"], "0x539");
}

#[tokio::test]
async fn a_cut_body_is_an_error_not_a_short_answer() {
    let (chain, _folder) = chain(74);
    let node = Served::new(chain, hostile(always(Mode::Disconnect))).await;
    let answer = ask(&node).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.bytes().await.is_err());
    assert_eq!(node.handle.mischief().of(Mode::Disconnect), 1);
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A connection with so many subscriptions to new heads.
async fn subscribed(node: &Served, subscriptions: u32) -> Socket {
    let (mut socket, _) = tokio_tungstenite::connect_async(node.handle.ws_url())
        .await
        .unwrap();
    for _ in 0..subscriptions {
        let answer = call(&mut socket, "eth_subscribe", json!(["newHeads"])).await;
        assert!(answer["result"].is_string(), "{answer}");
    }
    socket
}

async fn next(socket: &mut Socket) -> Option<Message> {
    let message = tokio::time::timeout(PATIENCE, socket.next()).await.unwrap();
    message.and_then(Result::ok)
}

/// Asks, and answers what comes next.
async fn call(socket: &mut Socket, method: &str, params: Value) -> Value {
    let request = json!({"jsonrpc": "2.0", "id": 5, "method": method, "params": params});
    socket
        .send(Message::text(request.to_string()))
        .await
        .unwrap();
    let message = next(socket).await.unwrap();
    serde_json::from_str(message.to_text().unwrap()).unwrap()
}

async fn head(socket: &mut Socket) -> Value {
    let message = next(socket).await.unwrap();
    let seen: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
    assert_eq!(seen["method"], "eth_subscription", "{seen}");
    seen["params"].clone()
}

#[tokio::test]
async fn every_block_of_a_branch_is_announced_to_every_subscription() {
    let (chain, _folder) = chain(75);
    let node = Served::new(Arc::clone(&chain), ServeOptions::default()).await;
    let mut sockets = [subscribed(&node, 1).await, subscribed(&node, 2).await];
    let grown = chain.grow().unwrap();
    let reorg = chain.reorg(3).unwrap();
    let back = chain.reorg_back().unwrap();
    let announced = [&[grown][..], &reorg.adopted, &back.adopted].concat();
    for (socket, subscriptions) in sockets.iter_mut().zip([1, 2]) {
        for block in &announced {
            for id in 1..=subscriptions {
                let seen = head(socket).await;
                assert_eq!(seen["subscription"], format!("{id:#x}"));
                let header: alloy::rpc::types::Header =
                    serde_json::from_value(seen["result"].clone()).unwrap();
                assert_eq!(header.inner.hash_slow(), block.hash);
                let BlockRef { number, hash } = *block;
                assert_eq!((header.inner.number, header.hash), (number.0, hash));
            }
        }
    }
}

#[tokio::test]
async fn pings_are_answered_and_a_reader_that_sleeps_holds_up_nobody() {
    let (chain, _folder) = chain(76);
    let node = Served::new(Arc::clone(&chain), ServeOptions::default()).await;
    let mut asleep = subscribed(&node, 1).await;
    let mut awake = subscribed(&node, 1).await;
    awake
        .send(Message::Ping("are you there".into()))
        .await
        .unwrap();
    assert_eq!(
        next(&mut awake).await.unwrap(),
        Message::Pong("are you there".into())
    );
    for _ in 0..3_000 {
        let grown = chain.grow().unwrap();
        if grown.number.0 % 50 == 0 {
            while head(&mut awake).await["result"]["hash"] != json!(grown.hash) {}
        }
    }
    // Whoever slept through more than the queue holds sees the newest all the same.
    let newest = json!(chain.head().unwrap().hash);
    let mut seen = 0;
    while head(&mut asleep).await["result"]["hash"] != newest {
        seen += 1;
    }
    assert!(seen < 3_000);
}

#[tokio::test]
async fn a_silent_socket_still_answers() {
    let (chain, _folder) = chain(77);
    let node = Served::new(Arc::clone(&chain), hostile(always(Mode::WsSilence))).await;
    let mut socket = subscribed(&node, 1).await;
    for _ in 0..5 {
        chain.grow().unwrap();
        // The next message is the answer, not a notification.
        let answer = call(&mut socket, "eth_chainId", json!([])).await;
        assert_eq!(answer["result"], "0x539");
    }
    assert_eq!(node.handle.mischief().total(), 1);
}

#[tokio::test]
async fn a_dropped_socket_ends_without_a_word() {
    let (chain, _folder) = chain(78);
    let node = Served::new(Arc::clone(&chain), hostile(always(Mode::WsDrop))).await;
    let mut socket = subscribed(&node, 1).await;
    chain.grow().unwrap();
    assert_eq!(next(&mut socket).await, None);
    assert_eq!(node.handle.mischief().of(Mode::WsDrop), 1);
}

#[tokio::test]
async fn a_chain_that_reorganises_live_is_one_chain_on_all_listeners() {
    let (chain, _folder) = chain(79);
    let hostility = Hostility {
        seed: 5,
        reorg_depth: 9,
        ..Hostility::default().with(Mode::Reorg, Rate::per_thousand(500))
    };
    let growing = ServeOptions {
        live_interval: Some(Duration::from_millis(5)),
        ..hostile(hostility)
    };
    let hostile = Served::new(Arc::clone(&chain), growing).await;
    let honest = Served::new(Arc::clone(&chain), ServeOptions::default()).await;
    let mut socket = subscribed(&honest, 1).await;
    while hostile.handle.mischief().of(Mode::Reorg) < 20 {
        head(&mut socket).await;
    }
    drop(hostile.stop);
    assert!(hostile.handle.stopped().await.of(Mode::Reorg) >= 20);
    assert_eq!(honest.handle.mischief().total(), 0);
    let mut parent = None;
    for number in 560..=chain.range().to.0 {
        let tag = json!([format!("{number:#x}"), false]);
        let block = honest.result("eth_getBlockByNumber", tag.clone()).await;
        let receipts = honest.result("eth_getBlockReceipts", tag).await;
        parent = Some(crate::honesty::check_block(&block, &receipts, parent));
    }
    assert_eq!(parent, Some(chain.head().unwrap().hash));
}
