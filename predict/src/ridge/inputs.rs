//! What ridge is told of a pool's day.

use crate::aim::{Quantity, Target};
use crate::observed::Class;
use crate::series::Recent;
use crate::summary::Summary;

/// How many numbers.
pub(crate) const INPUTS: usize = 12;

/// Of these, how many come from the series alone.
const OF_SERIES: usize = 8;

/// Days of life after which age tells nothing more.
const OLD_DAYS: u32 = 365;

/// Logarithms of levels, spread, rise, activity, season, age and class.
pub(crate) type Inputs = [f64; INPUTS];

/// The part that a series' targets share.
pub(crate) struct SeriesInputs<'a> {
    summary: &'a Summary,
    shared: [f64; OF_SERIES],
}

impl<'a> SeriesInputs<'a> {
    /// Of a summary, and the days it was made of.
    pub(crate) fn of(summary: &'a Summary, recent: Recent<'_>) -> Self {
        let log = |value| summary.quantity.to_log(value);
        let mean_7 = log(summary.mean_7);
        Self {
            summary,
            shared: [
                log(summary.last),
                log(summary.mean_3),
                mean_7,
                log(summary.mean_28),
                log(summary.ewma),
                spread(summary.quantity, recent),
                summary.mean_before_7.map_or(0.0, |week| mean_7 - log(week)),
                active_share(recent),
            ],
        }
    }

    /// All inputs of a target.
    pub(crate) fn inputs(&self, target: Target, class: Class, age_days: u32) -> Inputs {
        let season = self.summary.seasonal(target).unwrap_or(self.summary.mean_7);
        let mut all = [0.0; INPUTS];
        all[..OF_SERIES].copy_from_slice(&self.shared);
        all[OF_SERIES..].copy_from_slice(&[
            self.summary.quantity.to_log(season),
            libm::log1p(f64::from(age_days.min(OLD_DAYS))),
            f64::from(u8::from(class == Class::Stablecoin)),
            f64::from(u8::from(class == Class::EthPaired)),
        ]);
        all
    }
}

/// Sample standard deviation of the last week's logarithms; 0 of a single day.
fn spread(quantity: Quantity, recent: Recent<'_>) -> f64 {
    let mut logs = [0.0; 7];
    let mut n = 0;
    for (log, value) in logs.iter_mut().zip(recent.known(0, 7)) {
        *log = quantity.to_log(value);
        n += 1;
    }
    if n < 2 {
        return 0.0;
    }
    let mean = logs[..n].iter().sum::<f64>() / n as f64;
    let squares: f64 = logs[..n]
        .iter()
        .map(|log| (log - mean) * (log - mean))
        .sum();
    (squares / (n - 1) as f64).sqrt()
}

/// Share of the four weeks' known days that were not zero.
fn active_share(recent: Recent<'_>) -> f64 {
    let (known, active) = recent
        .known(0, crate::series::LOOK_BACK_DAYS)
        .fold((0u32, 0u32), |(known, active), value| {
            (known + 1, active + u32::from(value > 0.0))
        });
    f64::from(active) / f64::from(known.max(1))
}
