//! A real HTTP server whose answers a test writes.

use serde_json::Value;
use std::sync::{Arc, Mutex};
use tidegauge_chain::{ChainConfig, Limits, SecretUrl};
use tokio::{net::TcpListener, task::JoinHandle};
use warp::{Filter, http::Response};

/// What the server sends.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn ok(body: impl ToString) -> Self {
        Self::with_status(200, body)
    }

    pub(crate) fn with_status(status: u16, body: impl ToString) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.to_string(),
        }
    }
}

/// A running server; it ends with its test.
pub(crate) struct Server {
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<Value>>>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(answer: impl Fn(&Value) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(answer);
        let seen = Arc::clone(&asked);
        let route = warp::post()
            .and(warp::body::json())
            .map(move |request: Value| {
                let answer = answer(&request);
                seen.lock().unwrap().push(request);
                let mut response = Response::builder().status(answer.status);
                for (name, value) in answer.headers {
                    response = response.header(name, value);
                }
                response.body(answer.body).unwrap()
            });
        let task = tokio::spawn(warp::serve(route).incoming(listener).run());
        Self { port, asked, task }
    }

    /// A configuration with short waits, and a key in the URL that must never be shown.
    pub(crate) fn config(&self) -> ChainConfig {
        config(&format!("http://127.0.0.1:{}/v2/canary-key-123", self.port))
    }

    /// How often a method was asked for, batched or not.
    pub(crate) fn asked(&self, method: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .flat_map(|request| match request {
                Value::Array(calls) => calls.clone(),
                call => vec![call.clone()],
            })
            .filter(|call| call["method"] == method)
            .count()
    }

    /// Number of HTTP requests.
    pub(crate) fn requests(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A configuration for one endpoint, with short waits.
pub(crate) fn config(url: &str) -> ChainConfig {
    let url: SecretUrl = url.parse().unwrap();
    ChainConfig {
        limits: quick(),
        ..ChainConfig::new(vec![url])
    }
}

fn quick() -> Limits {
    let ms = std::time::Duration::from_millis;
    Limits {
        max_tries: 3,
        backoff_base: ms(1),
        backoff_cap: ms(5),
        ..Limits::default()
    }
}
