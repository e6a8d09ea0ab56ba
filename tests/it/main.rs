//! Tests of the whole program: the real binary, real sockets, real files, real contracts.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod alerts;
mod api;
mod arena;
mod aws;
mod bad_input;
mod bucket;
#[cfg(feature = "failpoints")]
mod crash_points;
mod daily;
mod deploy;
mod doctor;
mod evm;
mod faults;
mod kill;
mod mirror;
mod numbers;
#[path = "../../sync/tests/it/support/mod.rs"]
mod postgres;
mod quickstart;
mod replay;
#[path = "../../objects/tests/it/support/servers.rs"]
#[allow(dead_code, unreachable_pub)]
mod s3;
mod secrets;
mod support;
mod terraform;
mod tidy;
mod torture;
mod verify;
