//! JSON-RPC: requests in, answers out, as bytes.
//!
//! [`Node`] is honest. What lies, delays or breaks goes between it and the
//! server, where whole answers pass.

mod blocks;
mod calls;
mod error;
mod filter;
mod logs;
mod node;
mod params;

pub(crate) use blocks::{header_json, receipts_json};
pub use logs::Limits;
pub(crate) use node::{Node, Subscriptions, notification};
