//! A quantity of a pool day by day, and what of it was known by a day.

use crate::aim::Horizon;
use serde::{Deserialize, Serialize};

/// How far back a forecast looks, in days: four weeks.
pub(crate) const LOOK_BACK_DAYS: usize = 28;

/// How many days are kept: a matured forecast looks back from the day it was made on.
pub(crate) const KEPT_DAYS: usize = LOOK_BACK_DAYS + Horizon::Seven.days() as usize;

/// The last days of a quantity, the newest first; a day is known or not, and unknown is not zero.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Series {
    /// Bit n: the value n days ago is known.
    known: u64,
    values: Vec<f64>,
}

impl Default for Series {
    fn default() -> Self {
        Self {
            known: 0,
            values: vec![0.0; KEPT_DAYS],
        }
    }
}

impl Series {
    /// One day more; the oldest is forgotten.
    pub(crate) fn push(&mut self, value: Option<f64>) {
        self.values.copy_within(..KEPT_DAYS - 1, 1);
        self.values[0] = value.unwrap_or(0.0);
        self.known = (self.known << 1 | u64::from(value.is_some())) & ((1 << KEPT_DAYS) - 1);
    }

    /// What was known so many days ago, at most the longest horizon.
    pub(crate) fn as_of(&self, days_ago: usize) -> Recent<'_> {
        let ago = days_ago.min(KEPT_DAYS - LOOK_BACK_DAYS);
        Recent {
            known: self.known >> ago & ((1 << LOOK_BACK_DAYS) - 1),
            values: &self.values[ago..ago + LOOK_BACK_DAYS],
        }
    }

    /// Whether it has the shape that the rest relies on; for what was read from bytes.
    pub(crate) fn is_sound(&self) -> bool {
        self.values.len() == KEPT_DAYS
            && self.known >> KEPT_DAYS == 0
            && self.values.iter().all(|v| v.is_finite() && *v >= 0.0)
    }
}

/// The four weeks up to a day; 0 days ago is that day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recent<'a> {
    known: u64,
    values: &'a [f64],
}

impl Recent<'_> {
    /// The value so many days ago.
    pub(crate) fn day(&self, ago: usize) -> Option<f64> {
        (self.known >> ago & 1 == 1).then(|| self.values[ago])
    }

    /// The known ones of so many days, the newest first.
    pub(crate) fn known(&self, from: usize, days: usize) -> impl Iterator<Item = f64> {
        let (known, values) = (self.known, self.values);
        (from..from + days)
            .filter(move |ago| known >> ago & 1 == 1)
            .map(|ago| values[ago])
    }

    /// Mean of the known ones of so many days; `None` if none is.
    pub(crate) fn mean(&self, from: usize, days: usize) -> Option<f64> {
        mean(self.known(from, days))
    }
}

/// Mean, summed in order; `None` of nothing.
pub(crate) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (n, sum) = values.fold((0u32, 0.0), |(n, sum), value| (n + 1, sum + value));
    (n > 0).then(|| sum / f64::from(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_old_is_forgotten_and_gaps_stay_unknown() {
        let mut series = Series::default();
        assert_eq!(series.as_of(0).mean(0, 28), None);
        for day in 0..100 {
            series.push((day % 10 != 3).then_some(f64::from(day)));
        }
        assert!(series.is_sound());
        let now = series.as_of(0);
        assert_eq!(now.day(0), Some(99.0));
        assert_eq!(now.day(6), None);
        assert_eq!(now.mean(5, 3), Some((94.0 + 92.0) / 2.0));
        assert_eq!(series.as_of(7).day(27), Some(65.0));
        assert_eq!(series.as_of(7).day(0), Some(92.0));
    }
}
