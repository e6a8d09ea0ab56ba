//! Features and targets: pure functions of the canonical chain, pool metadata and the
//! feature set's definitions.
//!
//! Swaps are valued and folded into hourly [`Tile`]s of integers; a window is a merge of tiles;
//! a row is computed from windows by a fixed sequence of correctly rounded operations. So the
//! live fold, a recompute from raw swaps and the naive [`oracle`] agree bit for bit.
//!
//! Knows no storage, network or clock.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod address_hash;
mod class;
mod columns;
mod day_totals;
mod error;
mod exact;
mod fee_return;
mod fold;
pub mod hermetik;
mod history;
mod live;
pub mod oracle;
mod pool_day;
mod pool_fold;
mod pool_info;
mod pool_state;
mod pricing;
mod recompute;
mod row;
mod set;
pub mod subgraph;
mod targets;
mod tile;
mod user_counts;
mod value;
mod window;

pub use class::{PoolClass, PoolSubclass};
pub use columns::{Cell, Column, DailyRow, Kind, ROW_COLUMNS, TARGET_COLUMNS, TargetRow};
pub use day_totals::{DayTotals, day_totals};
pub use error::FeatureError;
pub use fold::{Fold, FoldedBlock, PriceKey, PriceRecord};
pub use history::{Covered, History};
pub use live::{BeforeHour, HourEvents, ThisHour, window_at};
pub use pool_day::{PoolDay, Status};
pub use pool_info::PoolInfo;
pub use recompute::{PoolRecompute, Prices, Rows, Track, recompute};
pub use row::{Horizon, apy, row};
pub use set::{DEFINITIONS, FeatureSet, Fingerprint};
pub use targets::{HORIZON_DAYS, target_hours, target_row};
pub use tile::{Depth, Life, Path, PoolState, Sums, Tile};
pub use user_counts::UserCounts;
pub use value::{FeeReturn, SwapValue};
pub use window::{PoolWindow, WINDOW_DAYS};
