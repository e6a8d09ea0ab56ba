//! Asking endpoints: one question, several tries, one answer or one clear error.

mod advice;
mod bill;
mod budget;
mod call;
mod classify;
mod endpoint;
mod retry;
mod wire;

pub use bill::EndpointReport;
pub(crate) use call::{Call, Method};
pub use classify::classify;
pub(crate) use wire::Replies;

use crate::{
    config::ChainConfig,
    error::{ChainError, Result},
    fault::{FaultKind, RpcError},
};
use endpoint::Endpoint;
use retry::Backoff;
use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};
use tidegauge_model::ErrorClass;
use tokio::{sync::Semaphore, time::sleep};

/// The endpoints, asked in turn when one fails.
///
/// alloy's retry layer has no jitter and charges every method alike, and its
/// fallback layer takes the first packet even if it is an error; hence our own.
pub(crate) struct Rpc {
    endpoints: Vec<Endpoint>,
    preferred: AtomicUsize,
    in_flight: Semaphore,
    backoff: Backoff,
    max_tries: u32,
    total_deadline: Duration,
    compute_units_per_second: u32,
}

impl Rpc {
    pub(crate) fn new(config: &ChainConfig) -> Result<Self> {
        let endpoints: Vec<Endpoint> = config
            .rpc_urls
            .iter()
            .map(|url| Endpoint::new(url, config))
            .collect::<Result<_>>()?;
        if endpoints.is_empty() {
            return Err(no_endpoint());
        }
        if config.max_in_flight == 0 {
            return Err(ChainError::Config {
                key: "chain.max_in_flight",
                problem: "0 requests in flight fetch nothing: use at least 1".to_owned(),
            });
        }
        Ok(Self {
            endpoints,
            preferred: AtomicUsize::new(0),
            in_flight: Semaphore::new(config.max_in_flight),
            backoff: Backoff::new(config.limits.backoff_base, config.limits.backoff_cap),
            max_tries: config.limits.max_tries.max(1),
            total_deadline: config.limits.total_deadline,
            compute_units_per_second: config.compute_units_per_second,
        })
    }

    /// Asks all calls in one request of one endpoint and reads the answers with `read`.
    ///
    /// What `read` refutes (an error of class transient) is asked again like a
    /// failed request: elsewhere if there is another endpoint, and later.
    pub(crate) async fn ask<T>(
        &self,
        calls: &[Call],
        read: impl Fn(&Replies) -> Result<T>,
    ) -> Result<T> {
        let mut busy = Duration::ZERO;
        let mut tries = 0;
        loop {
            let first = self.preferred.load(Relaxed);
            let place = first % self.endpoints.len();
            let Some(endpoint) = self.endpoints.get(place) else {
                return Err(no_endpoint());
            };
            let (outcome, exchange_time) = {
                // Waiting for our own budget is no fault of the endpoint's, and no try.
                let _permit = self.in_flight.acquire().await;
                endpoint.send(calls).await
            };
            tries += 1;
            let (error, retry_after) = match outcome {
                Ok(replies) => match read(&replies) {
                    Ok(value) => return Ok(value),
                    Err(error) => {
                        endpoint.count_disputed();
                        (error, None)
                    }
                },
                Err(fault) => {
                    let retry_after = fault.retry_after;
                    let error = RpcError {
                        endpoint: endpoint.name().to_owned(),
                        method: principal(calls),
                        tries,
                        fault,
                    };
                    (Box::new(error).into(), retry_after)
                }
            };
            let wait = self.backoff.wait(tries, retry_after);
            busy += exchange_time + wait;
            let elsewhere = self.endpoints.len() > tries as usize;
            if !is_retried(&error, elsewhere)
                || tries >= self.max_tries
                || busy >= self.total_deadline
            {
                return Err(error);
            }
            endpoint.count_retry();
            tracing::debug!(%error, tries, ?wait, "asking again");
            // The next try goes to the next endpoint, unless another task has moved on already.
            let _ = self
                .preferred
                .compare_exchange(first, first.wrapping_add(1), Relaxed, Relaxed);
            sleep(wait).await;
        }
    }

    pub(crate) fn report(&self) -> Vec<EndpointReport> {
        self.endpoints.iter().map(Endpoint::report).collect()
    }

    /// How many calls of so many compute units fit into one request: no more than the
    /// budget of one second, or a burst would be refused.
    pub(crate) fn batch_of(&self, units: u32, most: usize) -> usize {
        match self.compute_units_per_second {
            0 => most,
            budget => usize::try_from(budget / units.max(1))
                .unwrap_or(most)
                .clamp(1, most),
        }
    }
}

fn no_endpoint() -> ChainError {
    ChainError::Config {
        key: "chain.rpc_urls",
        problem: "no endpoint is given: name at least one".to_owned(),
    }
}

/// Another endpoint may know what this one refuses; the same one is asked again only
/// where time may help.
fn is_retried(error: &ChainError, elsewhere: bool) -> bool {
    match error {
        ChainError::Rpc(error) => {
            let kind = error.fault.kind;
            kind.is_retried() || elsewhere && matches!(kind, FaultKind::Auth | FaultKind::Depth)
        }
        other => other.class() == ErrorClass::Transient,
    }
}

/// The call that a request is named after: its dearest.
fn principal(calls: &[Call]) -> &'static str {
    calls
        .iter()
        .max_by_key(|call| call.method.throughput_cu())
        .map_or("nothing", |call| call.method.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_stay_within_one_second_of_the_budget() {
        let config = ChainConfig::new(vec!["http://127.0.0.1:1".parse().unwrap()]);
        for (budget, units, expected) in [
            (0, 520, 50),
            (500, 520, 1),
            (10_000, 520, 19),
            (500, 20, 25),
        ] {
            let rpc = Rpc::new(&ChainConfig {
                compute_units_per_second: budget,
                ..config.clone()
            })
            .unwrap();
            assert_eq!(rpc.batch_of(units, 50), expected, "{budget} {units}");
        }
    }

    #[test]
    fn a_configuration_that_fetches_nothing_is_refused() {
        let none = ChainConfig::new(vec![]);
        let error = Rpc::new(&none).err().unwrap();
        assert!(error.to_string().contains("chain.rpc_urls"), "{error}");
        let mut idle = ChainConfig::new(vec!["http://127.0.0.1:1".parse().unwrap()]);
        idle.max_in_flight = 0;
        let error = Rpc::new(&idle).err().unwrap();
        assert!(error.to_string().contains("chain.max_in_flight"), "{error}");
    }
}
