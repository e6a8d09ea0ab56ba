//! Configuration: what it holds, where it comes from, how it is checked.
//!
//! Order of precedence: `--set`, then `TIDEGAUGE_SECTION__KEY`, then the file, then the earlier
//! system's variables, then the defaults. `config.toml` at the root of the repository documents
//! every key; a test holds it to the defaults here.

mod alerts;
mod api;
mod aws;
mod daily_at;
mod iam;
mod load;
mod managed;
mod postgres;
mod reference;
mod s3;
mod secret;
mod start;
mod text;
mod timing;
mod webhook;

pub(crate) use alerts::{Alerts, Webhook};
pub(crate) use api::Api;
pub(crate) use daily_at::DailyAt;
pub(crate) use load::load;
pub(crate) use reference::told as secrets_told;
pub(crate) use s3::S3;
pub(crate) use secret::{Endpoint, Socket};
pub(crate) use start::Start;
pub(crate) use webhook::WebhookIn;

use aws::{CloudWatch, Secrets};
use postgres::Postgres;

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use text::Auto;
use tidegauge_chain::{Finality, Method};
use tidegauge_features::FeatureSet;
use tidegauge_model::{ChainId, UserKey};

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) chain: Chain,
    pub(crate) reorg: Reorg,
    pub(crate) storage: Storage,
    pub(crate) features: Features,
    pub(crate) predictions: Predictions,
    pub(crate) schedule: Schedule,
    pub(crate) sync: Sync,
    pub(crate) alerts: Alerts,
    pub(crate) api: Api,
    pub(crate) cloudwatch: CloudWatch,
    pub(crate) secrets: Secrets,
    pub(crate) log: Log,
}

impl Config {
    /// By which definitions and lists numbers are computed on a chain.
    pub(crate) fn feature_set(&self, chain: ChainId) -> FeatureSet {
        FeatureSet::of(chain, self.features.user)
    }
}

/// The node, and what to collect from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Chain {
    #[serde(deserialize_with = "load::list")]
    pub(crate) rpc_urls: Vec<Endpoint>,
    pub(crate) id: Option<u64>,
    pub(crate) start: Start,
    #[serde(deserialize_with = "load::list")]
    pub(crate) pools: Vec<String>,
    #[serde(deserialize_with = "load::list")]
    pub(crate) factories: Vec<String>,
    #[serde(with = "text")]
    pub(crate) finality: Auto<Finality>,
    #[serde(with = "text")]
    pub(crate) method: Auto<Method>,
    pub(crate) compute_units_per_second: u32,
    pub(crate) max_in_flight: usize,
    pub(crate) request_timeout_s: u64,
    pub(crate) max_body_mib: usize,
    pub(crate) poll_interval_ms: u64,
    pub(crate) websocket: bool,
    #[serde(deserialize_with = "load::list")]
    pub(crate) ws_urls: Vec<Socket>,
    pub(crate) silence_s: u64,
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            rpc_urls: Vec::new(),
            id: None,
            start: Start::default(),
            pools: Vec::new(),
            factories: Vec::new(),
            finality: Auto(None),
            method: Auto(None),
            compute_units_per_second: 10_000,
            max_in_flight: 16,
            request_timeout_s: 30,
            max_body_mib: 160,
            poll_interval_ms: 1_000,
            websocket: true,
            ws_urls: Vec::new(),
            silence_s: 15,
        }
    }
}

/// When a branch that replaces ours is believed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Reorg {
    pub(crate) confirm_depth: u64,
}

impl Default for Reorg {
    fn default() -> Self {
        Self { confirm_depth: 3 }
    }
}

/// The embedded store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Storage {
    pub(crate) path: PathBuf,
    pub(crate) memory_mib: usize,
    pub(crate) min_free_mib: u64,
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            path: PathBuf::from("tidegauge-data"),
            memory_mib: 192,
            min_free_mib: 1_024,
        }
    }
}

/// Forecasts of pools' days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Predictions {
    pub(crate) keep_days: u32,
    pub(crate) models_dir: PathBuf,
}

impl Default for Predictions {
    fn default() -> Self {
        Self {
            keep_days: 400,
            models_dir: PathBuf::from("models"),
        }
    }
}

/// The daily job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Schedule {
    #[serde(with = "text")]
    pub(crate) daily_at: DailyAt,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            daily_at: DailyAt::at(6, 0),
        }
    }
}

/// What the features need from the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Features {
    #[serde(with = "text")]
    pub(crate) user: UserKey,
}

impl Default for Features {
    fn default() -> Self {
        Self {
            user: UserKey::Origin,
        }
    }
}

/// The mirrors.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Sync {
    pub(crate) lake_dir: PathBuf,
    pub(crate) postgres: Postgres,
    pub(crate) s3: S3,
}

/// What is written to standard error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) level: String,
    pub(crate) format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            format: LogFormat::Text,
        }
    }
}

/// Shape of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
