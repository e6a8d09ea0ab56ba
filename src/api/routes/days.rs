//! Which days the store can answer for, and how far it is with the others.

use crate::api::refusal::{Progress, Refusal};
use crate::api::snapshot::Snapshot;
use crate::days::Whole;
use tidegauge_model::{Day, SECONDS_PER_DAY};

/// The days of a store.
pub(super) struct Known(Whole);

impl Known {
    /// Of a state of the store; an empty one is refused.
    pub(super) fn read(snapshot: &Snapshot<'_>) -> Result<Self, Refusal> {
        snapshot.as_of()?;
        Ok(Self(Whole::read(&snapshot.view)?))
    }

    /// The last complete day; refused while there is none.
    pub(super) fn last(&self) -> Result<Day, Refusal> {
        self.0.last().ok_or_else(|| self.refuse(self.0.first))
    }

    /// A day, or the first complete one if that is later.
    pub(super) fn not_before(&self, day: Day) -> Day {
        day.max(self.0.first)
    }

    /// A day if it is complete; else refused with how far the store is.
    pub(super) fn complete(&self, day: Day) -> Result<Day, Refusal> {
        if self.0.holds(day) {
            Ok(day)
        } else {
            Err(self.refuse(day))
        }
    }

    fn refuse(&self, day: Day) -> Refusal {
        let text = self.0.text();
        if day < self.0.begins {
            return Refusal::missing(
                "before_start",
                format!("{day} lies before what was collected ({text})"),
                "ask for a later day, or collect from an earlier block into a new store",
            );
        }
        let progress = self.progress(day);
        if day < self.0.first {
            return Refusal::incomplete(
                "partly_collected",
                format!("collection began in the course of {day} ({text})"),
                "ask for a later day",
                progress,
            );
        }
        if day > self.0.ends {
            return Refusal::incomplete(
                "not_begun",
                format!("the store has no block of {day} yet ({text})"),
                "ask again when the chain is there; /api/status says how far it is",
                progress,
            );
        }
        Refusal::incomplete(
            "not_complete",
            format!("{day} is not complete yet ({text})"),
            "ask again after the first block of the next day; /api/features/POOL has numbers as of the tip",
            progress,
        )
    }

    fn progress(&self, day: Day) -> Progress {
        let last = self.0.last();
        let begun = match self.0.horizon.after {
            Some(after) => after.0.saturating_add(1),
            None => 0,
        };
        let from = begun.max(day.start().0);
        let to = self.0.until.0.min(day.end().0);
        let seconds = u32::try_from(to.saturating_sub(from)).unwrap_or(0);
        Progress {
            first_complete: last.map(|_| self.0.first),
            last_complete: last,
            known_until: Some(self.0.until.0),
            share: f64::from(seconds) / SECONDS_PER_DAY as f64,
        }
    }
}
