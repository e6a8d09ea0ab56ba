//! The crate against recorded data and against a real HTTP server that answers badly.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod bad_input;
mod classifier;
mod data;
mod decoding;
mod dialects;
mod endpoints;
mod fetching;
mod mini_chain;
mod pools;
mod ranges;
mod real_blocks;
mod server;
mod tail;
