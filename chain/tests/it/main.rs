//! The crate against recorded data and against a real HTTP server that answers badly.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod bad_input;
mod classifier;
mod continuity;
mod data;
mod decoding;
mod dialects;
mod disputes;
mod endpoints;
mod evidence_on_demand;

mod fetching;
mod heads;
mod honest_pools;
mod mini_chain;
mod naive_pool;
mod pools;
mod ranges;
mod real_blocks;
mod seeds;
mod server;
mod tail;
