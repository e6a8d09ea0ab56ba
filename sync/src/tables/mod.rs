//! The tables that others read, declared once: columns, and the row of what the store holds.

mod cells;
mod forecast;
mod liquidity;
mod named_pool;
mod pool_day;
mod swap;

pub use forecast::{FORECAST_COLUMNS, forecast_cells};
pub use liquidity::{LIQUIDITY_COLUMNS, liquidity_cells};
pub use named_pool::NamedPool;
pub(crate) use named_pool::NamedPools;
pub use pool_day::{pool_day_cells, pool_day_columns};
pub use swap::{SWAP_COLUMNS, swap_cells};
