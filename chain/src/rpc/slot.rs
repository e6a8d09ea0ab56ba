//! Leave to ask one endpoint once; whatever happens, it is given back.

use super::{Rpc, bill::Outcome, standing::Ticket};
use crate::error::{ChainError, Result};
use std::time::Duration;
use tokio::{sync::SemaphorePermit, time::Instant};

/// A place in the flight of one endpoint. Dropped without an outcome, it counts as abandoned.
pub(super) struct Slot<'a> {
    rpc: &'a Rpc,
    ticket: Option<Ticket>,
    pub(super) place: usize,
    /// Not before.
    pub(super) start: Instant,
    /// The endpoint has to show its chain id first.
    pub(super) identify: bool,
    _permit: Option<SemaphorePermit<'a>>,
}

impl<'a> Slot<'a> {
    pub(super) fn new(rpc: &'a Rpc, ticket: Ticket, permit: Option<SemaphorePermit<'a>>) -> Self {
        Self {
            rpc,
            place: ticket.place,
            start: ticket.start,
            identify: ticket.identify,
            ticket: Some(ticket),
            _permit: permit,
        }
    }

    /// What came of it, after so long.
    pub(super) fn settle<T>(mut self, took: Duration, result: &Result<T>) {
        let Some(ticket) = self.ticket.take() else {
            return;
        };
        let outcome: std::result::Result<(), &ChainError> = result.as_ref().map(|_| ());
        self.count(&ticket, Outcome::of(outcome));
        let mut roster = self.rpc.roster.lock();
        roster.settle(ticket, took, outcome, Instant::now());
    }

    fn count(&self, ticket: &Ticket, outcome: Outcome) {
        if let Some(endpoint) = self.rpc.endpoints.get(ticket.place) {
            endpoint.counters.count_outcome(ticket.need.method, outcome);
        }
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.count(&ticket, Outcome::Abandoned);
            let now = Instant::now();
            let waited = now.saturating_duration_since(self.start);
            let mut roster = self.rpc.roster.lock();
            if let Some(standing) = roster.standing_mut(self.place) {
                standing.abandon(ticket, waited, now);
            }
        }
        self.rpc.changed.notify_waiters();
    }
}
