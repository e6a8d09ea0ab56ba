//! Asking endpoints: one question, several tries, one answer or one clear error.
//!
//! `roster` chooses among `standing`s, which learn from every answer; `question` asks, again
//! and elsewhere; `endpoint` speaks HTTP. What learns and chooses is pure: it is told the time.

mod advice;
mod backoff;
mod bill;
mod breaker;
mod budget;
mod call;
mod classify;
mod concurrency;
mod dice;
mod endpoint;
mod health;
mod hedge;
mod identity;
mod latency;
mod ledger;
mod places;
mod question;
mod report;
mod roster;
mod slot;
mod standing;
mod wire;

pub use bill::Questions;
pub(crate) use call::{Call, Method};
pub use classify::classify;
pub use ledger::Contradiction;
pub use report::{EndpointReport, EndpointState, MethodLatency};
pub(crate) use wire::Replies;

use crate::{
    config::ChainConfig,
    error::{ChainError, Result},
};
use backoff::Backoff;
use breaker::BreakerRules;
use dice::Dice;
use endpoint::Endpoint;
use hedge::HedgeAllowance;
use parking_lot::Mutex;
use places::{MAX_ENDPOINTS, Places};
use question::Manner;
use roster::Roster;
use standing::Rules;
use std::time::Duration;
use tokio::{
    sync::{Notify, Semaphore},
    time::Instant,
};

/// The endpoints, and what is known of them.
///
/// alloy's retry layer has no jitter and charges every method alike, and its
/// fallback layer takes the first packet even if it is an error; hence our own.
pub(crate) struct Rpc {
    endpoints: Vec<Endpoint>,
    roster: Mutex<Roster>,
    /// An endpoint can be asked that could not before.
    changed: Notify,
    in_flight: Semaphore,
    hedging: HedgeAllowance,
    hedge_floor: Duration,
    backoff: Backoff,
    max_tries: u32,
    total_deadline: Duration,
    compute_units_per_second: u32,
}

impl Rpc {
    pub(crate) fn new(config: &ChainConfig) -> Result<Self> {
        Self::with_dice(config, Dice::of_process())
    }

    fn with_dice(config: &ChainConfig, dice: Dice) -> Result<Self> {
        if config.max_in_flight == 0 {
            return Err(ChainError::Config {
                key: "chain.max_in_flight",
                problem: "0 requests in flight fetch nothing: use at least 1".to_owned(),
            });
        }
        let endpoints = endpoints(config)?;
        let limits = &config.limits;
        let backoff = Backoff::new(limits.backoff_base, limits.backoff_cap);
        let rules = Rules {
            backoff,
            breaker: BreakerRules {
                failures: limits.breaker_failures.max(1),
                pause: limits.breaker_pause,
                pause_cap: match config.rpc_urls.len() {
                    // Nobody else is asked meanwhile.
                    1 => limits.breaker_pause_cap.min(limits.backoff_cap / 4),
                    _ => limits.breaker_pause_cap,
                },
            },
            identity_every: limits.identity_every,
            max_in_flight: config.max_in_flight,
            units_per_second: config.compute_units_per_second,
        };
        Ok(Self {
            roster: Mutex::new(Roster::new(rules, endpoints.len(), config.chain_id, dice)),
            changed: Notify::new(),
            in_flight: Semaphore::new(config.max_in_flight),
            hedging: HedgeAllowance::new(),
            hedge_floor: limits.hedge_floor,
            backoff,
            // Every endpoint has its try.
            max_tries: limits.max_tries.max(endpoints.len() as u32),
            total_deadline: limits.total_deadline,
            compute_units_per_second: config.compute_units_per_second,
            endpoints,
        })
    }

    /// Asks all calls in one request of one endpoint and reads the answers with `read`.
    ///
    /// What `read` refutes (an error of class transient) is held against the endpoint and
    /// asked again like a failed request: elsewhere if there is another endpoint, or later.
    pub(crate) async fn ask<T>(
        &self,
        calls: &[Call],
        read: impl Fn(&Replies) -> Result<T>,
    ) -> Result<T> {
        let manner = Manner {
            explores: true,
            ..Manner::default()
        };
        self.answered(calls, read, manner).await
    }

