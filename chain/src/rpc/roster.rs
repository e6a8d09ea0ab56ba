//! The endpoints' standings, and the choice among them.
//!
//! Pure: a choice follows from what happened, the time and the dice.

use super::{
    dice::Dice,
    places::Places,
    standing::{Identity, Need, Readiness, Rules, Standing, Ticket, Tier},
};
use crate::error::ChainError;
use std::time::Duration;
use tidegauge_model::ChainId;
use tokio::time::Instant;

/// One question in so many goes to an endpoint that is not the first choice, so that a
/// recovered or quicker one is noticed.
const EXPLORE_ONE_IN: f64 = 32.0;

/// Endpoints up to so many times slower than the quickest are of its class.
const CLASS_FACTOR: u32 = 2;
/// So are those that are slower by less than this, since a local node answers in no time.
const CLASS_SLACK: Duration = Duration::from_millis(5);

/// What is looked for.
#[derive(Clone, Copy)]
pub(super) struct Wish {
    pub(super) need: Need,
    /// Never these.
    pub(super) never: Places,
    /// These only after the others.
    pub(super) tried: Places,
    /// A word that counts, and at once: only endpoints that nothing speaks against.
    pub(super) sound_only: bool,
    /// None that is known to refuse it: one refusal was enough.
    pub(super) willing_only: bool,
    /// Now and then another than the best.
    pub(super) explores: bool,
}

/// Whom to ask.
pub(super) enum Choice {
    /// This one, now.
    Ask(Ticket),
    /// Wait until a request is back.
    Full,
    /// All that can be asked were tried: wait a little, then ask them again.
    Round,
    /// Nobody before then, unless something changes.
    Later(Instant),
    /// Nobody, ever.
    Nobody,
}

/// All endpoints, in the order of the configuration.
pub(super) struct Roster {
    standings: Vec<Standing>,
    dice: Dice,
    chain: Option<ChainId>,
}

/// An endpoint that can be asked now.
struct Candidate {
    place: usize,
    tier: Tier,
    expected: Option<Duration>,
    span_cap: u64,
    load_permille: usize,
}

impl Roster {
    /// `chain` is the chain expected; `None` takes that of the first endpoint that shows one.
    pub(super) fn new(rules: Rules, endpoints: usize, chain: Option<ChainId>, dice: Dice) -> Self {
        Self {
            standings: (0..endpoints).map(|_| Standing::new(rules)).collect(),
            dice,
            chain,
        }
    }

    pub(super) fn chain(&self) -> Option<ChainId> {
        self.chain
    }

    pub(super) fn dice(&mut self) -> &mut Dice {
        &mut self.dice
    }

    pub(super) fn standing(&self, place: usize) -> Option<&Standing> {
        self.standings.get(place)
    }

    pub(super) fn standing_mut(&mut self, place: usize) -> Option<&mut Standing> {
        self.standings.get_mut(place)
    }

    /// Chooses an endpoint and reserves a place in its flight.
    pub(super) fn choose(&mut self, wish: &Wish, now: Instant) -> Choice {
        let need = wish.need;
        let mut ready: Vec<Candidate> = Vec::new();
        let mut full: Option<Tier> = None;
        let mut round = false;
        let mut spare: Option<(Instant, usize)> = None;
        let mut later: Option<Instant> = None;
        for (place, standing) in self.standings.iter().enumerate() {
            let tier = standing.tier(&need, now);
            let unsound = wish.sound_only && tier >= Tier::Refusing;
            let unwilling = wish.willing_only && tier == Tier::Refusing;
            if wish.never.has(place) || unsound || unwilling {
                continue;
            }
            match standing.readiness(now) {
                Readiness::Ready | Readiness::Full if wish.tried.has(place) => round = true,
                Readiness::Ready => ready.push(Candidate {
                    place,
                    tier,
                    expected: standing.expected(need.method, now),
                    span_cap: standing.span_cap().unwrap_or(u64::MAX),
                    load_permille: standing.concurrency.load_permille(),
                }),
                Readiness::Full => full = Some(full.map_or(tier, |best| best.min(tier))),
                Readiness::Spare(until) => {
                    spare = Some(spare.map_or((until, place), |best| best.min((until, place))));
                }
                Readiness::Later(at) => later = Some(later.map_or(at, |best| best.min(at))),
            }
        }
        let best_tier = ready.iter().map(|candidate| candidate.tier).min();
        let place = match (best_tier, full) {
            // A refusing or lying endpoint is no way around a queue.
            (Some(ready), Some(full)) if ready >= Tier::Refusing && full < ready => None,
            (Some(tier), _) => self.pick(&ready, tier, wish.explores),
            (None, _) => None,
        };
        match (place, spare) {
            (Some(place), _) => self.take(place, need, now),
            _ if full.is_some() => Choice::Full,
            _ if round => Choice::Round,
            (None, Some((_, place))) => self.take(place, need, now),
            (None, None) => later.map_or(Choice::Nobody, Choice::Later),
        }
    }

