//! What other systems read: tables as Parquet files, and a mirror in Postgres.
//!
//! A [`Table`](TableWriter) is declared as columns and written as rows of cells, whatever it
//! holds; a file appears whole or not at all. A [`Database`] is where the mirror is.
//!
//! A [`Mirror`] reads the store and keeps Postgres equal to it, by height and hash; a [`Lake`]
//! keeps Parquet files in a bucket equal to it, day by day.
//! [`Snapshots`] keep the store itself in a bucket, and [`restore`] makes a store of one again;
//! a [`Writer`] is who may write there.
//!
//! Does not know the chain's protocols.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod cell;
mod error;
mod failure;
mod lake;
mod lake_fault;
mod mirror_fault;
mod parquet;
mod postgres;
mod s3;
mod snapshot;
mod snapshot_fault;
mod tables;
mod whole_file;
mod writer_fault;

pub use cell::{Cell, Column, Kind};
pub use error::SyncError;
pub use failure::{PostgresCause, PostgresFailure};
pub use lake::{
    AuditDepth, Finding, Flaw, Lake, LakeObject, LakeOptions, LakePhase, LakeReport, LakeStatus,
    LakeTable, RowsDigest, S3_MIRROR, Swept,
};
pub use lake_fault::LakeFault;
pub use mirror_fault::MirrorFault;
pub use parquet::{ForeignRows, Layout, TableWriter, foreign_rows};
pub use postgres::{
    AuditReport, Auth, CopyBuffer, CopyRow, Database, Difference, Inspected, LOOK_BACK_EVERY,
    Mirror, MirrorOptions, MirrorPhase, MirrorStatus, POSTGRES_MIRROR, Password, PasswordSource,
    PostgresSettings, PostgresUrl, Repair, Server, TlsMode, inspect, migrate,
};
pub use s3::{Clock, Writer, WriterClaim, wall_clock};
pub use snapshot::{
    Facts, Heard, Keep, PlaceReport, ReadBack, RestoreOptions, RestoreReport, SnapshotOptions,
    SnapshotPhase, SnapshotProgress, SnapshotReport, SnapshotStatus, Snapshots, Which, restore,
};
pub use snapshot_fault::SnapshotFault;
pub use tables::{
    FORECAST_COLUMNS, LIQUIDITY_COLUMNS, NamedPool, SWAP_COLUMNS, forecast_cells, liquidity_cells,
    pool_day_cells, pool_day_columns, swap_cells,
};
pub use whole_file::WholeFile;
pub use writer_fault::WriterFault;
