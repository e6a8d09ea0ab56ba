//! Claims about features, checked against the oracle.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod chains;
mod fold;
mod hermetik;
mod kept;
mod oracle;
mod row_claims;
mod shared;
mod sketch;
mod subgraph;
mod value_claims;
