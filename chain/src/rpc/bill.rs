//! What an endpoint was asked, what it cost and what came of it.

use super::{call::Method, ledger::Kind};
use crate::{error::ChainError, fault::FaultKind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What came of a question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// A usable answer.
    Answered,
    /// Evidence refuted the answer.
    Disputed,
    /// The endpoint has not seen the block yet.
    Lagging,
    /// Nobody waited for the answer any more.
    Abandoned,
    /// No answer.
    Failed(FaultKind),
}

impl Outcome {
    const COUNT: usize = 4 + FaultKind::ALL.len();

    fn all() -> impl Iterator<Item = Self> {
        [
            Self::Answered,
            Self::Disputed,
            Self::Lagging,
            Self::Abandoned,
        ]
        .into_iter()
        .chain(FaultKind::ALL.map(Self::Failed))
    }

    pub(super) fn of(result: Result<(), &ChainError>) -> Self {
        match result {
            Ok(()) => Self::Answered,
            Err(ChainError::Rpc(error)) => Self::Failed(error.fault.kind),
            Err(error) if Kind::of(error).is_some() => Self::Disputed,
            Err(_) => Self::Lagging,
        }
    }

    fn index(self) -> usize {
        match self {
            Self::Answered => 0,
            Self::Disputed => 1,
            Self::Lagging => 2,
            Self::Abandoned => 3,
            Self::Failed(kind) => 4 + kind as usize,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Disputed => "disputed",
            Self::Lagging => "lagging",
            Self::Abandoned => "abandoned",
            Self::Failed(kind) => kind.name(),
        }
    }
}

/// Counters of one endpoint.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) requests: AtomicU64,
    pub(super) calls: AtomicU64,
    pub(super) billed_cu: AtomicU64,
    pub(super) retries: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) hedges: AtomicU64,
    outcomes: [[AtomicU64; Outcome::COUNT]; Method::ALL.len()],
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

    pub(super) fn count_hedge(&self) {
        self.hedges.fetch_add(1, Relaxed);
    }

    pub(super) fn count_bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    pub(super) fn count_outcome(&self, method: Method, outcome: Outcome) {
        self.outcomes[method as usize][outcome.index()].fetch_add(1, Relaxed);
    }

    /// Questions by method and outcome, those that occurred.
    pub(super) fn questions(&self) -> Vec<Questions> {
        let mut questions = Vec::new();
        for (method, row) in Method::ALL.into_iter().zip(&self.outcomes) {
            for outcome in Outcome::all() {
                let count = row[outcome.index()].load(Relaxed);
                if count > 0 {
                    questions.push(Questions {
                        method: method.name(),
                        outcome: outcome.name(),
                        count,
                    });
                }
            }
        }
        questions
    }

    /// Questions that came out so, over all methods.
    pub(super) fn total(&self, outcome: Outcome) -> u64 {
        let of_method = |row: &[AtomicU64; Outcome::COUNT]| row[outcome.index()].load(Relaxed);
        self.outcomes.iter().map(of_method).sum()
    }
}

/// How many questions of one method had one outcome; a question that is asked again counts
/// again.
#[derive(Clone, Debug, PartialEq, Eq, schemars::JsonSchema, serde::Serialize)]
pub struct Questions {
    /// The JSON-RPC method that the request is named after.
    pub method: &'static str,
    /// `answered`, `disputed`, `lagging`, `abandoned`, or the cause of a failure.
    pub outcome: &'static str,
    /// How many.
    pub count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_have_a_place_and_a_name_each() {
        let places: Vec<usize> = Outcome::all().map(Outcome::index).collect();
        assert_eq!(places, (0..Outcome::COUNT).collect::<Vec<_>>());
        let mut names: Vec<&str> = Outcome::all().map(Outcome::name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Outcome::COUNT);
        for (place, method) in Method::ALL.into_iter().enumerate() {
            assert_eq!(method as usize, place);
        }
    }
}
