//! Claims about features, checked against the oracle.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod shared;
mod subgraph;
