//! Asking over HTTP.

use crate::support::Daemon;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;
use tokio::runtime::Runtime;

/// One who asks.
pub(super) struct Client {
    runtime: Runtime,
    http: reqwest::Client,
    base: String,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    /// The status.
    pub(super) status: u16,
    /// The head.
    pub(super) headers: HeaderMap,
    /// The body, whatever it is.
    pub(super) text: String,
}

impl Answer {
    /// The body as JSON.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// One header; empty if it is not there.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

impl Client {
    /// Of a program.
    pub(super) fn of(daemon: &Daemon) -> Self {
        Self {
            runtime: Runtime::new().unwrap(),
            http: reqwest::Client::builder()
                .no_gzip()
                .pool_max_idle_per_host(0)
                .build()
                .unwrap(),
            base: format!("http://{}", daemon.address()),
        }
    }

    /// Asks with headers.
    pub(super) fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(method, path, headers, Vec::new())
    }

    /// Asks with headers and a body.
    pub(super) fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if !body.is_empty() {
            request = request.body(body);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.runtime.block_on(async {
            let response = request.send().await.unwrap();
            Answer {
                status: response.status().as_u16(),
                headers: response.headers().clone(),
                text: response.text().await.unwrap(),
            }
        })
    }

    /// Asks by GET.
    pub(super) fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[])
    }

    /// A document that must be there.
    pub(super) fn document(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }
}
