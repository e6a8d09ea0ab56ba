//! What evidence said against an endpoint.

use super::classify::quote;
use crate::error::ChainError;
use std::time::Duration;
use tokio::time::Instant;

/// What was contradicted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// An answer contradicts itself or the question.
    Lying,
    /// A header, bloom or receipts root does not hold.
    Evidence,
    /// A range does not follow the one before it; a reorganisation may be the cause.
    Seam,
    /// Another chain is served.
    Chain,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Lying, Self::Evidence, Self::Seam, Self::Chain];

    /// What an error holds against the endpoint that caused it; `None` if nothing.
    pub(super) fn of(error: &ChainError) -> Option<Self> {
        match error {
            ChainError::Lying { .. } | ChainError::FactoryMismatch { .. } => Some(Self::Lying),
            ChainError::Evidence { .. } => Some(Self::Evidence),
            ChainError::Seam { .. }
            | ChainError::TooDeep { .. }
            | ChainError::Unconfirmed { .. } => Some(Self::Seam),
            ChainError::WrongChain { .. } => Some(Self::Chain),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Lying => "lying",
            Self::Evidence => "evidence",
            Self::Seam => "seam",
            Self::Chain => "chain",
        }
    }
}

/// The contradictions of one endpoint, by kind.
#[derive(Default)]
pub(super) struct Ledger {
    entries: [Option<Entry>; Kind::ALL.len()],
}

struct Entry {
    count: u64,
    last: String,
    at: Instant,
}

/// What was held against an endpoint since the start.
#[derive(Clone, PartialEq, Eq, Debug, schemars::JsonSchema, serde::Serialize)]
pub struct Contradiction {
    /// `lying`, `evidence`, `seam` or `chain`.
    pub kind: &'static str,
    /// How often.
    pub count: u64,
    /// The last one in words.
    pub last: String,
    /// How long ago that was, in seconds.
    pub last_seconds_ago: u64,
}

impl Ledger {
    pub(super) fn record(&mut self, kind: Kind, error: &ChainError, now: Instant) {
        let slot = &mut self.entries[kind as usize];
        *slot = Some(Entry {
            count: slot.as_ref().map_or(0, |entry| entry.count) + 1,
            last: quote(&error.to_string()),
            at: now,
        });
    }

    pub(super) fn report(&self, now: Instant) -> Vec<Contradiction> {
        Kind::ALL
            .iter()
            .zip(&self.entries)
            .filter_map(|(kind, entry)| {
                let entry = entry.as_ref()?;
                let ago: Duration = now.saturating_duration_since(entry.at);
                Some(Contradiction {
                    kind: kind.name(),
                    count: entry.count,
                    last: entry.last.clone(),
                    last_seconds_ago: ago.as_secs(),
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegauge_model::BlockNumber;

    #[test]
    fn contradictions_are_kept_by_kind_and_bounded() {
        let now = Instant::now();
        let mut ledger = Ledger::default();
        let lying = |what: String| ChainError::Lying {
            endpoint: "http://a".to_owned(),
            what,
        };
        for error in [lying("one".to_owned()), lying("x".repeat(10_000))] {
            let kind = Kind::of(&error).unwrap();
            ledger.record(kind, &error, now);
        }
        let seam = ChainError::TooDeep {
            endpoint: String::new(),
            tip: BlockNumber(9),
            floor: BlockNumber(3),
        };
        ledger.record(Kind::of(&seam).unwrap(), &seam, now);
        let report = ledger.report(now + Duration::from_secs(61));
        let kinds: Vec<_> = report
            .iter()
            .map(|entry| (entry.kind, entry.count, entry.last_seconds_ago))
            .collect();
        assert_eq!(kinds, [("lying", 2, 61), ("seam", 1, 61)]);
        assert_eq!(report[0].last.len(), 300);
        let lag = ChainError::NoBlock {
            endpoint: "http://a".to_owned(),
            block: BlockNumber(9),
        };
        assert_eq!(Kind::of(&lag), None, "to lag is not to lie");
    }
}
