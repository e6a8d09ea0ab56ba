//! The chain over HTTP and WebSocket, on one port.

use crate::chain::SimChain;
use crate::error::SimError;
use crate::rpc::{Limits, Node, Subscriptions, header_json, notification};
use bytes::{Buf, Bytes};
use futures_util::{SinkExt, Stream, StreamExt};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tidegauge_model::BlockNumber;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;
use warp::Filter;
use warp::http::{Response, StatusCode, header};
use warp::ws::{Message, WebSocket, Ws};

/// Bytes of one request.
const MAX_BODY_BYTES: usize = 16 << 20;
/// Heads that a slow subscriber may lag behind before it loses some.
const HEADS_WAITING: usize = 256;

/// How a chain is served.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServeOptions {
    /// Time between new blocks; `None`: the chain stands still.
    pub live_interval: Option<Duration>,
    /// Bounds of `eth_getLogs`.
    pub limits: Limits,
}

/// A server that runs.
#[derive(Debug)]
pub struct ServerHandle {
    addr: SocketAddr,
    server: JoinHandle<()>,
}

impl ServerHandle {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its address for HTTP.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Its address for WebSocket.
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.addr)
    }

    /// Waits until it has stopped.
    pub async fn stopped(self) {
        if let Err(error) = self.server.await {
            tracing::error!(%error, "the simulated chain's server ended badly");
        }
    }
}

/// Listens and serves on the current runtime until `shutdown`; port 0 takes a free one.
pub async fn serve(
    listen: SocketAddr,
    chain: Arc<SimChain>,
    options: ServeOptions,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<ServerHandle, SimError> {
    let listener = tokio::net::TcpListener::bind(listen)
        .await
        .map_err(|source| SimError::Listen {
            addr: listen,
            source,
        })?;
    let addr = listener.local_addr().map_err(|source| SimError::Listen {
        addr: listen,
        source,
    })?;
    let node = Node {
        chain: Arc::clone(&chain),
        limits: options.limits,
    };
    let (heads, _) = broadcast::channel(HEADS_WAITING);
    let (stop, stopping) = watch::channel(false);
    let grower = options
        .live_interval
        .filter(|_| chain.grows())
        .map(|interval| tokio::spawn(live(chain, interval, heads.clone(), stopping.clone())));

    let sockets = {
        let node = node.clone();
        warp::ws().map(move |ws: Ws| {
            let (node, heads, stopping) = (node.clone(), heads.subscribe(), stopping.clone());
            ws.max_message_size(MAX_BODY_BYTES)
                .on_upgrade(move |socket| converse(node, socket, heads, stopping))
        })
    };
    let posts = warp::post()
        .and(warp::body::stream())
        .then(move |body| post(node.clone(), body));
    let running = warp::serve(sockets.or(posts))
        .incoming(listener)
        .graceful(async move {
            shutdown.await;
            // Nobody may be left to hear it.
            let _ = stop.send(true);
        });
    let server = tokio::spawn(async move {
        running.run().await;
        if let Some(grower) = grower {
            grower.abort();
        }
    });
    Ok(ServerHandle { addr, server })
}

/// Answers one POST.
async fn post(
    node: Node,
    body: impl Stream<Item = Result<impl Buf, warp::Error>>,
) -> Response<Bytes> {
    let (status, answer) = match read(body).await {
        Err(status) => (status, Bytes::new()),
        Ok(body) => {
            let answer = tokio::task::spawn_blocking(move || node.answer(&body, None)).await;
            answer.map_or((StatusCode::INTERNAL_SERVER_ERROR, Bytes::new()), |bytes| {
                (StatusCode::OK, Bytes::from(bytes))
            })
        }
    };
    let mut response = Response::new(answer);
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json"),
    );
    response
}

/// A whole body, within its bound.
async fn read(
    body: impl Stream<Item = Result<impl Buf, warp::Error>>,
) -> Result<Vec<u8>, StatusCode> {
    let mut body = std::pin::pin!(body);
    let mut bytes = Vec::new();
    while let Some(part) = body.next().await {
        let mut part = part.map_err(|_| StatusCode::BAD_REQUEST)?;
        if bytes.len() + part.remaining() > MAX_BODY_BYTES {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        while part.has_remaining() {
            let chunk = part.chunk();
            bytes.extend_from_slice(chunk);
            let len = chunk.len();
            part.advance(len);
        }
    }
    Ok(bytes)
}

/// Answers one WebSocket connection, and tells it of new heads.
async fn converse(
    node: Node,
    socket: WebSocket,
    mut heads: broadcast::Receiver<BlockNumber>,
    mut stopping: watch::Receiver<bool>,
) {
    let (mut out, mut incoming) = socket.split();
    let mut subscriptions = Subscriptions::default();
    loop {
        tokio::select! {
            _ = stopping.changed() => {
                // The other side may be gone already.
                let _ = out.send(Message::close()).await;
                return;
            }
            message = incoming.next() => {
                let Some(Ok(message)) = message else { return };
                if message.is_close() {
                    return;
                }
                if !message.is_text() && !message.is_binary() {
                    continue;
                }
                let node = node.clone();
                let answer = tokio::task::spawn_blocking(move || {
                    let answer = node.answer(message.as_bytes(), Some(&mut subscriptions));
                    (answer, subscriptions)
                })
                .await;
                let Ok((answer, kept)) = answer else { return };
                subscriptions = kept;
                let text = String::from_utf8_lossy(&answer).into_owned();
                if out.send(Message::text(text)).await.is_err() {
                    return;
                }
            }
            head = heads.recv() => {
                let number = match head {
                    Ok(number) => number,
                    // Heads lost by a slow reader: it sees the next.
                    Err(broadcast::error::RecvError::Lagged(_)) => continue,
                    // No more heads: requests are still answered, but never spin here.
                    Err(broadcast::error::RecvError::Closed) => return,
                };
                if subscriptions.heads.is_empty() {
                    continue;
                }
                let Ok(header) = header_json(&node.chain, number) else { return };
                let header = String::from_utf8_lossy(&header);
                for id in &subscriptions.heads {
                    if out.send(Message::text(notification(*id, &header))).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

/// Adds a block at every interval.
async fn live(
    chain: Arc<SimChain>,
    interval: Duration,
    heads: broadcast::Sender<BlockNumber>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut ticks = tokio::time::interval(interval.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        tokio::select! {
            _ = stopping.changed() => return,
            _ = ticks.tick() => {}
        }
        let growing = Arc::clone(&chain);
        match tokio::task::spawn_blocking(move || growing.grow()).await {
            Ok(Ok(head)) => {
                // Nobody may be listening.
                let _ = heads.send(head.number);
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "the simulated chain stopped growing");
                return;
            }
            Err(_) => return,
        }
    }
}
