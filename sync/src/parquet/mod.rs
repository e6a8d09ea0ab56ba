//! Parquet, behind a wall: nothing outside of here knows Arrow.

mod builder;
mod foreign;
mod reader;
mod row_group;
mod schema;
mod writer;

pub use foreign::{ForeignRows, foreign_rows};
pub(crate) use reader::{TableBatch, TableReader};
pub use schema::Layout;
pub use writer::TableWriter;
