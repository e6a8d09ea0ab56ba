//! What the parts of the program that tell of it read: rules, metrics, the API.

use crate::collect::Live;
use crate::config::{Config, DailyAt};
use parking_lot::Mutex;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use tidegauge_alerts::{Facts, Rules};
use tidegauge_chain::{Chain, EndpointReport};
use tidegauge_model::UnixSeconds;
use tidegauge_storage::Reader;

/// What is told of.
#[derive(Clone)]
pub(crate) struct Sources {
    /// The store.
    pub(crate) reader: Reader,
    /// Its folder.
    pub(crate) store: PathBuf,
    /// What the collector is doing.
    pub(crate) live: Arc<Live>,
    /// The endpoints, once one of them answered.
    pub(crate) endpoints: Arc<OnceLock<Chain>>,
    /// When the job of a day is due.
    pub(crate) daily_at: DailyAt,
    /// What is watched.
    pub(crate) rules: Rules,
    /// Names of the places that alerts go to.
    pub(crate) sinks: Vec<String>,
    /// Whether nothing is collected, on purpose.
    pub(crate) offline: bool,
    /// The clock on the wall.
    pub(crate) now: fn() -> UnixSeconds,
    /// What the rules were last judged by; `None` before they were.
    pub(crate) judged: Arc<Mutex<Option<Facts>>>,
}

impl Sources {
    /// Of a collector as it is configured.
    pub(crate) fn new(
        config: &Config,
        reader: Reader,
        live: Arc<Live>,
        endpoints: Arc<OnceLock<Chain>>,
        offline: bool,
    ) -> Self {
        Self {
            reader,
            store: config.storage.path.clone(),
            live,
            endpoints,
            daily_at: config.schedule.daily_at,
            rules: config.alerts.rules.clone(),
            sinks: config.alerts.places(),
            offline,
            now: crate::clock::now,
            judged: Arc::default(),
        }
    }

    /// What is known of the endpoints; nothing while none answered.
    pub(crate) fn endpoint_reports(&self) -> Vec<EndpointReport> {
        self.endpoints.get().map_or_else(Vec::new, Chain::report)
    }
}
