//! What a target came to.

use crate::aim::{Aim, Target};
use crate::series::Recent;

/// The outcome, read on the horizon's last day; `None` where a day of it is unknown.
pub(crate) fn outcome(target: Target, recent: Recent<'_>) -> Option<f64> {
    let days = target.horizon.days() as usize;
    let sum = || (0..days).try_fold(0.0, |sum, ago| Some(sum + recent.day(ago)?));
    match target.aim {
        Aim::TxCount => recent.day(0),
        Aim::TxAverage | Aim::FeeApr => sum().map(|sum| sum / days as f64),
        Aim::VolumeUsd => sum(),
    }
}

/// How far an outcome may be from its forecast to count as a hit, as a share of the forecast.
const HIT: f64 = 0.25;

/// Whether an outcome came within ± 25 % of its forecast.
pub(crate) fn is_hit(forecast: f64, outcome: f64) -> bool {
    (outcome - forecast).abs() <= HIT * forecast
}
