//! What other systems read: tables as Parquet files.
//!
//! A [`Table`](TableWriter) is declared as columns and written as rows of cells, whatever it
//! holds; a file appears whole or not at all.
//!
//! Knows neither the chain nor the store.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod cell;
mod error;
mod parquet;
mod whole_file;

pub use cell::{Cell, Column, Kind};
pub use error::SyncError;
pub use parquet::TableWriter;
pub use whole_file::WholeFile;
