//! Where one endpoint stands with us: what its answers and failures taught.
//!
//! Pure: it is told what happened and when, and says what may be asked of it.

use super::{
    backoff::Backoff,
    breaker::{Breaker, BreakerRules, Gate},
    budget::Budget,
    call::{Call, Method},
    concurrency::{Concurrency, Epoch},
    dice::Dice,
    health::Health,
    latency::Latency,
    ledger::{Kind, Ledger},
};
use crate::{
    error::ChainError,
    fault::{Fault, FaultKind},
};
use std::time::Duration;
use tidegauge_model::ChainId;
use tokio::time::Instant;

/// Longest `Retry-After` that is obeyed where another endpoint can be asked: daily quotas
/// name a day, and are often raised sooner.
const REST_CAP: Duration = Duration::from_secs(3_600);

/// How long a method that an endpoint refuses is not asked of it where others offer it.
const REFUSED_FOR: Duration = Duration::from_secs(300);

/// How soon to look again where nothing says when: whatever changes wakes the waiting anyway.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What all endpoints are held to.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) backoff: Backoff,
    pub(super) breaker: BreakerRules,
    pub(super) identity_every: Duration,
    pub(super) max_in_flight: usize,
    pub(super) units_per_second: u32,
}

/// One endpoint's standing.
pub(super) struct Standing {
    rules: Rules,
    latency: [Latency; Method::ALL.len()],
    refused_until: [Option<Instant>; Method::ALL.len()],
    pub(super) health: Health,
    pub(super) concurrency: Concurrency,
    pub(super) breaker: Breaker,
    pub(super) ledger: Ledger,
    budget: Budget,
    rest: Option<Rest>,
    rates_in_row: u32,
    span_cap: Option<u64>,
    identity: Identity,
    identifying: bool,
    last_failure: Option<Fault>,
}

/// The endpoint asked for patience.
#[derive(Clone, Copy)]
struct Rest {
    until: Instant,
    /// From here on it is asked where no other can be.
    spare_from: Instant,
}

/// Whether the endpoint showed that it serves our chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Identity {
    /// Not yet, or not since something made it doubtful.
    Unknown,
    /// It did, at that time.
    Ours(Instant),
    /// It serves another.
    Other(ChainId),
}

/// What a question needs of an endpoint.
#[derive(Clone, Copy)]
pub(super) struct Need {
    pub(super) method: Method,
    /// Compute units, as throughput counts them.
    pub(super) units: u32,
    /// Blocks of its widest call.
    pub(super) blocks: u64,
}

impl Need {
    pub(super) fn of(calls: &[Call]) -> Self {
        Self {
            method: Method::principal(calls),
            units: calls.iter().map(|call| call.method.throughput_cu()).sum(),
            blocks: calls.iter().map(|call| call.blocks).max().unwrap_or(0),
        }
    }
}

/// Leave to ask an endpoint once.
pub(super) struct Ticket {
    pub(super) place: usize,
    pub(super) need: Need,
    /// Not before: the throughput budget says so.
    pub(super) start: Instant,
    /// The endpoint has to show its chain id first.
    pub(super) identify: bool,
    probe: bool,
    epoch: Epoch,
}

/// Whether an endpoint can be asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Readiness {
    /// Now.
    Ready,
    /// When a request in flight is back.
    Full,
    /// Only if no other can be; it asked for patience until then.
    Spare(Instant),
    /// Not before.
    Later(Instant),
}

/// How gladly an endpoint is asked: the best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Tier {
    /// Healthy.
    Healthy,
    /// It failed of late, and may have recovered.
    Probation,
    /// It is known to refuse this question.
    Refusing,
    /// Evidence contradicted it of late.
    Distrusted,
}

