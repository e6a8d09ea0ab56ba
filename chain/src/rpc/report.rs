//! What an operator is shown of an endpoint.

use super::{
    bill::{Counters, Outcome, Questions},
    call::Method,
    ledger::Contradiction,
    standing::{Identity, Standing},
};
use crate::fault::FaultKind;
use std::{sync::atomic::Ordering::Relaxed, time::Duration};
use tokio::time::Instant;

/// A snapshot of one endpoint, counted since the start.
#[derive(Clone, Debug, PartialEq, schemars::JsonSchema, serde::Serialize)]
pub struct EndpointReport {
    /// The endpoint, redacted.
    pub endpoint: String,
    /// Whether it is asked.
    pub state: EndpointState,
    /// The running share of successes, 0 to 1.
    pub health: f64,
    /// HTTP requests sent, retries included.
    pub requests: u64,
    /// JSON-RPC calls in them.
    pub calls: u64,
    /// Compute units billed, by the table of methods.
    pub billed_cu: u64,
    /// Questions asked again after this endpoint failed them.
    pub retries: u64,
    /// Questions put to it while another endpoint was slow to answer.
    pub hedges: u64,
    /// Body bytes received, decompressed.
    pub bytes: u64,
    /// Answers thrown away since evidence contradicted them.
    pub disputed: u64,
    /// Questions refused since there were too many.
    pub rate_limited: u64,
    /// How often it was left alone after a run of failures.
    pub breaker_opens: u64,
    /// Requests that it may have in flight.
    pub concurrency_limit: usize,
    /// Requests that it has in flight.
    pub in_flight: usize,
    /// Widest block range that it takes, once known.
    pub span_cap_blocks: Option<u64>,
    /// How long its last answers took, for methods asked.
    pub latency: Vec<MethodLatency>,
    /// Questions by method and outcome.
    pub questions: Vec<Questions>,
    /// Failures by cause; causes never met are left out.
    pub faults: Vec<(&'static str, u64)>,
    /// What evidence said against it.
    pub contradictions: Vec<Contradiction>,
    /// Its last failure.
    pub last_error: Option<String>,
}

/// Whether an endpoint is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, schemars::JsonSchema, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EndpointState {
    /// It is.
    Healthy,
    /// It asked for patience.
    Resting,
    /// Now and then, to see whether it recovered.
    Probation,
    /// Not until a probe succeeds.
    Open,
    /// Not for data, since it serves another chain.
    Quarantined,
}

/// Times of the last answers to one method.
#[derive(Clone, Debug, PartialEq, schemars::JsonSchema, serde::Serialize)]
pub struct MethodLatency {
    /// The JSON-RPC method that the request is named after.
    pub method: &'static str,
    /// Median, in milliseconds.
    pub p50_ms: f64,
    /// 95th percentile, in milliseconds, once there were enough answers.
    pub p95_ms: Option<f64>,
}

pub(super) fn report(
    endpoint: &str,
    counters: &Counters,
    standing: &Standing,
    now: Instant,
) -> EndpointReport {
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    EndpointReport {
        endpoint: endpoint.to_owned(),
        state: state(standing, now),
        health: standing.health.score(),
        requests: counters.requests.load(Relaxed),
        calls: counters.calls.load(Relaxed),
        billed_cu: counters.billed_cu.load(Relaxed),
        retries: counters.retries.load(Relaxed),
        hedges: counters.hedges.load(Relaxed),
        bytes: counters.bytes.load(Relaxed),
        disputed: counters.total(Outcome::Disputed),
        rate_limited: counters.total(Outcome::Failed(FaultKind::Rate)),
        breaker_opens: standing.breaker.opens(),
        concurrency_limit: standing.concurrency.limit(),
        in_flight: standing.concurrency.in_use(),
        span_cap_blocks: standing.span_cap(),
        latency: Method::ALL
            .into_iter()
            .filter_map(|method| {
                let latency = standing.latency(method);
                Some(MethodLatency {
                    method: method.name(),
                    p50_ms: latency.p50().map(ms)?,
                    p95_ms: latency.p95().map(ms),
                })
            })
            .collect(),
        questions: counters.questions(),
        faults: FaultKind::ALL
            .into_iter()
            .map(|kind| (kind.name(), counters.total(Outcome::Failed(kind))))
            .filter(|(_, count)| *count > 0)
            .collect(),
        contradictions: standing.ledger.report(now),
        last_error: standing.last_failure().map(ToString::to_string),
    }
}

fn state(standing: &Standing, now: Instant) -> EndpointState {
    if matches!(standing.identity(), Identity::Other(_)) {
        EndpointState::Quarantined
    } else if standing.breaker.is_open() {
        EndpointState::Open
    } else if !standing.health.is_healthy() || !standing.health.is_trusted(now) {
        EndpointState::Probation
    } else if standing.is_resting(now) {
        EndpointState::Resting
    } else {
        EndpointState::Healthy
    }
}
