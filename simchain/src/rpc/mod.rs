//! JSON-RPC: requests in, answers out, as bytes.
//!
//! [`Node`] is honest. What lies is asked first, call by call ([`Meddler`]);
//! what delays or breaks is the server's.

mod blocks;
mod calls;
mod error;
mod filter;
mod logs;
mod node;
mod params;

pub(crate) use blocks::{header_json, receipts_json};
pub(crate) use error::RpcError;
pub use logs::Limits;
pub(crate) use node::{Answer, Call, Node, Subscriptions, notification};
pub(crate) use params::block_number;
