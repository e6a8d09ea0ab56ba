//! `[api]`: where the HTTP server listens, and whom it answers.

use super::load;
use super::webhook::WebhookIn;
use crate::access::Token;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// The HTTP server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Api {
    pub(crate) listen: SocketAddr,
    #[serde(deserialize_with = "load::list")]
    pub(crate) tokens: Vec<Token>,
    pub(crate) requests_per_second: u32,
    pub(crate) max_connections: usize,
    #[serde(deserialize_with = "load::list")]
    pub(crate) cors_origins: Vec<String>,
    pub(crate) webhook: WebhookIn,
}

impl Default for Api {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8_080)),
            tokens: Vec::new(),
            requests_per_second: 500,
            max_connections: 1_024,
            cors_origins: Vec::new(),
            webhook: WebhookIn::default(),
        }
    }
}

impl Api {
    /// Whether it may serve like this.
    pub(super) fn check(&self) -> Result<(), String> {
        if !self.listen.ip().is_loopback() && self.tokens.is_empty() {
            return Err(format!(
                "configuration: `api.listen` = {} is reachable from outside and api.tokens is empty: add a token (tidegauge token makes one), or listen on 127.0.0.1 behind an SSH tunnel",
                self.listen
            ));
        }
        if !(16..=65_536).contains(&self.max_connections) {
            return Err(format!(
                "configuration: `api.max_connections` = {}: write 16 to 65536",
                self.max_connections
            ));
        }
        for origin in self.cors_origins.iter().filter(|origin| *origin != "*") {
            let scheme = ["http://", "https://"]
                .iter()
                .find_map(|s| origin.strip_prefix(s));
            let is_origin = scheme.is_some_and(|host| {
                !host.is_empty() && host.bytes().all(|b| b.is_ascii_graphic() && b != b'/')
            });
            if !is_origin {
                return Err(format!(
                    "configuration: `api.cors_origins`: `{origin}` is no origin: write https://example.org, without a path, or *"
                ));
            }
        }
        self.webhook.check()
    }
}
