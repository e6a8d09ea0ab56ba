//! A deterministic chain served over JSON-RPC.
//!
//! [`SimChain::generate_or_open`] makes a chain of Uniswap V3 trading from a
//! seed, [`Replay::load`] one from recorded logs. Blocks are honest: hashes,
//! blooms, receipts roots and transactions roots recompute. Two things are not
//! real: signatures are random (a transaction's `from` is told by its receipt,
//! not recoverable from it), and state roots are placeholders. In a replay the
//! recorded transaction hashes stand over placeholder transactions, and `from`
//! is null.
//!
//! [`SimChain::grow`] adds a block, [`SimChain::reorg`] replaces the last ones
//! by another branch; [`SimChain::expected`] tells the truth of the canonical
//! one. Blocks that were replaced are answered by hash until the finalized
//! block has passed them, then null.
//!
//! [`serve()`] answers over HTTP and WebSocket on one port, several times per
//! chain if need be: honestly, or with [`Hostility`]. Neither storage, nor
//! fetching, nor mirrors are known here.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod abi;
mod block;
mod chain;
mod config;
mod contracts;
mod dice;
mod error;
mod expected;
mod hostile;
mod making;
mod replay;
mod rpc;
mod server;
mod store;
mod world;

pub use chain::{Reorg, SimChain};
pub use config::SimConfig;
pub use contracts::{CHAIN_ID, FACTORY, INIT_CODE_HASH, MULTICALL3, REFERENCE_POOL};
pub use error::SimError;
pub use expected::{Expected, HeadOf, PoolTruth};
pub use hostile::{Hostility, MODES, Mischief, Mode, ModeInfo, Rate, Rates};
pub use making::Progress;
pub use replay::{Replay, ReplayFiles};
pub use rpc::Limits;
pub use server::{ServeOptions, ServerHandle, serve};
