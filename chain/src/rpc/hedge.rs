//! A second endpoint is asked too where the first is slow; the first usable answer wins.

use super::{
    Replies, Rpc,
    call::{Call, Method},
    places::Places,
    question::Attempt,
    roster::{Choice, Wish},
    slot::Slot,
};
use crate::error::Result;
use parking_lot::Mutex;
use std::{pin::pin, time::Duration};
use tokio::{
    select,
    time::{Instant, sleep_until},
};

/// The wait where nothing is known of the endpoint's usual time, in floors.
const UNKNOWN_FLOORS: u32 = 10;

/// One hedged question in so many may cost a second request.
const ONE_IN: u32 = 8;

/// Second requests that may be saved up for a bad moment.
const SAVED: u32 = 4;

impl Rpc {
    /// Asks one endpoint, and another one too if there was no answer in the usual time. The
    /// loser is dropped: it costs one request at most.
    pub(super) async fn hedged_attempt<T>(
        &self,
        slot: Slot<'_>,
        wish: &Wish,
        calls: &[Call],
        read: &impl Fn(&Replies) -> Result<T>,
        tries: u32,
    ) -> Attempt<T> {
        self.hedging.earn();
        let place = slot.place;
        let overdue = slot.start.max(Instant::now()) + self.usual(place, wish.need.method);
        let mut first = pin!(self.attempt(slot, calls, read, tries));
        select! {
            biased;
            attempt = &mut first => return attempt,
            () = sleep_until(overdue) => {}
        }
        let Some(second) = self.second_slot(place, wish) else {
            return first.await;
        };
        tracing::debug!(calls = calls.len(), "asking a second endpoint too");
        let mut second = pin!(self.attempt(second, calls, read, tries));
        let (done, other) = select! {
            done = &mut first => {
                if done.result.is_ok() {
                    return done;
                }
                (done, second.await)
            }
            done = &mut second => {
                if done.result.is_ok() {
                    return done;
                }
                (done, first.await)
            }
        };
        Attempt {
            failed: other.failed.and(done.failed),
            took: other.took.max(done.took),
            result: other.result,
        }
    }

    /// The 95th percentile of the endpoint's last answers.
    fn usual(&self, place: usize, method: Method) -> Duration {
        let roster = self.roster.lock();
        roster
            .standing(place)
            .and_then(|standing| standing.latency(method).p95())
            .unwrap_or(self.hedge_floor * UNKNOWN_FLOORS)
            .max(self.hedge_floor)
    }

    /// Leave to ask another endpoint, if there is one and the allowance permits.
    fn second_slot(&self, first: usize, wish: &Wish) -> Option<Slot<'_>> {
        let permit = self.in_flight.try_acquire().ok()?;
        let wish = Wish {
            never: wish.never.and(Places::of(first)),
            sound_only: true,
            explores: false,
            ..*wish
        };
        if !self.hedging.spend() {
            return None;
        }
        let choice = self.roster.lock().choose(&wish, Instant::now());
        let Choice::Ask(ticket) = choice else {
            self.hedging.refund();
            return None;
        };
        if let Some(endpoint) = self.endpoints.get(ticket.place) {
            endpoint.counters.count_hedge();
        }
        Some(Slot::new(self, ticket, Some(permit)))
    }
}

/// An allowance of second requests: earned by questions, spent by hedges.
pub(super) struct HedgeAllowance {
    /// In parts of a request: one question earns one part.
    parts: Mutex<u32>,
}

impl HedgeAllowance {
    pub(super) fn new() -> Self {
        Self {
            parts: Mutex::new(SAVED * ONE_IN),
        }
    }

    /// A question was asked that may be hedged.
    fn earn(&self) {
        let mut parts = self.parts.lock();
        *parts = (*parts + 1).min(SAVED * ONE_IN);
    }

    /// Takes one second request out of the allowance, if there is one.
    fn spend(&self) -> bool {
        let mut parts = self.parts.lock();
        let may = *parts >= ONE_IN;
        if may {
            *parts -= ONE_IN;
        }
        may
    }

    /// The second request was not made after all.
    fn refund(&self) {
        let mut parts = self.parts.lock();
        *parts = (*parts + ONE_IN).min(SAVED * ONE_IN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hedges_are_a_share_of_the_questions() {
        let allowance = HedgeAllowance::new();
        let mut hedges = 0;
        for _ in 0..1_000 {
            allowance.earn();
            hedges += u32::from(allowance.spend());
        }
        assert_eq!(hedges, 1_000 / ONE_IN + SAVED - 1);
        assert!(!allowance.spend());
    }
}
