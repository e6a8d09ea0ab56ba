//! Numbers of the program, each declared once (`names`) and gathered once (`gather`): for Prometheus,
//! which asks, and for CloudWatch, which is told those that alarms need.

mod cloudwatch;
mod gather;
mod names;
mod prometheus;
mod reading;

pub(crate) use cloudwatch::keep;
pub(crate) use gather::{gather, traffic};
pub(crate) use prometheus::text;
