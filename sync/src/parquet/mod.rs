//! Parquet, behind a wall: nothing outside of here knows Arrow.

mod builder;
mod schema;
mod writer;

pub use writer::TableWriter;
