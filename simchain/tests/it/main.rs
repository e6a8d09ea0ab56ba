//! Tests of the simulated chain from outside.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod answers;
mod determinism;
mod economy;
mod honesty;
mod recordings;
mod support;
