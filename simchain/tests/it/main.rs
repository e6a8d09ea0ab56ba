//! Tests of the simulated chain from outside.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod answers;
mod determinism;
mod economy;
mod honesty;
mod mischief;
mod recordings;
mod reorgs;
mod support;
mod transport;
