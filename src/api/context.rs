//! What the routes read.

use super::directory::Directory;
use super::gate::Gate;
use super::kept::Answers;
use super::names::Names;
use super::traffic::Traffic;
use crate::config::Api;
use crate::forecasts::Offers;
use crate::inbox::Inbox;
use crate::sources::Sources;
use std::sync::Arc;
use tidegauge_storage::LiveRows;
use tokio::sync::Semaphore;

/// What the routes read.
pub(crate) struct Context {
    /// The store, and what the collector is doing.
    pub(super) sources: Sources,
    /// What rows of the present are made of, kept from one to the next.
    pub(super) rows: LiveRows,
    /// What pools are called, kept from one answer to the next.
    pub(super) names: Names,
    /// All pools, to be looked through.
    pub(super) directory: Directory,
    /// Who may ask.
    pub(super) gate: Gate,
    /// What others tell us.
    pub(super) inbox: Inbox,
    /// Where forecasts of other models go.
    pub(super) offers: Offers,
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
    /// Of these, as configured.
    pub(crate) fn new(sources: Sources, inbox: Inbox, offers: Offers, api: &Api) -> Self {
        Self {
            sources,
            rows: LiveRows::default(),
            names: Names::default(),
            directory: Directory::default(),
            gate: Gate::of(api),
            inbox,
            offers,
            readers: Arc::new(Semaphore::new(READERS)),
            answers: Answers::default(),
            traffic: Traffic::default(),
            streams: Arc::new(Semaphore::new(STREAMS)),
            started: u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0),
        }
    }
}
