//! RocksDB opened: lookups, the one write, and errors in our words.

use crate::codec_error::CodecError;
use crate::error::StoreError;
use crate::families::{FAMILIES, Family};
use crate::options::durable;
use rocksdb::{ColumnFamily, DB, WriteBatch};
use std::path::{Path, PathBuf};
use std::sync::RwLock;

/// An open RocksDB with all our families.
pub(crate) struct Database {
    pub(crate) rocks: DB,
    pub(crate) path: PathBuf,
    /// Only beside a writer: views hold it, catching up needs it alone, because
    /// such an instance has no snapshots.
    pub(crate) still: Option<RwLock<()>>,
}

impl Database {
    pub(crate) fn family(&self, family: Family) -> Result<&ColumnFamily, StoreError> {
        self.rocks
            .cf_handle(family.name())
            .ok_or_else(|| StoreError::Contradiction(format!("family `{family}` is missing")))
    }

    /// All families by discriminant.
    pub(crate) fn families(&self) -> Result<Vec<&ColumnFamily>, StoreError> {
        FAMILIES.iter().map(|d| self.family(d.family)).collect()
    }

    pub(crate) fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.rocks
            .get_cf(self.family(family)?, key)
            .map_err(|e| unreadable(family, &e))
    }

    /// Writes the batch whole and durably.
    pub(crate) fn write(&self, batch: WriteBatch) -> Result<(), StoreError> {
        self.rocks
            .write_opt(batch, &durable())
            .map_err(|e| StoreError::WriteFailed {
                path: self.path.clone(),
                message: e.into_string(),
            })
    }

    /// Writes memory out to files, so that the next start has no log to read.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        let families = self.families()?;
        self.rocks
            .flush_cfs_opt(&families, &rocksdb::FlushOptions::default())
            .map_err(|e| StoreError::WriteFailed {
                path: self.path.clone(),
                message: e.into_string(),
            })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.rocks.cancel_all_background_work(true);
    }
}

/// A failed read in our words.
pub(crate) fn unreadable(family: Family, error: &rocksdb::Error) -> StoreError {
    StoreError::Read {
        family,
        message: error.to_string(),
    }
}

/// Undecodable bytes in our words.
pub(crate) fn damaged(family: Family, key: &[u8], source: CodecError) -> StoreError {
    StoreError::Damaged {
        family,
        key: alloy_primitives::hex::encode(key),
        source,
    }
}
