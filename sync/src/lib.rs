//! What other systems read: tables as Parquet files, and a mirror in Postgres.
//!
//! A [`Table`](TableWriter) is declared as columns and written as rows of cells, whatever it
//! holds; a file appears whole or not at all. A [`Database`] is where the mirror is.
//!
//! A [`Mirror`] reads the store and keeps Postgres equal to it, by height and hash.
//!
//! Does not know the chain's protocols.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod cell;
mod error;
mod failure;
mod mirror_fault;
mod parquet;
mod postgres;
mod whole_file;

pub use cell::{Cell, Column, Kind};
pub use error::SyncError;
pub use failure::{PostgresCause, PostgresFailure};
pub use mirror_fault::MirrorFault;
pub use parquet::TableWriter;
pub use postgres::{
    AuditReport, Auth, CopyBuffer, CopyRow, Database, Difference, LOOK_BACK_EVERY, Mirror,
    MirrorOptions, MirrorPhase, MirrorStatus, POSTGRES_MIRROR, Password, PasswordSource,
    PostgresSettings, PostgresUrl, Repair, Server, TlsMode, migrate,
};
pub use whole_file::WholeFile;
