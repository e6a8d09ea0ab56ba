//! Forecasts of pools' days, walk-forward, with what they were worth.
//!
//! Pure: days are handed in, forecasts come back; no I/O, no clock, no thread. Sums run in the order
//! of pools and logarithms are those of `libm`, so the same days give the same bits on any machine.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod aim;
mod config;
mod conformal;
mod error;
mod forecast;
mod group;
mod history;
mod model;
mod observed;
mod outcome;
mod pending;
mod record;
mod reliability;
mod ridge;
mod saved;
mod scores;
mod series;
mod summary;
mod walk;

pub use aim::{Aim, Horizon, Target};
pub use config::Config;
pub use conformal::{Basis, LEAST_RESIDUALS};
pub use error::PredictError;
pub use forecast::{DayReport, Forecast, Interval};
pub use model::Model;
pub use observed::{Class, Observed};
pub use record::Record;
pub use reliability::Reliable;
pub use ridge::Fit;
pub use scores::{
    BEFORE_DAYS, Drift, LEAST_OUTCOMES, RECENT_DAYS, SCORED_DAYS, Score, has_drifted,
};
pub use walk::Walk;
