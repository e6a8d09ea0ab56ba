//! Tests of the whole program: the real binary, real sockets, real files, real contracts.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod arena;
mod bad_input;
#[cfg(feature = "failpoints")]
mod crash_points;
mod evm;
mod faults;
mod kill;
mod mirror;
mod numbers;
#[path = "../../sync/tests/it/support/mod.rs"]
mod postgres;
mod quickstart;
mod replay;
mod support;
mod tidy;
mod torture;
mod verify;
