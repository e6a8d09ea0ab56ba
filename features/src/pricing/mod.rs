//! Dollars: which pools say what a token is worth, and what a swap is worth by them.
//!
//! All prices are of one moment, the end of a block; swaps of the next block are valued by them,
//! so that nothing inside a block can move the price that it is valued by.

mod book;
mod price;
mod reference;
mod token;
mod valuation;

pub(crate) use book::Book;
pub(crate) use price::{Guarded, Quote};
pub(crate) use reference::{Reference, References, Spot};
pub(crate) use valuation::{Legs, Valued};

use tidegauge_model::PoolId;

/// What is known at one moment.
pub(crate) trait Quotes {
    /// A pool's price and liquidity, if both are known and positive.
    fn quote(&self, pool: PoolId) -> Option<Quote>;

    /// The price of a wei, by the reference pools.
    fn ether(&self) -> Option<Guarded>;

    /// The price of a whole bitcoin, likewise.
    fn bitcoin(&self) -> Option<Guarded>;
}
