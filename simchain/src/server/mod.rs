//! The chain over HTTP and WebSocket, on one port.

mod growing;
mod posts;
mod sockets;

use crate::chain::SimChain;
use crate::error::SimError;
use crate::hostile::{Hostility, Imp, Mischief};
use crate::rpc::{Limits, Node, Subscriptions};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use warp::Filter;
use warp::ws::Ws;

/// Bytes of one request.
const MAX_BODY_BYTES: usize = 16 << 20;

/// How a chain is served.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServeOptions {
    /// Time between new blocks; `None`: this listener adds none. Of several
    /// listeners on one chain, one at most should.
    pub live_interval: Option<Duration>,
    /// What is not answered.
    pub limits: Limits,
    /// Mischief; `None`: honest.
    pub hostility: Option<Hostility>,
}

/// A server that runs.
#[derive(Debug)]
pub struct ServerHandle {
    addr: SocketAddr,
    server: JoinHandle<()>,
    imp: Option<Arc<Imp>>,
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

    /// How often each mode struck so far.
    pub fn mischief(&self) -> Mischief {
        self.imp
            .as_ref()
            .map(|imp| imp.counts())
            .unwrap_or_default()
    }

    /// Waits until it has stopped; answers how often each mode struck.
    pub async fn stopped(self) -> Mischief {
        if let Err(error) = self.server.await {
            tracing::error!(%error, "the simulated chain's server ended badly");
        }
        self.imp.map(|imp| imp.counts()).unwrap_or_default()
    }
}

/// What each connection of a listener needs.
#[derive(Clone)]
struct Desk {
    node: Node,
    imp: Option<Arc<Imp>>,
    stopping: watch::Receiver<bool>,
}

impl Desk {
    /// The answer to a body.
    fn answer(&self, body: &[u8], subscriptions: Option<&mut Subscriptions>) -> Vec<u8> {
        match &self.imp {
            None => self.node.answer(body, subscriptions, None),
            Some(imp) => {
                let meddler = |call: crate::rpc::Call<'_>| imp.answer(&self.node, call);
                self.node.answer(body, subscriptions, Some(&meddler))
            }
        }
    }
}

/// Listens and serves on the current runtime until `shutdown`; port 0 takes a free one.
///
/// One chain may be served by several listeners, each with its own options.
pub async fn serve(
    listen: SocketAddr,
    chain: Arc<SimChain>,
    options: ServeOptions,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<ServerHandle, SimError> {
    let imp = match &options.hostility {
        None => None,
        Some(hostility) => {
            hostility.check()?;
            tracing::info!(%listen, mischief = %hostility, "a hostile listener");
            Some(Arc::new(Imp::new(*hostility)))
        }
    };
    let refused = |source| SimError::Listen {
        addr: listen,
        source,
    };
    let listener = tokio::net::TcpListener::bind(listen)
        .await
        .map_err(refused)?;
    let addr = listener.local_addr().map_err(refused)?;
    let (stop, stopping) = watch::channel(false);
    let desk = Desk {
        node: Node {
            chain: Arc::clone(&chain),
            limits: options.limits,
        },
        imp: imp.clone(),
        stopping,
    };
    let grower = options
        .live_interval
        .filter(|_| chain.grows())
        .map(|interval| tokio::spawn(growing::grow(desk.clone(), interval)));
    let sockets = {
        let desk = desk.clone();
        warp::ws().map(move |ws: Ws| {
            let desk = desk.clone();
            let heads = desk.node.chain.heads();
            ws.max_message_size(MAX_BODY_BYTES)
                .on_upgrade(move |socket| sockets::converse(desk, socket, heads))
        })
    };
    let posts = warp::post()
        .and(warp::body::stream())
        .then(move |body| posts::post(desk.clone(), body));
    let running = warp::serve(sockets.or(posts))
        .incoming(listener)
        .graceful(async move {
            shutdown.await;
            // Nobody may be left to hear it.
            let _ = stop.send(true);
        });
    let server = tokio::spawn(async move {
        running.run().await;
        if let Some(grower) = grower
            && let Err(error) = grower.await
        {
            tracing::error!(%error, "the simulated chain's growth ended badly");
        }
    });
    Ok(ServerHandle { addr, server, imp })
}
