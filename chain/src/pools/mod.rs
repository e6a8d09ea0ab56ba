//! Which contracts are pools of ours, and what their tokens are.

mod book;
mod create2;
mod metadata;
mod resolve;

pub use book::PoolBook;
pub(crate) use book::{BookView, Met};
pub use create2::create2_address;
pub(crate) use resolve::{Resolver, Unknown};
