//! What an endpoint was asked and what it cost.

use crate::fault::FaultKind;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counters of one endpoint.
#[derive(Default)]
pub(super) struct Counters {
    requests: AtomicU64,
    calls: AtomicU64,
    billed_cu: AtomicU64,
    retries: AtomicU64,
    bytes: AtomicU64,
    disputed: AtomicU64,
    faults: [AtomicU64; FaultKind::ALL.len()],
}

impl Counters {
    pub(super) fn count_request(&self, calls: u64, billed_cu: u64) {
        self.requests.fetch_add(1, Relaxed);
        self.calls.fetch_add(calls, Relaxed);
        self.billed_cu.fetch_add(billed_cu, Relaxed);
    }

    pub(super) fn count_retry(&self) {
        self.retries.fetch_add(1, Relaxed);
    }

    pub(super) fn count_bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    pub(super) fn count_fault(&self, kind: FaultKind) {
        self.faults[kind as usize].fetch_add(1, Relaxed);
    }

    /// An answer that arrived in order but whose content was refuted.
    pub(super) fn count_disputed(&self) {
        self.disputed.fetch_add(1, Relaxed);
    }

    pub(super) fn report(&self, endpoint: String) -> EndpointReport {
        EndpointReport {
            endpoint,
            requests: self.requests.load(Relaxed),
            calls: self.calls.load(Relaxed),
            billed_cu: self.billed_cu.load(Relaxed),
            retries: self.retries.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            disputed: self.disputed.load(Relaxed),
            faults: FaultKind::ALL
                .into_iter()
                .map(|kind| (kind.name(), self.faults[kind as usize].load(Relaxed)))
                .filter(|(_, count)| *count > 0)
                .collect(),
        }
    }
}

/// A snapshot of one endpoint's counters, since the start.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct EndpointReport {
    /// The endpoint, redacted.
    pub endpoint: String,
    /// HTTP requests sent, retries included.
    pub requests: u64,
    /// JSON-RPC calls in them.
    pub calls: u64,
    /// Compute units billed, by the table of methods.
    pub billed_cu: u64,
    /// Questions asked again.
    pub retries: u64,
    /// Body bytes received, decompressed.
    pub bytes: u64,
    /// Answers thrown away since evidence contradicted them.
    pub disputed: u64,
    /// Failures by cause; causes never met are left out.
    pub faults: Vec<(&'static str, u64)>,
}
