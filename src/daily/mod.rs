//! The daily job: once a day, when a UTC day is long over, what the day promises is proven, its
//! forecasts are made, and how it went is kept.
//!
//! Each step and its end are kept in the store as they happen. So a job that was cut off goes on
//! with the step at which it was, by whoever holds the store next; every step can be repeated. Days
//! are worked on in their order, one at a time: several that were missed are made good one by one.
//! Whether a day is complete follows from its blocks and digests alone, not from how the job went.

mod desk;
mod due;
mod job;
mod keep;
mod proof;
mod report;
mod rows;

pub(crate) use desk::Desk;
pub(crate) use job::run_by_hand;
pub(crate) use keep::keep;
pub(crate) use report::{JobReport, JobsReport};
