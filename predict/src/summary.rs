//! What the models use of a series: a pure function of its last four weeks.

use crate::aim::{Aim, Horizon, Quantity, Target};
use crate::series::{LOOK_BACK_DAYS, Recent, mean};

/// What a day weighs beside the one after it: half after three days, 2^(−1/3).
const EWMA_WEIGHT: f64 = 0.793_700_525_984_099_8;

/// Days in a week.
const WEEK: usize = 7;

/// A series as of a day on which its value is known.
#[derive(Clone, Debug)]
pub(crate) struct Summary {
    pub(crate) quantity: Quantity,
    pub(crate) last: f64,
    pub(crate) mean_3: f64,
    pub(crate) mean_7: f64,
    /// Of the seven days before these.
    pub(crate) mean_before_7: Option<f64>,
    pub(crate) mean_28: f64,
    pub(crate) ewma: f64,
    /// Mean of the same weekday, for each of the next seven days.
    weekdays: [Option<f64>; WEEK],
}

impl Summary {
    /// `None` where the last day is not known.
    pub(crate) fn of(quantity: Quantity, recent: Recent<'_>) -> Option<Self> {
        let last = recent.day(0)?;
        let same_weekday = |ahead: usize| {
            let weeks = (1..=LOOK_BACK_DAYS / WEEK).map(|week| WEEK * week - ahead);
            mean(weeks.filter_map(|ago| recent.day(ago)))
        };
        Some(Self {
            quantity,
            last,
            mean_3: recent.mean(0, 3)?,
            mean_7: recent.mean(0, WEEK)?,
            mean_before_7: recent.mean(WEEK, WEEK),
            mean_28: recent.mean(0, LOOK_BACK_DAYS)?,
            ewma: ewma(recent)?,
            weekdays: std::array::from_fn(|n| same_weekday(n + 1)),
        })
    }

    /// Persistence: the mean of seven days; of rates, half that and half the last day, by logarithms.
    pub(crate) fn naive(&self) -> f64 {
        match self.quantity {
            Quantity::Swaps | Quantity::VolumeUsd => self.mean_7,
            Quantity::FeeApr => {
                let log = |value| self.quantity.to_log(value);
                let mid = 0.5 * log(self.mean_7) + 0.5 * log(self.last);
                self.quantity.of_log(mid)
            }
        }
    }

    /// The same weekdays of four weeks, as a level a day; `None` where one of them is unknown in all.
    pub(crate) fn seasonal(&self, target: Target) -> Option<f64> {
        let days = target.horizon.days() as usize;
        match target.aim {
            Aim::TxCount => self.weekdays[days - 1],
            Aim::TxAverage | Aim::VolumeUsd | Aim::FeeApr => {
                let sum = self.weekdays[..days]
                    .iter()
                    .try_fold(0.0, |sum, day| Some(sum + (*day)?));
                sum.map(|sum| sum / days as f64)
            }
        }
    }
}

/// The known days' mean, a day weighing half of the one three days after it.
fn ewma(recent: Recent<'_>) -> Option<f64> {
    let (mut weight, mut weights, mut sum) = (1.0, 0.0, 0.0);
    for ago in 0..LOOK_BACK_DAYS {
        if let Some(value) = recent.day(ago) {
            weights += weight;
            sum += weight * value;
        }
        weight *= EWMA_WEIGHT;
    }
    (weights > 0.0).then(|| sum / weights)
}

// The same weekday is found for every day of the longest horizon.
const _: () = assert!(Horizon::Seven.days() as usize == WEEK);
