//! Small chains, served over real sockets, and clients for them.

use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use tidegauge_simchain::{ServeOptions, ServerHandle, SimChain, SimConfig, serve};
use tokio::sync::oneshot;

/// A chain of a few hundred blocks.
pub(crate) fn small(seed: u64) -> SimConfig {
    SimConfig {
        seed,
        block_time_s: 300,
        pool_count: 14,
        swaps_per_block: 8,
        history_blocks: Some(600),
        ..SimConfig::default()
    }
}

pub(crate) fn generate(config: &SimConfig) -> (SimChain, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let chain = SimChain::generate_or_open(config, folder.path(), &mut |_| ()).unwrap();
    (chain, folder)
}

/// A served chain; dropping `stop` ends the server.
pub(crate) struct Served {
    pub(crate) handle: ServerHandle,
    pub(crate) stop: oneshot::Sender<()>,
    client: reqwest::Client,
}

impl Served {
    pub(crate) async fn new(chain: Arc<SimChain>, options: ServeOptions) -> Self {
        let (stop, stopped) = oneshot::channel();
        let listen = "127.0.0.1:0".parse().unwrap();
        let handle = serve(listen, chain, options, async {
            let _ = stopped.await;
        })
        .await
        .unwrap();
        Self {
            handle,
            stop,
            client: reqwest::Client::new(),
        }
    }

    pub(crate) async fn post(&self, body: String) -> Value {
        let response = self
            .client
            .post(self.handle.url())
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
    }

    pub(crate) async fn request(&self, method: &str, params: Value) -> Value {
        let body = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
        let answer = self.post(body.to_string()).await;
        assert_eq!(answer["id"], 7);
        answer
    }

    pub(crate) async fn result(&self, method: &str, params: Value) -> Value {
        let answer = self.request(method, params).await;
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// The code and message of the error that a request must give.
    pub(crate) async fn error(&self, method: &str, params: Value) -> (i64, String) {
        let answer = self.request(method, params).await;
        let error = &answer["error"];
        (
            error["code"].as_i64().expect("an error is expected"),
            error["message"].as_str().unwrap().to_owned(),
        )
    }
}

pub(crate) fn hex(value: &Value) -> u64 {
    let text = value
        .as_str()
        .unwrap_or_else(|| panic!("a quantity is expected: {value}"));
    u64::from_str_radix(text.strip_prefix("0x").unwrap(), 16).unwrap()
}

/// A file of recorded data, if it is there.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("TIDEGAUGE_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")),
        PathBuf::from,
    );
    let found = root.join("data").join(path);
    if !found.exists() {
        println!("skipped: {} is absent", found.display());
        return None;
    }
    Some(found)
}