    /// Like [`Self::ask`], for questions that must not wait: where the first endpoint takes
    /// longer than usual a second one is asked too, and the first usable answer wins.
    pub(crate) async fn ask_hedged<T>(
        &self,
        calls: &[Call],
        read: impl Fn(&Replies) -> Result<T>,
    ) -> Result<T> {
        let manner = Manner {
            hedged: true,
            ..Manner::default()
        };
        self.answered(calls, read, manner).await
    }

    /// Like [`Self::ask`], but of that endpoint only where no other can be asked.
    pub(crate) async fn ask_avoiding<T>(
        &self,
        endpoint: &str,
        calls: &[Call],
        read: impl Fn(&Replies) -> Result<T>,
    ) -> Result<T> {
        let manner = Manner {
            avoid: Places::of(self.place(endpoint)?),
            explores: true,
            ..Manner::default()
        };
        self.answered(calls, read, manner).await
    }

    /// The word of another endpoint; `None` if there is no other that nothing speaks against.
    pub(crate) async fn ask_elsewhere<T>(
        &self,
        not: &str,
        calls: &[Call],
        read: impl Fn(&Replies) -> Result<T>,
    ) -> Result<Option<T>> {
        let manner = Manner {
            never: Places::of(self.place(not)?),
            sound_only: true,
            ..Manner::default()
        };
        self.question(calls, read, manner).await
    }

    /// Holds against an endpoint what was found later: its answer was usable in itself, and
    /// contradicts what is known. Errors that say nothing against it are left out.
    pub(crate) fn contradict(&self, endpoint: &str, error: &ChainError) {
        let Ok(place) = self.place(endpoint) else {
            return;
        };
        if let Some(standing) = self.roster.lock().standing_mut(place) {
            standing.contradicted(error, Instant::now());
        }
    }

    pub(crate) fn report(&self) -> Vec<EndpointReport> {
        let now = Instant::now();
        let roster = self.roster.lock();
        self.endpoints
            .iter()
            .enumerate()
            .filter_map(|(place, endpoint)| {
                let standing = roster.standing(place)?;
                Some(report::report(
                    endpoint.name(),
                    &endpoint.counters,
                    standing,
                    now,
                ))
            })
            .collect()
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

    async fn answered<T>(
        &self,
        calls: &[Call],
        read: impl Fn(&Replies) -> Result<T>,
        manner: Manner,
    ) -> Result<T> {
        let method = Method::principal(calls);
        let answer = self.question(calls, read, manner).await?;
        answer.ok_or_else(|| self.nobody(method))
    }

    fn endpoint(&self, place: usize) -> Result<&Endpoint> {
        self.endpoints.get(place).ok_or_else(no_endpoint)
    }

    /// The place of an endpoint named in an answer.
    fn place(&self, endpoint: &str) -> Result<usize> {
        let mut names = self.endpoints.iter().map(Endpoint::name);
        names
            .position(|name| name == endpoint)
            .ok_or_else(no_endpoint)
    }
}

/// The endpoints, each with a name of its own: two keys of one provider look the same redacted.
fn endpoints(config: &ChainConfig) -> Result<Vec<Endpoint>> {
    let urls = &config.rpc_urls;
    if urls.is_empty() {
        return Err(no_endpoint());
    }
    if urls.len() > MAX_ENDPOINTS {
        return Err(ChainError::Config {
            key: "chain.rpc_urls",
            problem: format!("{} endpoints: use at most {MAX_ENDPOINTS}", urls.len()),
        });
    }
    let shown: Vec<String> = urls.iter().map(ToString::to_string).collect();
    urls.iter()
        .enumerate()
        .map(|(place, url)| {
            let name = &shown[place];
            let same = |until: usize| shown[..until].iter().filter(|other| *other == name).count();
            let name = match same(urls.len()) {
                1 => name.clone(),
                _ => format!("{name} (no. {})", same(place) + 1),
            };
            Endpoint::new(name, url, config)
        })
        .collect()
}

fn no_endpoint() -> ChainError {
    ChainError::Config {
        key: "chain.rpc_urls",
        problem: "no such endpoint is given: name at least one".to_owned(),
    }
}

#[cfg(test)]
mod tests;