impl Standing {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            latency: Default::default(),
            refused_until: Default::default(),
            health: Health::new(),
            concurrency: Concurrency::new(rules.max_in_flight),
            breaker: Breaker::new(rules.breaker),
            ledger: Ledger::default(),
            budget: Budget::new(rules.units_per_second),
            rest: None,
            rates_in_row: 0,
            span_cap: None,
            identity: Identity::Unknown,
            identifying: false,
            last_failure: None,
        }
    }

    pub(super) fn readiness(&self, now: Instant) -> Readiness {
        match self.breaker.gate(now) {
            Gate::Shut(until) => return Readiness::Later(until),
            Gate::Probing => return Readiness::Later(now + LOOK_AGAIN),
            Gate::Closed | Gate::Probe => {}
        }
        // One question finds out which chain it is; the others need not learn it the same way.
        let finding_out = self.identifying && !matches!(self.identity, Identity::Ours(_));
        let full = self.concurrency.is_full() || finding_out;
        match self.rest.filter(|rest| now < rest.until) {
            Some(rest) if now < rest.spare_from => Readiness::Later(rest.spare_from),
            Some(_) if full => Readiness::Later(now + LOOK_AGAIN),
            Some(rest) => Readiness::Spare(rest.until),
            None if full => Readiness::Full,
            None => Readiness::Ready,
        }
    }

    pub(super) fn tier(&self, need: &Need, now: Instant) -> Tier {
        let refuses = self.refused_until[need.method as usize].is_some_and(|until| now < until)
            || self.span_cap.is_some_and(|cap| need.blocks > cap);
        if !self.health.is_trusted(now) {
            Tier::Distrusted
        } else if refuses {
            Tier::Refusing
        } else if self.health.is_healthy() && !self.breaker.is_open() {
            Tier::Healthy
        } else {
            Tier::Probation
        }
    }

    /// The usual time until an answer, our own budget included; `None` if nothing is known.
    pub(super) fn expected(&self, method: Method, now: Instant) -> Option<Duration> {
        let latency = self.latency(method).p50()?;
        Some(latency + self.budget.free_at(now).saturating_duration_since(now))
    }

    pub(super) fn latency(&self, method: Method) -> &Latency {
        &self.latency[method as usize]
    }

    pub(super) fn identity(&self) -> Identity {
        self.identity
    }

    pub(super) fn is_resting(&self, now: Instant) -> bool {
        self.rest.is_some_and(|rest| now < rest.until)
    }

    pub(super) fn last_failure(&self) -> Option<&Fault> {
        self.last_failure.as_ref()
    }

    /// The widest range that it takes, once it named or showed that.
    pub(super) fn span_cap(&self) -> Option<u64> {
        self.span_cap
    }

    pub(super) fn take(&mut self, place: usize, need: Need, now: Instant) -> Ticket {
        let due = match self.identity {
            Identity::Ours(at) => now >= at + self.rules.identity_every,
            Identity::Unknown | Identity::Other(_) => true,
        };
        let probe = self.breaker.pass();
        let identify = probe || due && !self.identifying;
        self.identifying |= identify;
        Ticket {
            place,
            need,
            start: self.budget.spend(need.units, now),
            identify,
            probe,
            epoch: self.concurrency.take(),
        }
    }

    /// It showed its chain id.
    pub(super) fn identified(&mut self, identity: Identity) {
        self.identity = identity;
        self.identifying = false;
    }

    /// Its answer, or why there was none, after so long.
    pub(super) fn settle(
        &mut self,
        ticket: Ticket,
        took: Duration,
        outcome: Result<(), &ChainError>,
        now: Instant,
        dice: &mut Dice,
    ) {
        self.give_back(&ticket);
        match outcome {
            Ok(()) => {
                self.latency[ticket.need.method as usize].answered(took);
                self.health.succeeded();
                self.concurrency.succeeded();
                self.breaker.answered(ticket.probe);
                self.rates_in_row = 0;
            }
            Err(ChainError::Rpc(error)) => {
                self.last_failure = Some(error.fault.clone());
                self.failed(&ticket, took, &error.fault, now, dice);
            }
            Err(error) => {
                self.breaker.answered(ticket.probe);
                if Kind::of(error).is_some() {
                    self.contradicted(error, now);
                } else {
                    self.last_failure = Some(Fault::found(FaultKind::Beyond, error.to_string()));
                    self.health.dented();
                }
            }
        }
    }

    /// Nobody waits for its answer any more.
    pub(super) fn abandon(&mut self, ticket: Ticket, waited: Duration, now: Instant) {
        self.give_back(&ticket);
        self.latency[ticket.need.method as usize].outlasted(waited);
        self.breaker.abandoned(ticket.probe, now);
    }

    /// Evidence refutes an answer of its, found now or later.
    pub(super) fn contradicted(&mut self, error: &ChainError, now: Instant) {
        let Some(kind) = Kind::of(error) else {
            return;
        };
        self.ledger.record(kind, error, now);
        let fault = Fault::found(FaultKind::Transient, error.to_string());
        self.last_failure = Some(fault);
        match kind {
            Kind::Lying | Kind::Evidence => self.health.contradicted(now),
            // A reorganisation between two answers looks the same.
            Kind::Seam => self.health.failed(),
            Kind::Chain => {
                self.health.failed();
                let pause = self.rules.identity_every.max(self.rules.breaker.pause);
                self.breaker.trip(now + pause);
                return;
            }
        }
        // Perhaps it changed its chain.
        self.identity = Identity::Unknown;
    }

    fn failed(
        &mut self,
        ticket: &Ticket,
        took: Duration,
        fault: &Fault,
        now: Instant,
        dice: &mut Dice,
    ) {
        if fault.is_of_endpoint() {
            self.refused_until[ticket.need.method as usize] = Some(now + REFUSED_FOR);
        }
        if fault.kind == FaultKind::Span {
            let narrower = ticket.need.blocks.saturating_sub(1).max(1);
            let named = fault.limit.or(fault.width).filter(|cap| *cap > 0);
            self.span_cap = Some(named.map_or(narrower, |cap| cap.min(narrower)));
        }
        match fault.kind {
            FaultKind::Transient | FaultKind::Malformed | FaultKind::Auth => {
                self.health.failed();
                self.breaker.failed(ticket.probe, now);
                if fault.is_timeout() {
                    self.latency[ticket.need.method as usize].outlasted(took);
                    self.concurrency.overloaded(ticket.epoch);
                }
            }
            FaultKind::Rate => {
                self.breaker.answered(ticket.probe);
                self.health.dented();
                self.concurrency.overloaded(ticket.epoch);
                self.rest_for(fault.retry_after, now, dice);
            }
            FaultKind::Beyond => {
                self.breaker.answered(ticket.probe);
                self.health.dented();
            }
            // The question is at fault: the endpoint is well.
            FaultKind::Span
            | FaultKind::Density
            | FaultKind::Depth
            | FaultKind::Params
            | FaultKind::Reverted
            | FaultKind::Batch => self.breaker.answered(ticket.probe),
        }
    }

    fn rest_for(&mut self, asked: Option<Duration>, now: Instant, dice: &mut Dice) {
        let drawn = self.rules.backoff.wait(self.rates_in_row, dice);
        self.rates_in_row = self.rates_in_row.saturating_add(1);
        let pause = asked.map_or(drawn, |asked| asked.min(REST_CAP));
        // Answers in flight together arrive in any order: the longest wish counts.
        let before = self.rest.unwrap_or(Rest {
            until: now,
            spare_from: now,
        });
        self.rest = Some(Rest {
            until: before.until.max(now + pause),
            spare_from: before
                .spare_from
                .max(now + pause.min(self.rules.backoff.cap())),
        });
    }

    fn give_back(&mut self, ticket: &Ticket) {
        self.concurrency.give_back();
        if ticket.identify {
            self.identifying = false;
        }
    }
}
