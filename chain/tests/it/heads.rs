//! News of heads: by WebSocket, and by polling where there is none.

use crate::mini_chain::MiniChain;
use crate::server::{Answer, Server};
use futures_util::{SinkExt, StreamExt};
use std::time::Duration;
use tidegauge_chain::{Chain, ChainConfig, Heads, Pace, SecretUrl, Wake};
use tidegauge_model::{B256, BlockNumber, BlockRef};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::{WebSocketStream, accept_async, tungstenite::Message};

/// A pace at which a poll is told from an announcement.
const PACE: Pace = Pace {
    poll: Duration::from_millis(40),
    silence: Duration::from_millis(400),
};
/// Whatever should come has come by then.
const DEADLINE: Duration = Duration::from_secs(20);
const GENESIS: BlockNumber = BlockNumber(0);

/// A place that announces what a test says.
struct Announcer {
    url: SecretUrl,
    connections: mpsc::Receiver<WebSocketStream<TcpStream>>,
}

impl Announcer {
    async fn start(subscribed: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/", listener.local_addr().unwrap());
        let (hand_over, connections) = mpsc::channel(4);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut socket = accept_async(stream).await.unwrap();
                let question = socket.next().await.unwrap().unwrap();
                assert!(
                    question.to_text().unwrap().contains("newHeads"),
                    "{question}"
                );
                socket.send(Message::text(subscribed)).await.unwrap();
                if hand_over.send(socket).await.is_err() {
                    break;
                }
            }
        });
        Self {
            url: SecretUrl::parse_socket(&url).unwrap(),
            connections,
        }
    }

    async fn connection(&mut self) -> WebSocketStream<TcpStream> {
        let connection = tokio::time::timeout(DEADLINE, self.connections.recv()).await;
        connection.expect("a connection in time").unwrap()
    }
}

const SUBSCRIBED: &str = r#"{"jsonrpc":"2.0","id":1,"result":"0x1"}"#;

async fn heads(socket_urls: Vec<SecretUrl>) -> (Heads, Server) {
    let mini = MiniChain::new(3);
    let server = Server::start(move |request| Answer::ok(mini.answer(request))).await;
    let config = ChainConfig {
        socket_urls: Some(socket_urls),
        ..server.config()
    };
    (Chain::connect(config).await.unwrap().heads(PACE), server)
}

fn block(number: u64) -> BlockRef {
    BlockRef {
        number: BlockNumber(number),
        hash: B256::repeat_byte(9),
    }
}

async fn announce(socket: &mut WebSocketStream<TcpStream>, block: BlockRef) {
    let head = format!(
        r#"{{"jsonrpc":"2.0","method":"eth_subscription","params":{{"subscription":"0x1","result":{{"number":"{:#x}","hash":"{:#x}"}}}}}}"#,
        block.number.0, block.hash
    );
    socket.send(Message::text(head)).await.unwrap();
}

/// Waits until heads are announced.
async fn connected(heads: &mut Heads) {
    let until = async {
        while !heads.is_announced() {
            assert_eq!(heads.after(GENESIS).await, Wake::Poll);
        }
    };
    tokio::time::timeout(DEADLINE, until)
        .await
        .expect("announcements in time");
}

#[tokio::test]
async fn what_is_announced_wakes() {
    let mut announcer = Announcer::start(SUBSCRIBED).await;
    let (mut heads, _server) = heads(vec![announcer.url.clone()]).await;
    let mut socket = announcer.connection().await;
    connected(&mut heads).await;
    for number in [7, 8, 8] {
        announce(&mut socket, block(number)).await;
        let woken = async { while heads.after(block(9).number).await == Wake::Poll {} };
        tokio::time::timeout(DEADLINE, woken)
            .await
            .expect("an announcement in time");
    }
}

#[tokio::test]
async fn without_announcements_the_tip_is_polled() {
    let refusing =
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no subscriptions"}}"#;
    let announcer = Announcer::start(refusing).await;
    for urls in [vec![], vec![announcer.url]] {
        let (mut heads, _server) = heads(urls).await;
        for _ in 0..3 {
            assert_eq!(heads.after(GENESIS).await, Wake::Poll);
            assert!(!heads.is_announced());
        }
    }
}

#[tokio::test]
async fn a_connection_that_falls_silent_is_made_anew() {
    let mut announcer = Announcer::start(SUBSCRIBED).await;
    let (mut heads, _server) = heads(vec![announcer.url.clone()]).await;
    let _silent = announcer.connection().await;
    connected(&mut heads).await;
    // Nothing comes; a look finds a block.
    assert_eq!(heads.after(GENESIS).await, Wake::Poll);
    heads.found();
    let mut second = announcer.connection().await;
    connected(&mut heads).await;
    announce(&mut second, block(5)).await;
    let woken = async { while heads.after(block(6).number).await != Wake::Announced(block(5)) {} };
    tokio::time::timeout(DEADLINE, woken)
        .await
        .expect("an announcement in time");
}

#[tokio::test]
async fn a_connection_that_is_lost_is_made_anew() {
    let mut announcer = Announcer::start(SUBSCRIBED).await;
    let (mut heads, _server) = heads(vec![announcer.url.clone()]).await;
    for _ in 0..2 {
        let socket = announcer.connection().await;
        connected(&mut heads).await;
        drop(socket);
        let lost = async {
            while heads.is_announced() {
                assert_eq!(heads.after(GENESIS).await, Wake::Poll);
            }
        };
        tokio::time::timeout(DEADLINE, lost)
            .await
            .expect("noticed in time");
    }
}

#[tokio::test]
async fn an_announcement_that_is_none_ends_the_connection() {
    let mut announcer = Announcer::start(SUBSCRIBED).await;
    let (mut heads, _server) = heads(vec![announcer.url.clone()]).await;
    for nonsense in ["", "[]", r#"{"params":{"result":{"number":"ten"}}}"#] {
        let mut socket = announcer.connection().await;
        connected(&mut heads).await;
        socket.send(Message::text(nonsense)).await.unwrap();
        let lost = async {
            while heads.is_announced() {
                assert_eq!(heads.after(GENESIS).await, Wake::Poll);
            }
        };
        tokio::time::timeout(DEADLINE, lost)
            .await
            .expect("noticed in time");
    }
}
