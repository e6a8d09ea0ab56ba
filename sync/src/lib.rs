//! What other systems read: tables as Parquet files, and a mirror in Postgres.
//!
//! A [`Table`](TableWriter) is declared as columns and written as rows of cells, whatever it
//! holds; a file appears whole or not at all. A [`Database`] is where the mirror is.
//!
//! Knows neither the chain nor the store.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod cell;
mod error;
mod failure;
mod parquet;
mod postgres;
mod whole_file;

pub use cell::{Cell, Column, Kind};
pub use error::SyncError;
pub use failure::{PostgresCause, PostgresFailure};
pub use parquet::TableWriter;
pub use postgres::{
    Auth, CopyBuffer, CopyRow, Database, Password, PasswordSource, PostgresSettings, PostgresUrl,
    Server, TlsMode,
};
pub use whole_file::WholeFile;
