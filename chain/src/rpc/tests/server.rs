//! Real HTTP servers whose answers a test writes.

use super::super::{Call, Replies, Rpc};
use crate::{
    config::ChainConfig,
    error::{ChainError, Result},
};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{net::TcpListener, task::JoinHandle};
use warp::{Filter, http::Response};

/// What a server does with a call.
#[derive(Clone)]
pub(super) enum Reply {
    Result(Value),
    Error(Value),
    Status(u16),
    /// 429 with `Retry-After` in seconds.
    Rest(u64),
    /// Never an answer.
    Hang,
}

/// A running server; it ends with its test.
pub(super) struct Server {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves chain 1, and `rule` decides about other methods.
    pub(super) async fn start(rule: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        Self::of_chain(move |method| match method {
            "eth_chainId" => Reply::Result(json!("0x1")),
            other => rule(other),
        })
        .await
    }

    pub(super) async fn of_chain(rule: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        let rule = Arc::new(rule);
        let route = warp::post()
            .and(warp::body::json())
            .then(move |request: Value| {
                let method = request["method"].as_str().unwrap().to_owned();
                let reply = rule(&method);
                seen.lock().unwrap().push(method);
                async move {
                    let mut response = Response::builder();
                    let mut body = json!({"jsonrpc": "2.0", "id": request["id"]});
                    match reply {
                        Reply::Result(result) => body["result"] = result,
                        Reply::Error(error) => body["error"] = error,
                        Reply::Status(status) => response = response.status(status),
                        Reply::Rest(seconds) => {
                            response = response.status(429).header("retry-after", seconds);
                        }
                        Reply::Hang => std::future::pending().await,
                    }
                    response.body(body.to_string()).unwrap()
                }
            });
        let task = tokio::spawn(warp::serve(route).incoming(listener).run());
        Self {
            url: format!("http://127.0.0.1:{port}"),
            asked,
            task,
        }
    }

    /// How often a method was asked for.
    pub(super) fn asked(&self, method: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|name| *name == method).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An address where nobody listens.
pub(super) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// A configuration with short waits.
pub(super) fn config(urls: &[&str]) -> ChainConfig {
    let ms = Duration::from_millis;
    let mut config = ChainConfig::new(urls.iter().map(|url| url.parse().unwrap()).collect());
    config.limits.max_tries = 4;
    config.limits.backoff_base = ms(1);
    config.limits.backoff_cap = ms(5);
    config.limits.breaker_failures = 3;
    config.limits.breaker_pause = ms(5);
    config.limits.breaker_pause_cap = ms(40);
    config.limits.hedge_floor = ms(1);
    config
}

/// The height of the head, by whoever is asked.
pub(super) const HEAD: &str = "eth_blockNumber";

pub(super) fn head() -> [Call; 1] {
    [Call::block_number()]
}

/// Reads a height; anything but a text is a lie.
pub(super) fn read_head(replies: &Replies) -> Result<String> {
    serde_json::from_str::<String>(replies.text(0)).map_err(|_| ChainError::Lying {
        endpoint: replies.endpoint.clone(),
        what: "a height that is none".to_owned(),
    })
}

pub(super) async fn ask(rpc: &Rpc) -> Result<String> {
    rpc.ask(&head(), read_head).await
}
