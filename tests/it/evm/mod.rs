//! Real contracts on a real node: Uniswap's published bytecode trades.
//!
//! The truth is written by `tests/evm` from receipts and from the contracts' storage, without our decoder.

mod arithmetic;
mod node;
mod reorg;
mod store;
mod truth;
