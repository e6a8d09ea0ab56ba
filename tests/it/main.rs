//! Tests of the whole program: the real binary, real sockets, real files, real contracts.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bad_input;
mod evm;
mod kill;
mod quickstart;
mod replay;
mod support;
mod tidy;
