//! What the routes read.

use super::directory::Directory;
use super::gate::Gate;
use super::kept::Answers;
use super::names::Names;
use super::traffic::Traffic;
use crate::collect::Live;
use crate::config::{Config, DailyAt};
use std::sync::{Arc, OnceLock};
use tidegauge_alerts::Rules;
use tidegauge_chain::{Chain, EndpointReport};
use tidegauge_storage::{LiveRows, Reader};
use tokio::sync::Semaphore;

/// What the routes read.
pub(crate) struct Context {
    /// The store.
    pub(super) reader: Reader,
    /// What rows of the present are made of, kept from one to the next.
    pub(super) rows: LiveRows,
    /// What pools are called, kept from one answer to the next.
    pub(super) names: Names,
    /// All pools, to be looked through.
    pub(super) directory: Directory,
    /// The endpoints' counters, once one of them answered.
    pub(super) chain: Arc<OnceLock<Chain>>,
    /// What the collector is doing.
    pub(super) live: Arc<Live>,
    /// When the job of a day is due.
    pub(super) daily_at: DailyAt,
    /// What is watched.
    pub(super) rules: Rules,
    /// Names of the places that alerts go to.
    pub(super) sinks: Vec<String>,
    /// Who may ask.
    pub(super) gate: Gate,
    /// Room for answers that read the store.
    pub(super) readers: Arc<Semaphore>,
    /// What was answered of late.
    pub(super) answers: Answers,
    /// What was asked.
    pub(super) traffic: Traffic,
    /// Room for streams of events.
    pub(super) streams: Arc<Semaphore>,
    /// When this process began, in milliseconds: it may compute other numbers than the one before.
    pub(super) started: u64,
}

/// Answers that read the store at once; more wait.
const READERS: usize = 16;
/// Streams of events at once; more are refused.
const STREAMS: usize = 64;

impl Context {
    /// Over a store.
    pub(crate) fn new(
        reader: Reader,
        chain: Arc<OnceLock<Chain>>,
        live: Arc<Live>,
        config: &Config,
    ) -> Self {
        Self {
            reader,
            rows: LiveRows::default(),
            names: Names::default(),
            directory: Directory::default(),
            chain,
            live,
            daily_at: config.schedule.daily_at,
            rules: config.alerts.rules.clone(),
            sinks: config.alerts.webhooks.keys().cloned().collect(),
            gate: Gate::of(&config.api),
            readers: Arc::new(Semaphore::new(READERS)),
            answers: Answers::default(),
            traffic: Traffic::default(),
            streams: Arc::new(Semaphore::new(STREAMS)),
            started: u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0),
        }
    }

    /// What is known of the endpoints; nothing while none answered.
    pub(super) fn endpoints(&self) -> Vec<EndpointReport> {
        self.chain.get().map_or_else(Vec::new, Chain::report)
    }
}
