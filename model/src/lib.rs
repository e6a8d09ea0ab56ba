//! The words of Tidegauge: newtypes and records, with no I/O, clock or thread.
//!
//! Every other crate speaks in these. Units live in the types; integers that
//! come from the chain stay integers.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod block;
mod day;
mod error;
mod evidence;
mod finality;
mod hour;
mod ids;
mod liquidity;
mod lists;
mod pool;
mod presets;
mod schema;
mod step;
mod swap;
pub mod text;
mod usd;
mod user;
pub mod v3;

pub use block::{BlockData, BlockRecord, BlockRef, PoolActivity, Tally};
pub use day::{Day, DayError, SECONDS_PER_DAY};
pub use error::ErrorClass;
pub use evidence::{Coverage, Evidence};
pub use finality::{Finality, FinalityError};
pub use hour::{HOURS_PER_DAY, Hour, SECONDS_PER_HOUR};
pub use ids::{BlockNumber, BlockRange, ChainId, LogIndex, PoolId, TxIndex, UnixSeconds};
pub use liquidity::{LiquidityChange, LiquidityEvent};
pub use lists::{Listed, Lists};
pub use pool::{Pool, PoolOrigin, PoolVerdict, Refusal, Token};
pub use presets::{Factory, Preset};
pub use schema::{AddressText, HashText};
pub use step::{Dispute, Extend, Repair, Step};
pub use swap::{RawAmount, SqrtPriceX96, Swap};
pub use usd::{NANO_PER_USD, Usd};
pub use user::{UserKey, UserKeyError};

pub use alloy_primitives::{Address, B256, I256, U256, U512, address};
