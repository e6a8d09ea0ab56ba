//! One question: asked again and elsewhere, until it is answered or one clear error is left.

use super::{
    Replies, Rpc,
    call::{Call, Method},
    places::Places,
    roster::{Choice, Wish},
    slot::Slot,
    standing::Need,
};
use crate::{
    error::{ChainError, Result},
    fault::{Fault, FaultKind, RpcError},
};
use std::{pin::pin, time::Duration};
use tidegauge_model::ErrorClass;
use tokio::{
    select,
    time::{Instant, sleep, sleep_until},
};

/// How a question is asked.
#[derive(Clone, Copy, Default)]
pub(super) struct Manner {
    /// Never these.
    pub(super) never: Places,
    /// These last.
    pub(super) avoid: Places,
    /// Only an endpoint that nothing speaks against, and at once.
    pub(super) sound_only: bool,
    /// Now and then another than the best, to see how it does.
    pub(super) explores: bool,
    /// A second endpoint is asked too where the first is slow.
    pub(super) hedged: bool,
}

/// What one try came to.
pub(super) struct Attempt<T> {
    pub(super) result: Result<T>,
    /// Endpoints that failed in it.
    pub(super) failed: Places,
    /// Time of the exchanges; waiting for our own budget is no fault of the endpoint's.
    pub(super) took: Duration,
}

enum Reserved<'a> {
    Slot(Slot<'a>),
    Round,
    Nobody,
}

/// Where a failed question may go.
enum Next {
    /// It is answered so everywhere.
    Nowhere,
    /// Another endpoint may know what this one refuses; time does not help.
    Elsewhere,
    /// Anywhere, and here again later.
    Anywhere,
}

impl Rpc {
    /// Asks until `read` takes an answer; `None` if no endpoint may be asked in that manner.
    pub(super) async fn question<T>(
        &self,
        calls: &[Call],
        read: impl Fn(&Replies) -> Result<T>,
        manner: Manner,
    ) -> Result<Option<T>> {
        let need = Need::of(calls);
        let mut wish = Wish {
            need,
            never: manner.never,
            tried: manner.avoid,
            sound_only: manner.sound_only,
            willing_only: false,
            explores: manner.explores,
        };
        let mut spent = Duration::ZERO;
        let mut tries = 0;
        let mut rounds = 0;
        let mut last = None;
        loop {
            let slot = match self.reserve(&wish, &mut spent, &mut tries).await {
                Reserved::Slot(slot) => slot,
                Reserved::Round => {
                    wish.tried = Places::default();
                    if tries > 0 {
                        rounds += 1;
                        let wait = self.backoff.wait(rounds, self.roster.lock().dice());
                        spent += wait;
                        sleep(wait).await;
                    }
                    continue;
                }
                Reserved::Nobody => {
                    return match last {
                        Some(error) => Err(self.with_others(error)),
                        None if manner.sound_only => Ok(None),
                        None => Err(self.nobody(need.method)),
                    };
                }
            };
            let place = slot.place;
            tries += 1;
            let attempt = if manner.hedged {
                self.hedged_attempt(slot, &wish, calls, &read, tries).await
            } else {
                self.attempt(slot, calls, &read, tries).await
            };
            spent += attempt.took;
            let error = match attempt.result {
                Ok(value) => return Ok(Some(value)),
                Err(error) => error,
            };
            let next = next(&error);
            if matches!(next, Next::Nowhere)
                || tries >= self.max_tries
                || spent >= self.total_deadline
            {
                return Err(self.with_others(error));
            }
            if matches!(next, Next::Elsewhere) {
                wish.never = wish.never.and(attempt.failed);
                wish.willing_only |= matches!(error, ChainError::Rpc(_));
            }
            wish.tried = wish.tried.and(attempt.failed);
            tracing::debug!(%error, tries, "asking again");
            if let Some(endpoint) = self.endpoints.get(place) {
                endpoint.counters.count_retry();
            }
            last = Some(error);
        }
    }

