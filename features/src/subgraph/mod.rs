//! The Uniswap v3-subgraph's own numbers, by its own rules and its own arithmetic.
//!
//! Not how we value swaps, but what people compare with: the mappings of `Uniswap/v3-subgraph`
//! (`src/v3/mappings/*.ts`, `src/common/pricing.ts`) as a fold over a [`History`](crate::History),
//! digit for digit. It equals theirs where theirs starts: at the factory's first block. A history
//! that begins later lacks the locked amounts by which they choose a token's price; pools of the
//! reference token with a stable one need none of these.

mod decimal;
mod fold;
mod pricing;
mod rules;
mod state;

pub use decimal::Decimal;
pub use fold::{PoolDayData, pool_days};
pub use rules::Rules;
