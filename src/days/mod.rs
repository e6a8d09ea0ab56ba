//! Pools' days: which of them are whole, where their rows come from, and how people see them.

mod ahead;
mod book;
mod engine;
mod history;
mod packed;
mod recompute;
mod span;
mod subgraph;
mod watched;
mod whole;

pub(crate) use book::PoolBook;
pub(crate) use engine::{Engine, PoolDays, Source, Wanted, rows};
pub(crate) use history::feature_set;
pub(crate) use span::DaySpan;
pub(crate) use subgraph::{SUBGRAPH_COLUMNS, subgraph};
pub(crate) use tidegauge_sync::{NamedPool, pool_day_cells as cells, pool_day_columns as columns};
pub(crate) use watched::watched;
pub(crate) use whole::Whole;
