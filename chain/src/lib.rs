//! Ethereum JSON-RPC: fetch, verify, decode.
//!
//! This crate turns endpoints into [`tidegauge_model::Extend`]s: ranges of
//! blocks with their Uniswap V3 events, decoded, accounted for, and with the
//! evidence behind them. It knows alloy, JSON-RPC and the Uniswap ABI; it does
//! not know what keeps its results.
//!
//! ```text
//! Chain::connect ─► fetch(range) ─► Fetcher::next ─► Extend, in block order
//!              └──► next_after(tip) ─► TailEvent: Extend | Unwind | AtHead
//! ```
//!
//! What was collected on weak evidence is doubted twice: [`Chain::fetch_to`] fetches it again
//! with stronger evidence, and [`continuity`] finds omissions in the events themselves.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod abi;
mod allowance;
mod config;
pub mod continuity;
pub mod decode;
mod error;
pub mod evidence;
mod fault;
mod fetch;
mod filter;
mod header;
mod heads;
mod hex;
pub mod logs;
mod plan;
mod pools;
pub mod ranges;
mod receipts;
mod rpc;
mod source;
mod tail;
mod time;

pub use allowance::Allowance;
pub use config::{ChainConfig, Limits, Method, ParseError, PoolSelection, SecretUrl};
pub use error::ChainError;
pub use evidence::EvidenceError;
pub use fault::{Fault, FaultKind, RpcError};
pub use fetch::Fetcher;
pub use header::{BlockHeader, StatedHeader, VerifiedHeader, parse_header};
pub use heads::{Heads, Pace, Wake};
pub use plan::{Bill, PROVIDERS, Plan, ProviderPlan};
pub use pools::{PoolBook, create2_address};
pub use receipts::{BlockReceipts, TxReceipt, parse_receipts};
pub use rpc::{Contradiction, EndpointReport, EndpointState, MethodLatency, Questions, classify};
pub use source::Chain;
pub use tail::{Lookup, Ours, TailEvent};
pub use tidegauge_model::{Factory, Finality, Preset};
