//! Claims about forecasts.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod baselines;
mod coverage;
mod leakage;
mod market;
mod refused;
mod same_bits;
mod scores;
