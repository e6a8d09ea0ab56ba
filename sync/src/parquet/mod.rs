//! Parquet, behind a wall: nothing outside of here knows Arrow.

mod builder;
mod row_group;
mod schema;
mod writer;

pub use writer::TableWriter;
