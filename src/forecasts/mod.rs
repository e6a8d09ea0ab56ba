//! Forecasts of pools' days: made from what is final, kept in the store.
//!
//! The walk is begun anew each time: it looks back over the days that the store holds, so a repaired
//! day is in the next forecasts without anything to invalidate. A year of 6,000 pools takes seconds.
//! What was forecast of a day is kept as it was said, and not made again.

mod make;
mod models;
mod observe;
mod offer;
mod onnx;
mod outlook;
mod outside;
mod records;
mod task;

pub(crate) use make::{Made, is_forecast, make};
pub(crate) use models::{Models, ScoreLine};
pub(crate) use offer::{Accepted, MOST_BYTES, OfferedRows, Offers, Shape, keep_here, keep_offers};
pub(crate) use outlook::{Outlook, Prediction};
pub(crate) use task::make_beside;