    /// Reserves a place in the flight of that very endpoint, however it stands.
    pub(super) fn take(&mut self, place: usize, need: Need, now: Instant) -> Choice {
        match self.standings.get_mut(place) {
            Some(standing) => Choice::Ask(standing.take(place, need, now)),
            None => Choice::Nobody,
        }
    }

    /// The answer to what a ticket asked, or why there was none.
    pub(super) fn settle(
        &mut self,
        ticket: Ticket,
        took: Duration,
        outcome: Result<(), &ChainError>,
        now: Instant,
    ) {
        if let Some(standing) = self.standings.get_mut(ticket.place) {
            standing.settle(ticket, took, outcome, now, &mut self.dice);
        }
    }

    /// An endpoint's chain id; the chain expected, if it is another.
    pub(super) fn identified(
        &mut self,
        place: usize,
        found: ChainId,
        now: Instant,
    ) -> Result<(), ChainId> {
        let expected = *self.chain.get_or_insert(found);
        let is_ours = found == expected;
        if let Some(standing) = self.standings.get_mut(place) {
            standing.identified(if is_ours {
                Identity::Ours(now)
            } else {
                Identity::Other(found)
            });
        }
        if is_ours { Ok(()) } else { Err(expected) }
    }

    /// The chain that all endpoints serve, if all serve another than expected.
    pub(super) fn all_elsewhere(&self) -> Option<ChainId> {
        let mut found = None;
        for standing in &self.standings {
            match standing.identity() {
                Identity::Other(chain) => found = Some(chain),
                Identity::Unknown | Identity::Ours(_) => return None,
            }
        }
        found
    }

    /// Whether every endpoint is left alone after a run of failures.
    pub(super) fn all_open(&self) -> bool {
        self.standings
            .iter()
            .all(|standing| standing.breaker.is_open())
    }

    /// The quickest class of the best tier, there the least loaded, there the first named;
    /// now and then another, to see how it does.
    fn pick(&mut self, ready: &[Candidate], tier: Tier, explores: bool) -> Option<usize> {
        let of_tier = || ready.iter().filter(|candidate| candidate.tier == tier);
        if tier == Tier::Refusing {
            // Who allows most says how much to ask for next time.
            let widest = of_tier().max_by_key(|candidate| candidate.span_cap)?;
            return Some(widest.place);
        }
        let quickest = of_tier().filter_map(|candidate| candidate.expected).min();
        let in_class = |candidate: &&Candidate| match (quickest, candidate.expected) {
            (Some(quickest), Some(expected)) => {
                expected <= (quickest * CLASS_FACTOR).max(quickest + CLASS_SLACK)
            }
            // Nothing is known yet: it may be the quickest.
            _ => true,
        };
        let first = of_tier()
            .filter(in_class)
            .min_by_key(|candidate| (candidate.load_permille, candidate.place))?
            .place;
        if !explores {
            return Some(first);
        }
        let others: Vec<usize> = ready
            .iter()
            .filter(|other| other.place != first && other.tier < Tier::Refusing)
            .map(|other| other.place)
            .collect();
        if others.is_empty() || self.dice.draw() * EXPLORE_ONE_IN >= 1.0 {
            return Some(first);
        }
        others.get(self.dice.place(others.len())).copied()
    }
}
