//! Tests of the objects: one table of claims for every place that keeps them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod answers;
mod claims;
mod crowd;
mod damage;
mod errors;
mod keys;
mod lines;
mod places;
mod requests;
mod support;
