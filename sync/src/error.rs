//! What can go wrong with a file or a mirror.

use crate::failure::{PostgresCause, PostgresFailure};
use crate::lake_fault::LakeFault;
use crate::mirror_fault::MirrorFault;
use crate::snapshot_fault::SnapshotFault;
use crate::writer_fault::WriterFault;
use std::path::PathBuf;
use tidegauge_model::ErrorClass;
use tidegauge_objects::ObjectError;
use tidegauge_storage::StoreError;

/// Why a file was not written, or a mirror does not go on.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// Something of that name is there already.
    #[error("{} exists: remove it or choose another name", .0.display())]
    Exists(PathBuf),
    /// The file system refused.
    #[error("cannot write {}: {cause}", path.display())]
    Write {
        /// What was to be written.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The encoder refused.
    #[error("cannot write {} as Parquet: {message}", path.display())]
    Encode {
        /// What was to be written.
        path: PathBuf,
        /// What it said.
        message: String,
    },
    /// A file is not what was written as Parquet.
    #[error("cannot read {} as Parquet: {message}", path.display())]
    Decode {
        /// What was to be read.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// A row does not have the table's columns: a fault of ours.
    #[error("row {row} of {} does not fit column {column}", path.display())]
    Misfit {
        /// What was to be written.
        path: PathBuf,
        /// Which row, from 1.
        row: u64,
        /// The first column that does not fit, or how many there should be.
        column: String,
    },
    /// A value leaves what its column can hold.
    #[error("row {row} of {}: column {column} cannot hold {value}", path.display())]
    Beyond {
        /// What was to be written.
        path: PathBuf,
        /// Which row, from 1.
        row: u64,
        /// Which column.
        column: &'static str,
        /// The value.
        value: String,
    },
    /// Postgres refused, failed, or was not to be had.
    #[error(transparent)]
    Postgres(Box<PostgresFailure>),
    /// A mirror cannot go on.
    #[error(transparent)]
    Mirror(#[from] MirrorFault),
    /// The lake cannot go on.
    #[error(transparent)]
    Lake(#[from] LakeFault),
    /// A bucket or folder of objects failed, or was not to be had.
    #[error(transparent)]
    Objects(#[from] ObjectError),
    /// A snapshot or a restore does not come about.
    #[error(transparent)]
    Snapshot(#[from] SnapshotFault),
    /// Somebody else writes to the bucket.
    #[error(transparent)]
    Writer(#[from] WriterFault),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SyncError {
    /// A failure of Postgres that no server reported.
    pub fn postgres(cause: PostgresCause, message: impl Into<String>) -> Self {
        Self::Postgres(Box::new(PostgresFailure {
            cause,
            server: String::new(),
            sqlstate: None,
            message: message.into(),
        }))
    }

    /// The cause, where Postgres failed.
    pub fn postgres_cause(&self) -> Option<PostgresCause> {
        match self {
            Self::Postgres(failure) => Some(failure.cause),
            _ => None,
        }
    }

    /// What to do about it.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Exists(_) | Self::Write { .. } | Self::Beyond { .. } => ErrorClass::Refused,
            Self::Encode { .. } | Self::Decode { .. } | Self::Misfit { .. } => ErrorClass::Corrupt,
            Self::Postgres(failure) => failure.cause.class(),
            Self::Mirror(fault) => fault.class(),
            Self::Lake(fault) => fault.class(),
            Self::Objects(error) => error.class(),
            Self::Snapshot(fault) => fault.class(),
            Self::Writer(fault) => fault.class(),
            Self::Store(error) => error.class(),
        }
    }
}