    /// Asks one endpoint once.
    pub(super) async fn attempt<T>(
        &self,
        slot: Slot<'_>,
        calls: &[Call],
        read: &impl Fn(&Replies) -> Result<T>,
        tries: u32,
    ) -> Attempt<T> {
        sleep_until(slot.start).await;
        let begun = Instant::now();
        let mut asked = begun;
        let result = async {
            if slot.identify {
                self.identify(slot.place, tries).await?;
                asked = Instant::now();
            }
            let endpoint = self.endpoint(slot.place)?;
            let replies = endpoint.send(calls).await.map_err(|fault| {
                rpc_error(endpoint.name(), Method::principal(calls), tries, fault)
            })?;
            read(&replies)
        }
        .await;
        let failed = match &result {
            Ok(_) => Places::default(),
            Err(_) => Places::of(slot.place),
        };
        slot.settle(asked.elapsed(), &result);
        Attempt {
            result,
            failed,
            took: begun.elapsed(),
        }
    }

    /// Waits for an endpoint that can be asked. Waiting for one that is left alone or rests
    /// counts as time spent on the question; where every endpoint is left alone, a failed probe
    /// is a failed try of all that wait for it.
    async fn reserve(&self, wish: &Wish, spent: &mut Duration, tries: &mut u32) -> Reserved<'_> {
        let mut permit = None;
        loop {
            if permit.is_none() {
                permit = self.in_flight.acquire().await.ok();
            }
            let mut changed = pin!(self.changed.notified());
            // From here on no change is missed.
            changed.as_mut().enable();
            let now = Instant::now();
            let (choice, all_elsewhere, all_open) = {
                let mut roster = self.roster.lock();
                let choice = roster.choose(wish, now);
                (choice, roster.all_elsewhere().is_some(), roster.all_open())
            };
            match choice {
                Choice::Ask(ticket) => return Reserved::Slot(Slot::new(self, ticket, permit)),
                Choice::Full => changed.await,
                Choice::Round => return Reserved::Round,
                Choice::Nobody => return Reserved::Nobody,
                Choice::Later(at) => {
                    permit = None;
                    let left = self.total_deadline.saturating_sub(*spent);
                    // Time does not turn another chain into ours.
                    if wish.sound_only
                        || all_elsewhere
                        || at > now + left
                        || *tries >= self.max_tries
                    {
                        return Reserved::Nobody;
                    }
                    select! {
                        () = sleep_until(at) => *tries += u32::from(all_open),
                        () = changed => {}
                    }
                    *spent += now.elapsed();
                }
            }
        }
    }

    /// No endpoint could even be asked.
    pub(super) fn nobody(&self, method: Method) -> ChainError {
        let roster = self.roster.lock();
        let name = self
            .endpoints
            .first()
            .map_or("", |endpoint| endpoint.name());
        if let (Some(found), Some(expected)) = (roster.all_elsewhere(), roster.chain()) {
            return ChainError::WrongChain {
                endpoint: name.to_owned(),
                expected,
                found,
            };
        }
        let fault = roster
            .standing(0)
            .and_then(|standing| standing.last_failure().cloned())
            .unwrap_or_else(|| Fault::found(FaultKind::Transient, "it is left alone"));
        drop(roster);
        self.with_others(rpc_error(name, method, 0, fault))
    }

    /// Adds what became of the other endpoints.
    fn with_others(&self, mut error: ChainError) -> ChainError {
        if let ChainError::Rpc(failed) = &mut error {
            let roster = self.roster.lock();
            failed.also = self
                .endpoints
                .iter()
                .enumerate()
                .filter(|(_, endpoint)| endpoint.name() != failed.endpoint)
                .filter_map(|(place, endpoint)| {
                    let fault = roster.standing(place)?.last_failure()?;
                    Some(format!("{}: {fault}", endpoint.name()))
                })
                .collect();
        }
        error
    }
}

pub(super) fn rpc_error(endpoint: &str, method: Method, tries: u32, fault: Fault) -> ChainError {
    let endpoint = endpoint.to_owned();
    Box::new(RpcError {
        endpoint,
        method: method.name(),
        tries,
        fault,
        also: Vec::new(),
    })
    .into()
}

fn next(error: &ChainError) -> Next {
    match error {
        ChainError::Rpc(error) => match error.fault.kind {
            FaultKind::Rate | FaultKind::Beyond | FaultKind::Transient | FaultKind::Malformed => {
                Next::Anywhere
            }
            FaultKind::Auth | FaultKind::Depth | FaultKind::Params | FaultKind::Span => {
                Next::Elsewhere
            }
            FaultKind::Density | FaultKind::Reverted | FaultKind::Batch => Next::Nowhere,
        },
        ChainError::WrongChain { .. } | ChainError::FactoryMismatch { .. } => Next::Elsewhere,
        other if other.class() == ErrorClass::Transient => Next::Anywhere,
        _ => Next::Nowhere,
    }
}
